// What the pages ask of the service, by verb and path as the contracts map them: what is sent, and what comes back.
// ui/tests/test_client.py compares it with what the contracts serve.
import type { InvokeResponseJson } from "scope-api/scope/control/v1/messages_pb";
import type {
  ClosePipeRequestJson,
  ClosePipeResponseJson,
  GetPipeRequestJson,
  GetPipeResponseJson,
} from "scope-api/scope/pipe/v1/messages_pb";
import type {
  GetHistoryRequestJson,
  GetHistoryResponseJson,
  GetInfoRequestJson,
  GetInfoResponseJson,
  GetNodeResponseJson,
  GetTopologyResponseJson,
  ListProbesRequestJson,
  ListProbesResponseJson,
  ListTopologiesRequestJson,
  ListTopologiesResponseJson,
  RenderNodeRequestJson,
  RenderTopologyRequestJson,
  StreamTopologyRequestJson,
} from "scope-api/scope/query/v1/messages_pb";
import type {
  ApproveRequestJson,
  ApproveResponseJson,
  DisableRequestJson,
  DisableResponseJson,
  EnableRequestJson,
  EnableResponseJson,
  ImpersonateRequestJson,
  ImpersonateResponseJson,
  LimitsJson,
  ListAllOrganizationsRequestJson,
  ListAllOrganizationsResponseJson,
  ListPeopleRequestJson,
  ListPeopleResponseJson,
  RefusalJson,
  SetAdministratorRequestJson,
  SetAdministratorResponseJson,
  SetLimitsResponseJson,
  SetRefusalResponseJson,
} from "scope-api/scope/users/v1/administration_pb";
import type {
  ExportEventsRequestJson,
  ListAllEventsRequestJson,
  ListAllEventsResponseJson,
  ListEventsRequestJson,
  ListEventsResponseJson,
} from "scope-api/scope/users/v1/audit_pb";
import type {
  CreateTokenRequestJson,
  CreateTokenResponseJson,
  DeleteTokenRequestJson,
  DeleteTokenResponseJson,
  EndImpersonationRequestJson,
  EndImpersonationResponseJson,
  EndSessionRequestJson,
  EndSessionResponseJson,
  EndSessionsRequestJson,
  EndSessionsResponseJson,
  ListSessionsRequestJson,
  ListSessionsResponseJson,
  ListTokensRequestJson,
  ListTokensResponseJson,
  LoginRequestJson,
  LoginResponseJson,
  LogoutRequestJson,
  LogoutResponseJson,
  LookupRequestJson,
  LookupResponseJson,
  RotateTokenRequestJson,
  RotateTokenResponseJson,
  SignUpRequestJson,
  SignUpResponseJson,
} from "scope-api/scope/users/v1/messages_pb";
import type {
  AcceptInvitationRequestJson,
  AcceptInvitationResponseJson,
  CreateOrganizationRequestJson,
  CreateOrganizationResponseJson,
  DeclineInvitationRequestJson,
  DeclineInvitationResponseJson,
  DeleteOrganizationRequestJson,
  DeleteOrganizationResponseJson,
  GenerateOrganizationIdRequestJson,
  GenerateOrganizationIdResponseJson,
  GetOrganizationRequestJson,
  GetOrganizationResponseJson,
  InviteRequestJson,
  InviteResponseJson,
  LeaveRequestJson,
  LeaveResponseJson,
  ListInvitationsRequestJson,
  ListInvitationsResponseJson,
  ListMembersRequestJson,
  ListMembersResponseJson,
  ListMyInvitationsRequestJson,
  ListMyInvitationsResponseJson,
  ListRolesRequestJson,
  ListRolesResponseJson,
  RemoveMemberRequestJson,
  RemoveMemberResponseJson,
  RevokeInvitationRequestJson,
  RevokeInvitationResponseJson,
  UpdateMemberRequestJson,
  UpdateMemberResponseJson,
  UpdateOrganizationRequestJson,
  UpdateOrganizationResponseJson,
} from "scope-api/scope/users/v1/organizations_pb";
import type { ListToolsRequestJson, ListToolsResponseJson } from "scope-api/scope/users/v1/tools_pb";

interface Calls {
  "GET /api": [GetInfoRequestJson, GetInfoResponseJson];
  "GET /api/history": [GetHistoryRequestJson, GetHistoryResponseJson];
  "GET /api/probes": [ListProbesRequestJson, ListProbesResponseJson[]];
  "GET /api/topology": [ListTopologiesRequestJson, ListTopologiesResponseJson[]];
  "GET /api/topology/{topology}": [RenderTopologyRequestJson, GetTopologyResponseJson];
  "GET /api/topology/{topology}/{node_id}": [RenderNodeRequestJson, GetNodeResponseJson];
  "GET /api/watch/topology/{topology}": [StreamTopologyRequestJson, never];

  "POST /api/control/{probe_id}/{node_id}/{control}": [Readonly<Record<string, string>>, InvokeResponseJson];
  "GET /api/pipe/{id}/check": [GetPipeRequestJson, GetPipeResponseJson];
  "DELETE /api/pipe/{id}": [ClosePipeRequestJson, ClosePipeResponseJson];

