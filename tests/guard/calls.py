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
_NO_NODE = {"topology": "hosts", "node_id": "no-such-node"}
#: Stands for the id of a token of another organization, which nobody here may learn of.
OTHERS_TOKEN = "OTHERS_TOKEN"

CALLS: Mapping[str, Call] = {
    "/scope.collection.v1.CollectionService/Publish": Call(_OK, headers={"x-scope-probe-id": "guard"}),
    "/scope.collection.v1.CollectionService/PublishDocument": Call(
        Outcome("INVALID_ARGUMENT", "REPORT_INVALID"), {"document": {"nodes": [{"topology": "nonsense"}]}}
    ),
    "/scope.query.v1.QueryService/GetInfo": Call(_OK),
    "/scope.query.v1.QueryService/ListTopologies": Call(_OK),
    "/scope.query.v1.QueryService/GetTopology": Call(_OK, _HOSTS),
    "/scope.query.v1.QueryService/RenderTopology": Call(_OK, _HOSTS),
    "/scope.query.v1.QueryService/GetNode": Call(_ABSENT, _NO_NODE),
    "/scope.query.v1.QueryService/RenderNode": Call(_ABSENT, _NO_NODE),
    "/scope.query.v1.QueryService/StreamTopology": Call(_OK, _HOSTS),
    "/scope.query.v1.QueryService/WatchTopology": Call(_OK, _HOSTS),
    "/scope.query.v1.QueryService/ListProbes": Call(_OK),
    "/scope.users.v1.SessionService/Login": Call(_BAD, {"token": ""}),
    "/scope.users.v1.SessionService/Logout": Call(_BAD, garbled=True),
    "/scope.users.v1.SessionService/Lookup": Call(_OK),
    "/scope.users.v1.TokenService/CreateToken": Call(_BAD, {"name": ""}),
    "/scope.users.v1.TokenService/ListTokens": Call(_OK),
    "/scope.users.v1.TokenService/DeleteToken": Call(_ABSENT, {"id": OTHERS_TOKEN}),
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
            yield f"{verb} {template}", Rest(verb, path, _body(binding.body, call, fields))


def _body(named: str, call: Call, fields: Mapping[str, Any]) -> bytes | None:
    if not named:
        return None
    return GARBLED if call.garbled else json.dumps(fields if named == "*" else fields[named]).encode()


def _filled(call: Call, others_token: str) -> dict[str, Any]:
    return {name: others_token if value == OTHERS_TOKEN else value for name, value in call.fields.items()}
