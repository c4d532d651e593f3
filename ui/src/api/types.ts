// What the service answers, as JSON, by the contracts' generated types.
import type { BadRequestJson, ErrorInfoJson } from "scope-api/google/rpc/error_details_pb";
import type { InvokeResponseJson } from "scope-api/scope/control/v1/messages_pb";
import type { TopologyChangeJson } from "scope-api/scope/query/v1/change_pb";
import type {
  GetTopologyResponseJson,
  ListProbesResponseJson,
  ListTopologiesResponseJson,
} from "scope-api/scope/query/v1/messages_pb";
import type { MissingJson, NodeControlJson, NodeDetailsJson, NodeSummaryJson } from "scope-api/scope/query/v1/node_pb";
import type { LimitsJson, ManagedOrganizationJson, PersonJson } from "scope-api/scope/users/v1/administration_pb";
import type { EventJson } from "scope-api/scope/users/v1/audit_pb";
import type { LookupResponseJson, MembershipJson, SessionJson, TokenJson } from "scope-api/scope/users/v1/messages_pb";
import type { InvitationJson, MemberJson, RoleJson } from "scope-api/scope/users/v1/organizations_pb";

/** Fields that are there only where they have something to say, in answers that print all others. */
type Optional =
  | "after"
  | "approved"
  | "before"
  | "created"
  | "deleted"
  | "disabled"
  | "end"
  | "endedAt"
  | "expires"
  | "impersonationEnds"
  | "invitation"
  | "lastLogin"
  | "lastReport"
  | "lastSeen"
  | "lastUsed"
  | "missing"
  | "newest"
  | "oldest"
  | "probes"
  | "purged"
  | "reportsPerSecond";

/**
 * An answer of the service, which prints every field but absent messages: nothing of it has to be checked for being
 * there. (The generated types let each field be absent.)
 */
export type Complete<T> = [T] extends [number | "NaN" | "Infinity" | "-Infinity"] ? number : Listed<T>;

type Listed<T> = T extends (infer E)[]
  ? Complete<E>[]
  : T extends object
    ? string extends keyof T
      ? { [K in keyof T]: Complete<NonNullable<T[K]>> }
      : { [K in Exclude<keyof T, Optional>]-?: Complete<NonNullable<T[K]>> } & {
          [K in Extract<keyof T, Optional>]?: Complete<NonNullable<T[K]>>;
        }
    : T;

export type ViewNode = Complete<NodeSummaryJson>;
export type NodeDetails = Complete<NodeDetailsJson>;
export type NodeControl = Complete<NodeControlJson>;
export type Invoked = Complete<InvokeResponseJson>;
export type Missing = Complete<MissingJson>;
export type TopologyChange = Complete<TopologyChangeJson>;
export type TopologyAnswer = Complete<GetTopologyResponseJson>;
export type Topology = Complete<ListTopologiesResponseJson>;
export type Probe = Complete<ListProbesResponseJson>;
export type Me = Complete<LookupResponseJson>;
export type Membership = Complete<MembershipJson>;
export type Session = Complete<SessionJson>;
export type Token = Complete<TokenJson>;
export type Member = Complete<MemberJson>;
export type Role = Complete<RoleJson>;
export type Invitation = Complete<InvitationJson>;
export type AuditEvent = Complete<EventJson>;
export type Person = Complete<PersonJson>;
export type ManagedOrganization = Complete<ManagedOrganizationJson>;
export type Limits = Complete<LimitsJson>;
export type ErrorInfo = Complete<ErrorInfoJson>;
export type BadRequest = Complete<BadRequestJson>;
