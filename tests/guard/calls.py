"""For each RPC a call that changes nothing, whoever makes it, and every way to make it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from google.api import annotations_pb2
from google.protobuf import json_format
from google.protobuf.message_factory import GetMessageClass

from mesh.contracts import rpcs
from scope.http.v1 import http_pb2
from tests.guard.expected import Outcome

#: Neither a message nor JSON.
GARBLED = b"\xff"


@dataclass(frozen=True)
class Call:
    """A call and what those whom the RPC admits are answered.

    Args:
        answer: what they are answered.
        fields: the request, as JSON.
        garbled: to send what is no request at all, where any request would change something.
        headers: what goes with it.
    """

    answer: Outcome
    fields: Mapping[str, Any] = field(default_factory=dict)
    garbled: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


_OK = Outcome("OK")
_BAD = Outcome("INVALID_ARGUMENT", "INVALID_FIELD")
_ABSENT = Outcome("NOT_FOUND", "NOT_FOUND")
_HOSTS = {"topology": "hosts"}
_NO_PIPE = {"id": "0" * 32}
_NO_NODE = {"topology": "hosts", "node_id": "no-such-node"}
#: Stands for the id of a token of another organization, which nobody here may learn of.
OTHERS_TOKEN = "OTHERS_TOKEN"
_OTHERS = {"id": OTHERS_TOKEN}

CALLS: Mapping[str, Call] = {
    "/scope.collection.v1.CollectionService/Publish": Call(_OK, headers={"x-scope-probe-id": "guard"}),
    "/scope.collection.v1.CollectionService/PublishDocument": Call(
        Outcome("INVALID_ARGUMENT", "REPORT_INVALID"), {"document": {"nodes": [{"topology": "nonsense"}]}}
    ),
    "/scope.control.v1.ControlService/Connect": Call(_BAD, headers={"x-scope-probe-id": "guard"}),
    "/scope.control.v1.ControlService/Invoke": Call(
        Outcome("UNAVAILABLE", "PROBE_NOT_CONNECTED"),
        {"probe_id": "no-such-probe", "node_id": "no-such-node", "control": "no-such-control", "arguments": {}},
    ),
    "/scope.pipe.v1.PipeService/Attach": Call(
        _ABSENT, headers={"x-scope-pipe-id": _NO_PIPE["id"], "x-scope-probe-id": "guard"}
    ),
    "/scope.pipe.v1.PipeService/GetPipe": Call(_ABSENT, _NO_PIPE),
    "/scope.pipe.v1.PipeService/ClosePipe": Call(_ABSENT, _NO_PIPE),
    "/scope.query.v1.QueryService/GetInfo": Call(_OK),
    "/scope.query.v1.QueryService/ListTopologies": Call(_OK),
    "/scope.query.v1.QueryService/GetTopology": Call(_OK, _HOSTS),
    "/scope.query.v1.QueryService/RenderTopology": Call(_OK, _HOSTS),
    "/scope.query.v1.QueryService/GetNode": Call(_ABSENT, _NO_NODE),
    "/scope.query.v1.QueryService/RenderNode": Call(_ABSENT, _NO_NODE),
    "/scope.query.v1.QueryService/StreamTopology": Call(_OK, _HOSTS),
    "/scope.query.v1.QueryService/WatchTopology": Call(_OK, _HOSTS),
    "/scope.query.v1.QueryService/GetHistory": Call(_OK),
    "/scope.query.v1.QueryService/ListProbes": Call(_OK),
    "/scope.users.v1.SessionService/SignUp": Call(_BAD, {"email": ""}),
    "/scope.users.v1.SessionService/Login": Call(_BAD, {"token": ""}),
    "/scope.users.v1.SessionService/Logout": Call(_BAD, garbled=True),
    "/scope.users.v1.SessionService/Lookup": Call(_OK),
    "/scope.users.v1.SessionService/ListSessions": Call(_OK),
    "/scope.users.v1.SessionService/EndSession": Call(_ABSENT, _OTHERS),
    "/scope.users.v1.SessionService/EndSessions": Call(_BAD, garbled=True),
    "/scope.users.v1.SessionService/EndImpersonation": Call(_BAD, garbled=True),
    "/scope.users.v1.TokenService/CreateToken": Call(_BAD, {"name": ""}),
    "/scope.users.v1.TokenService/ListTokens": Call(_OK),
    "/scope.users.v1.TokenService/RotateToken": Call(_ABSENT, _OTHERS),
    "/scope.users.v1.TokenService/DeleteToken": Call(_ABSENT, _OTHERS),
    "/scope.users.v1.OrganizationService/GenerateOrganizationId": Call(_OK),
    "/scope.users.v1.OrganizationService/CreateOrganization": Call(_BAD, {"id": "-"}),
    "/scope.users.v1.OrganizationService/ListOrganizations": Call(_OK),
    "/scope.users.v1.OrganizationService/GetOrganization": Call(_OK),
    "/scope.users.v1.OrganizationService/UpdateOrganization": Call(_BAD, {"name": ""}),
    "/scope.users.v1.OrganizationService/DeleteOrganization": Call(_BAD, {"confirm": ""}),
    "/scope.users.v1.OrganizationService/ListRoles": Call(_OK),
    "/scope.users.v1.OrganizationService/ListMembers": Call(_OK),
    "/scope.users.v1.OrganizationService/UpdateMember": Call(_ABSENT, {**_OTHERS, "role": "viewer"}),
    "/scope.users.v1.OrganizationService/RemoveMember": Call(_ABSENT, _OTHERS),
    "/scope.users.v1.OrganizationService/Leave": Call(_BAD, garbled=True),
    "/scope.users.v1.OrganizationService/Invite": Call(_BAD, {"email": ""}),
    "/scope.users.v1.OrganizationService/ListInvitations": Call(_OK),
    "/scope.users.v1.OrganizationService/RevokeInvitation": Call(_ABSENT, _OTHERS),
    "/scope.users.v1.OrganizationService/ListMyInvitations": Call(_OK),
    "/scope.users.v1.OrganizationService/AcceptInvitation": Call(_ABSENT, _OTHERS),
    "/scope.users.v1.OrganizationService/DeclineInvitation": Call(_ABSENT, _OTHERS),
    "/scope.users.v1.AdministrationService/ListPeople": Call(_OK),
    "/scope.users.v1.AdministrationService/Approve": Call(_ABSENT, _OTHERS),
    "/scope.users.v1.AdministrationService/Disable": Call(_BAD, {**_OTHERS, "reason": ""}),
    "/scope.users.v1.AdministrationService/Enable": Call(_ABSENT, _OTHERS),
    "/scope.users.v1.AdministrationService/SetAdministrator": Call(_ABSENT, _OTHERS),
    "/scope.users.v1.AdministrationService/Impersonate": Call(_BAD, {**_OTHERS, "reason": ""}),
    "/scope.users.v1.AdministrationService/ListAllOrganizations": Call(_OK),
    "/scope.users.v1.AdministrationService/SetLimits": Call(_ABSENT, {"id": "no-such-place", "limits": {}}),
    "/scope.users.v1.AdministrationService/SetRefusal": Call(_ABSENT, {"id": "no-such-place", "refusal": {}}),
    "/scope.users.v1.AdministrationService/ListAllEvents": Call(_OK),
    "/scope.users.v1.ToolService/ListTools": Call(_OK),
    "/scope.users.v1.ToolService/ListRoutes": Call(_OK),
    "/scope.users.v1.ToolService/ShowPage": Call(_OK),
    "/scope.users.v1.AuditService/ListEvents": Call(_OK),
    "/scope.users.v1.AuditService/ExportEvents": Call(_OK),
    "/scope.users.v1.IdentityService/ListKeys": Call(_OK),
    "/scope.users.v1.IdentityService/Renew": Call(_OK),
}


@dataclass(frozen=True)
class Rest:
    """A REST request."""

    verb: str
    path: str
    body: bytes | None


def message(rpc: str, call: Call, others_token: str) -> bytes:
    """The request of a call as gRPC sends it."""
    if call.garbled:
        return GARBLED
    kind = GetMessageClass(rpcs()[rpc].input_type)
    return json_format.ParseDict(_filled(call, others_token), kind()).SerializeToString()


def rest(rpc: str, call: Call, others_token: str) -> Iterator[tuple[str, Rest]]:
    """The requests of a call as REST sends them, each with its binding's verb and template."""
    rule = rpcs()[rpc].GetOptions().Extensions[annotations_pb2.http]
    fields = _filled(call, others_token)
    for binding in (rule, *rule.additional_bindings):
        if pattern := binding.WhichOneof("pattern"):
            verb, template = pattern.upper(), getattr(binding, pattern)
            path = re.sub(r"\{(\w+)\}", lambda name: fields[name[1]], template)
            inside = {name: value for name, value in fields.items() if f"{{{name}}}" not in template}
            yield f"{verb} {template}", Rest(verb, path, _body(binding.body, call, inside))


def websocket(rpc: str) -> str:
    """The path of an RPC's WebSocket, of what is not there; empty where it has none."""
    return re.sub(r"\{\w+\}", _NO_PIPE["id"], rpcs()[rpc].GetOptions().Extensions[http_pb2.websocket])


def _body(named: str, call: Call, fields: Mapping[str, Any]) -> bytes | None:
    if not named:
        return None
    return GARBLED if call.garbled else json.dumps(fields if named == "*" else fields[named]).encode()


def _filled(call: Call, others_token: str) -> dict[str, Any]:
    return {name: others_token if value == OTHERS_TOKEN else value for name, value in call.fields.items()}
