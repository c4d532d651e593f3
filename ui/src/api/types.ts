// What the service answers, as JSON, by the contracts' generated types.
import type { BadRequestJson, ErrorInfoJson } from "scope-api/google/rpc/error_details_pb";
import type { TopologyChangeJson } from "scope-api/scope/query/v1/change_pb";
import type {
  GetTopologyResponseJson,
  ListProbesResponseJson,
  ListTopologiesResponseJson,
} from "scope-api/scope/query/v1/messages_pb";
import type { MissingJson, NodeDetailsJson, NodeSummaryJson } from "scope-api/scope/query/v1/node_pb";
import type { LookupResponseJson, MembershipJson } from "scope-api/scope/users/v1/messages_pb";

/** Fields that are there only where they have something to say, in answers that print all others. */
type Optional = "missing" | "lastSeen" | "created" | "lastUsed" | "expires" | "impersonationEnds";

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

/** An answer of which some messages may be absent besides. */
export type Partly<T, K extends keyof T> = Omit<Complete<T>, K> & { [P in K]?: Complete<NonNullable<T[P]>> };

export type ViewNode = Complete<NodeSummaryJson>;
export type NodeDetails = Complete<NodeDetailsJson>;
export type Missing = Complete<MissingJson>;
export type TopologyChange = Complete<TopologyChangeJson>;
export type TopologyAnswer = Complete<GetTopologyResponseJson>;
export type Topology = Complete<ListTopologiesResponseJson>;
export type Probe = Complete<ListProbesResponseJson>;
export type Me = Complete<LookupResponseJson>;
export type Membership = Complete<MembershipJson>;
export type ErrorInfo = Complete<ErrorInfoJson>;
export type BadRequest = Complete<BadRequestJson>;