  "GET /api/users/lookup": [LookupRequestJson, LookupResponseJson];
  "POST /api/users/signup": [SignUpRequestJson, SignUpResponseJson];
  "POST /api/users/login": [LoginRequestJson, LoginResponseJson];
  "POST /api/users/logout": [LogoutRequestJson, LogoutResponseJson];
  "POST /api/users/logout/all": [EndSessionsRequestJson, EndSessionsResponseJson];
  "GET /api/users/sessions": [ListSessionsRequestJson, ListSessionsResponseJson];
  "DELETE /api/users/sessions/{id}": [EndSessionRequestJson, EndSessionResponseJson];
  "POST /api/users/impersonation/end": [EndImpersonationRequestJson, EndImpersonationResponseJson];

  "GET /api/users/tokens": [ListTokensRequestJson, ListTokensResponseJson];
  "POST /api/users/tokens": [CreateTokenRequestJson, CreateTokenResponseJson];
  "DELETE /api/users/tokens/{id}": [DeleteTokenRequestJson, DeleteTokenResponseJson];
  "POST /api/users/tokens/{id}/rotate": [RotateTokenRequestJson, RotateTokenResponseJson];

  "GET /api/users/generateOrgID": [GenerateOrganizationIdRequestJson, GenerateOrganizationIdResponseJson];
  "POST /api/users/orgs": [CreateOrganizationRequestJson, CreateOrganizationResponseJson];
  "GET /api/users/org": [GetOrganizationRequestJson, GetOrganizationResponseJson];
  "PUT /api/users/org": [UpdateOrganizationRequestJson, UpdateOrganizationResponseJson];
  "DELETE /api/users/org": [DeleteOrganizationRequestJson, DeleteOrganizationResponseJson];
  "POST /api/users/org/leave": [LeaveRequestJson, LeaveResponseJson];
  "GET /api/users/org/members": [ListMembersRequestJson, ListMembersResponseJson];
  "PUT /api/users/org/members/{id}": [UpdateMemberRequestJson, UpdateMemberResponseJson];
  "DELETE /api/users/org/members/{id}": [RemoveMemberRequestJson, RemoveMemberResponseJson];
  "GET /api/users/org/invitations": [ListInvitationsRequestJson, ListInvitationsResponseJson];
  "POST /api/users/org/invitations": [InviteRequestJson, InviteResponseJson];
  "DELETE /api/users/org/invitations/{id}": [RevokeInvitationRequestJson, RevokeInvitationResponseJson];
  "GET /api/users/org/audit": [ListEventsRequestJson, ListEventsResponseJson];
  "GET /api/users/org/audit/export": [ExportEventsRequestJson, never];
  "GET /api/users/roles": [ListRolesRequestJson, ListRolesResponseJson];
  "GET /api/users/invitations": [ListMyInvitationsRequestJson, ListMyInvitationsResponseJson];
  "POST /api/users/invitations/{id}/accept": [AcceptInvitationRequestJson, AcceptInvitationResponseJson];
  "POST /api/users/invitations/{id}/decline": [DeclineInvitationRequestJson, DeclineInvitationResponseJson];

  "GET /api/users/admin/users": [ListPeopleRequestJson, ListPeopleResponseJson];
  "PUT /api/users/admin/users/{id}/admin": [SetAdministratorRequestJson, SetAdministratorResponseJson];
  "POST /api/users/admin/users/{id}/approve": [ApproveRequestJson, ApproveResponseJson];
  "POST /api/users/admin/users/{id}/disable": [DisableRequestJson, DisableResponseJson];
  "POST /api/users/admin/users/{id}/enable": [EnableRequestJson, EnableResponseJson];
  "POST /api/users/admin/users/{id}/impersonate": [ImpersonateRequestJson, ImpersonateResponseJson];
  "GET /api/users/admin/orgs": [ListAllOrganizationsRequestJson, ListAllOrganizationsResponseJson];
  "PUT /api/users/admin/orgs/{id}/limits": [LimitsJson, SetLimitsResponseJson];
  "PUT /api/users/admin/orgs/{id}/refusal": [RefusalJson, SetRefusalResponseJson];
  "GET /api/users/admin/tools": [ListToolsRequestJson, ListToolsResponseJson];
  "GET /api/users/admin/audit": [ListAllEventsRequestJson, ListAllEventsResponseJson];
}

/** A verb and a path; what stands in braces is filled in. */
export type Endpoint = keyof Calls;

type Filled<P extends string> = P extends `${string}{${infer Name}}${infer More}` ? Name | Filled<More> : never;

type Sent<E extends Endpoint> = Omit<Calls[E][0], Filled<E>>;

/** What is undefined is not sent. */
type Body<T> = { readonly [K in keyof T]: (NonNullable<T[K]> extends (infer I)[] ? readonly I[] : T[K]) | undefined };

type Query<T> = { readonly [K in keyof T]?: string | number | boolean | undefined };

interface Always {
  /** The id of the organization that is meant. */
  org?: string;
  headers?: Readonly<Record<string, string>>;
  signal?: AbortSignal;
}

/** What goes with a call, as the contracts have it. */
export type Asked<E extends Endpoint> = Always &
  ([Filled<E>] extends [never] ? unknown : { path: Readonly<Record<Filled<E>, string>> }) &
  (E extends `GET ${string}` | `DELETE ${string}` ? { query?: Query<Sent<E>> } : { body: Body<Sent<E>> });

/** What comes back, as JSON. */
export type Answered<E extends Endpoint> = Calls[E][1];
