"""The route table: one route for each REST binding, one for each RPC, and an answer for all else.

A REST call is routed twice: by its own path, for what comes before the transcoder, and then by the RPC's path, which
has the cluster and the timeouts. Both name the RPC, so the access log says the same whichever was last.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType

from authfe.edge import cors, filters, tools
from authfe.edge.bindings import (
    Binding,
    Rpc,
    all_bindings,
    all_websockets,
    bindings,
    path_regex,
    routed,
    shape,
    taken,
)
from authfe.edge.clusters import PAGES, SOCKETS
from authfe.edge.deployment import Deployment
from authfe.edge.hashing import hashing, upgrade_hashing
from authfe.edge.retries import elsewhere
from authfe.edge.typed import Config
from mesh.access import largest_request
from mesh.headers import ADDRESS

#: How long a call that is not a stream may take once it is here; the listener bounds the time with its arrival.
_UNARY = {"timeout": "30s"}

#: A stream lives as long as both ends want; a dead connection is found by HTTP/2's own keep-alive.
_STREAM = {"timeout": "0s", "idle_timeout": "0s", "max_stream_duration": {"max_stream_duration": "0s"}}

#: Where a call has certainly not reached a replica.
_UNTOUCHED = "connect-failure,refused-stream,reset-before-request"

#: The identity says all that a service may know about the caller: the credentials stay here, and so does what client
#: and proxies say of the way here, and what the listener makes of it.
_CREDENTIALS = ("authorization", "cookie")
_WAY_HERE = (
    ADDRESS,
    "forwarded",
    *(f"x-forwarded-{what}" for what in ("for", "host", "port", "prefix", "proto", "server")),
    "x-real-ip",
)

#: Where nothing has come back yet that the caller has seen; for what only reads.
_UNANSWERED = f"{_UNTOUCHED},reset"

#: Where the description of the REST face is; nothing else below /api is a file.
OPENAPI = "/api/openapi.json"

_PAGES_VERBS = ("GET", "HEAD")
_PAGES_VERBS_MATCH = {"safe_regex": {"regex": "|".join(_PAGES_VERBS)}}

_NO_RPC = "There is no such RPC."

#: Envoy would leave out the header that says the same.
_NO_WEBSOCKET = "This resource is a WebSocket; ask for it with Upgrade: websocket."

#: Who asks for a WebSocket; of other upgrades Envoy leaves no trace.
_WEBSOCKET = {"name": "upgrade", "string_match": {"exact": "websocket", "ignore_case": True}}

#: A path without parameters, but for the one that users takes away.
_NO_PARAMETERS = {"safe_regex": {"regex": r"[^?]*(\?(org=[^&]*)?)?"}}


def route_configuration(deployment: Deployment) -> Config:
    """The route table."""
    host = {
        "name": "scope",
        "domains": ["*"],
        "request_headers_to_remove": [*_CREDENTIALS, *_WAY_HERE],
        "retry_policy": elsewhere(_UNTOUCHED),
        "routes": routes(deployment),
    }
    return {"name": "scope", "virtual_hosts": [host]}


def routes(deployment: Deployment) -> list[Config]:
    """Every route, in the order in which they are tried."""
    return [
        # What calls itself gRPC is not transcoded, and no service knows a REST path.
        _direct("unknown-rpc", {"prefix": "/api", "grpc": {}}, 404, _NO_RPC),
        _direct("unknown-rpc", {"prefix": tools.ROOT, "grpc": {}}, 404, _NO_RPC),
        *tools.grafana(deployment, _WEBSOCKET),
        *([_preflight(deployment.cors_origins)] if deployment.cors_origins else []),
        *(route for binding in all_bindings() for route in _rest(binding)),
        *(route for binding in all_websockets() for route in _websocket(binding)),
        *_other_verbs(taken()),
        *(_grpc(rpc) for rpc in routed()),
        _direct("unknown-rpc", {"prefix": "/", "grpc": {}}, 404, _NO_RPC),
        # The transcoder takes no path that ends with a slash.
        _direct("admin", {"path": f"{tools.ROOT}/"}, 308, "", {"location": tools.ROOT}),
        *_pages("openapi", {"path": OPENAPI}),
        _direct("unknown-api", {"path": "/api"}, 404, "There is no such resource."),
        _direct("unknown-api", {"prefix": "/api/"}, 404, "There is no such resource."),
        *_pages("pages", {"prefix": "/"}),
    ]


def _rest(binding: Binding) -> list[Config]:
    match = {**_path_match(binding.template), "headers": [_verb_is(binding.verb)]}
    route = _to_service(binding.rpc, match)
    route["typed_per_filter_config"] |= filters.without_grpc_headers()
    if not binding.rpc.streaming:
        route["typed_per_filter_config"] |= filters.whole_requests(largest_request(binding.rpc.path))
    return _without_parameters(route) if binding.body else [route]


def _without_parameters(route: Config) -> list[Config]:
    """Keeps what belongs into the body out of the address: addresses stand in logs and histories."""
    match = route["match"]
    bare = {**match, "headers": [*match["headers"], {"name": ":path", "string_match": _NO_PARAMETERS}]}
    message = "This resource takes its fields in the body; its only parameter is org."
    return [{**route, "match": bare}, _direct("parameters", match, 400, message)]


def _grpc(rpc: Rpc) -> Config:
    return _to_service(rpc, {"path": rpc.path, "grpc": {}})


def _path_match(template: str) -> Config:
    if "{" in template:
        return {"safe_regex": {"regex": path_regex(template)}}
    return {"path": template}


def _verb_is(verb: str) -> Config:
    return {"name": ":method", "string_match": {"exact": verb}}


def _to_service(rpc: Rpc, match: Config) -> Config:
    return {
        "name": rpc.path,
        "match": match,
        "route": {"cluster": rpc.area, **(_STREAM if rpc.streaming else _UNARY), **hashing(rpc), **_retries(rpc)},
        "typed_per_filter_config": filters.authorized(rpc.path),
    }


def _retries(rpc: Rpc) -> Config:
    """What only reads is read elsewhere, also where a replica died in the middle of it, or lacks what it needs."""
    reads = any(binding.verb == "GET" for binding in bindings(rpc))
    return {"retry_policy": elsewhere(f"{_UNANSWERED},cancelled,unavailable")} if reads else {}


def _websocket(binding: Binding) -> list[Config]:
    """The way to what speaks WebSocket for the RPC, and what is said to who asks for none there."""
    rpc = binding.rpc
    match = {**_path_match(binding.template), "headers": [_verb_is(binding.verb)]}
    upgraded = {**match, "headers": [*match["headers"], _WEBSOCKET]}
    route = {"cluster": SOCKETS, **_STREAM, **upgrade_hashing(rpc), "upgrade_configs": [{"upgrade_type": "websocket"}]}
    settings = {**filters.authorized(rpc.path), **filters.untranscoded()}
    served = {"name": rpc.path, "match": upgraded, "route": route, "typed_per_filter_config": settings}
    return [served, _direct("no-websocket", match, 426, _NO_WEBSOCKET)]


def _other_verbs(bound: Iterable[Binding]) -> list[Config]:
    """For each known path, the answer to verbs that it does not take."""
    groups = [list(group) for _, group in groupby(bound, key=lambda binding: shape(binding.template))]
    return [
        _wrong_verb(_path_match(group[0].template), sorted({binding.verb for binding in group})) for group in groups
    ]


def _wrong_verb(match: Config, verbs: Sequence[str]) -> Config:
    allowed = ", ".join(verbs)
    message = f"This resource takes {allowed} only."
    return _direct("wrong-verb", match, 405, message, {"allow": allowed})


def _preflight(origins: Sequence[str]) -> Config:
    return _direct("preflight", cors.preflight(origins), 204, "", cors.allowed())


def _direct(
    name: str, match: Config, status: int, message: str, headers: Mapping[str, str] = MappingProxyType({})
) -> Config:
    # Envoy itself adds a location to what redirects: the very address that was asked for.
    whole = {"append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}
    added = [{"header": {"key": key, "value": value}, **whole} for key, value in headers.items()]
    return {
        "name": name,
        "match": match,
        "direct_response": {"status": status, "body": {"inline_string": message}},
        **({"response_headers_to_add": added} if added else {}),
        "typed_per_filter_config": filters.unguarded(),
    }


def _pages(name: str, match: Config) -> list[Config]:
    """A route to the pages' files, which are there to be read."""
    read = {**match, "headers": [{"name": ":method", "string_match": _PAGES_VERBS_MATCH}]}
    # HTTP/1.1 has no pings that tell of a replica that stands still; the others answer at once.
    # Where replicas are of two versions, one may lack a file that a page of the other's names.
    conditions = {**elsewhere(f"{_UNANSWERED},retriable-status-codes"), "retriable_status_codes": [404]}
    retries = {**conditions, "per_try_timeout": "5s"}
    route = {"cluster": PAGES, **_UNARY, "retry_policy": retries}
    served = {"name": name, "match": read, "route": route, "typed_per_filter_config": filters.pages()}
    return [served, _wrong_verb(match, _PAGES_VERBS)]
