"""What the contracts say about reaching an RPC from outside: its REST bindings and whether it may be reached at all."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor import MethodDescriptor

from mesh.access import rules
from mesh.contracts import rpcs
from scope.auth.v1.access_pb2 import Caller
from scope.http.v1 import http_pb2

_VARIABLE = re.compile(r"\{[^{}=]+(=\*)?\}")


@dataclass(frozen=True)
class Rpc:
    """An RPC that callers outside may reach.

    Args:
        path: `/package.Service/Method`.
        service: The full name of its service.
        area: The name of the cluster that serves it: the `<area>` of `scope.<area>.v1`.
        streaming: Whether either side sends a stream.
    """

    path: str
    service: str
    area: str
    streaming: bool


@dataclass(frozen=True)
class Binding:
    """One way to call an RPC by REST.

    Args:
        rpc: The RPC.
        verb: `GET`, `POST`, ...
        template: The path, its variables in braces.
        body: The field that the body holds, `*` for all fields that are not in the path; empty without a body.
    """

    rpc: Rpc
    verb: str
    template: str
    body: str


def routed() -> list[Rpc]:
    """The RPCs that the edge routes, by path: those with a rule that admits somebody other than a service."""
    return [_rpc(path, method) for path, method in sorted(rpcs().items()) if _reachable(path)]


def bindings(rpc: Rpc) -> list[Binding]:
    """The REST bindings of an RPC, in the order of the contract."""
    rule = rpcs()[rpc.path].GetOptions().Extensions[annotations_pb2.http]
    return [
        Binding(rpc, *found, body=one.body)
        for one in (rule, *rule.additional_bindings)
        for found in _verb_and_template(one)
    ]


def websocket(rpc: Rpc) -> list[Binding]:
    """How browsers have an RPC as a WebSocket, if they do."""
    path = rpcs()[rpc.path].GetOptions().Extensions[http_pb2.websocket]
    return [Binding(rpc, "GET", path, body="")] if path else []


def together(rpc: Rpc) -> http_pb2.Hash:
    """By what the calls of an RPC are told apart; empty where they are not."""
    return rpcs()[rpc.path].GetOptions().Extensions[http_pb2.hash]


def all_bindings() -> list[Binding]:
    """Every REST binding of the routed RPCs, what is more specific before what is less."""
    return _ordered(binding for rpc in routed() for binding in bindings(rpc))


def all_websockets() -> list[Binding]:
    """Every WebSocket, in the same order."""
    return _ordered(binding for rpc in routed() for binding in websocket(rpc))


def taken() -> list[Binding]:
    """Every verb that a path takes, by REST or for a WebSocket."""
    return _ordered([*all_bindings(), *all_websockets()])


def path_regex(template: str) -> str:
    """An expression (RE2) for the raw paths of a template; a variable is one segment, never empty.

    Raises:
        ValueError: The template holds what the edge does not route: a variable of several segments, or a custom verb.
    """
    return "/".join(_segment(part, template) for part in template.split("/"))


def shape(template: str) -> str:
    """The template without the names of its variables: equal for templates that take the same paths."""
    return _VARIABLE.sub("{}", template)


def _ordered(found: Iterable[Binding]) -> list[Binding]:
    return sorted(found, key=lambda binding: (_specificity(binding.template), binding.template, binding.verb))


def _reachable(path: str) -> bool:
    return any(rule.caller not in (Caller.CALLER_UNSPECIFIED, Caller.CALLER_SERVICE) for rule in rules(path))


def _rpc(path: str, method: MethodDescriptor) -> Rpc:
    service = method.containing_service
    area = service.file.package.split(".")[1]
    return Rpc(path, service.full_name, area, method.client_streaming or method.server_streaming)


def _verb_and_template(rule: HttpRule) -> Iterator[tuple[str, str]]:
    pattern = rule.WhichOneof("pattern")
    if pattern == "custom":
        yield rule.custom.kind.upper(), rule.custom.path
    elif pattern:
        yield pattern.upper(), getattr(rule, pattern)


def _segment(part: str, template: str) -> str:
    if _VARIABLE.fullmatch(part):
        return "[^/]+"
    if re.search(r"[{}*:]", part):
        raise ValueError(f"the edge routes single-segment variables only, and no custom verbs: {template}")
    return re.escape(part)


def _specificity(template: str) -> list[bool]:
    return [bool(_VARIABLE.fullmatch(part)) for part in template.split("/")]
