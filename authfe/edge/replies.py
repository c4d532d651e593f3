"""What the edge answers by itself, in the form of every other error: google.rpc.Status, as JSON or as gRPC has it."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from google.protobuf.any_pb2 import Any
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from authfe.edge.characters import REFUSED
from authfe.edge.clusters import GRAFANA
from authfe.edge.limits import HEADER_KB, HEADERS
from authfe.edge.refusals import PAGES
from authfe.edge.tools import GRAFANA_LIVE, PAGE
from authfe.edge.typed import Config, extension
from mesh.headers import GRPC, REASON, fact
from mesh.limits import MESSAGE_BYTES, REQUEST_BYTES

#: On a denial, by the name of a fact that goes with the reason, the header that has it.
METADATA_HEADERS = {name: fact(name) for name in ("permission", "parameter")}


@dataclass(frozen=True)
class Reply:
    """What the edge says.

    Args:
        code: The code of google.rpc.
        reason: Of the ErrorInfo, without its prefix.
        message: What is wrong.
        words: Whether JSON has the words of what failed instead, which then say more.
        status: The HTTP status to answer with; 0: as it is.
    """

    code: int
    reason: str
    message: str
    words: bool = False
    status: int = 0


_AWAY = Reply(Code.UNAVAILABLE, "SERVICE_UNAVAILABLE", "What answers this is away at the moment. Try again.")
_TOO_LARGE = f"The request is larger than {REQUEST_BYTES} bytes, or than {MESSAGE_BYTES} where it takes reports."
_HEADERS = f"There are more than {HEADERS} headers, or more than {HEADER_KB} kB of them."

_TOO_OFTEN = 429

#: By HTTP status, what the edge answers with.
_REPLIES = {
    400: Reply(Code.INVALID_ARGUMENT, "REQUEST_INVALID", "The request cannot be read.", words=True),
    401: Reply(Code.UNAUTHENTICATED, "CREDENTIAL_INVALID", "There is no valid credential.", words=True),
    403: Reply(Code.PERMISSION_DENIED, "PERMISSION_DENIED", "This is not yours to do.", words=True),
    404: Reply(Code.NOT_FOUND, "ROUTE_NOT_FOUND", "There is no such path.", words=True),
    405: Reply(Code.UNIMPLEMENTED, "METHOD_NOT_ALLOWED", "The resource does not take this method.", words=True),
    408: Reply(Code.DEADLINE_EXCEEDED, "TIMEOUT", "The request did not arrive in time."),
    413: Reply(Code.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED", _TOO_LARGE),
    426: Reply(Code.FAILED_PRECONDITION, "REQUEST_INVALID", "It takes HTTP/1.1 or HTTP/2."),
    _TOO_OFTEN: Reply(Code.RESOURCE_EXHAUSTED, "RATE_EXCEEDED", "That is too often. Try again later.", words=True),
    431: Reply(Code.RESOURCE_EXHAUSTED, "LIMIT_EXCEEDED", _HEADERS),
    500: Reply(Code.INTERNAL, "INTERNAL", "The edge failed to answer."),
    501: Reply(Code.UNIMPLEMENTED, "REQUEST_INVALID", "There is no such transfer encoding here."),
    502: _AWAY,
    503: _AWAY,
    504: Reply(Code.DEADLINE_EXCEEDED, "TIMEOUT", "The answer took too long."),
}
_UNKNOWN = Reply(Code.UNKNOWN, "INTERNAL", "The edge failed to answer.", words=True)

#: What other statuses of its kind do not say; gRPC has a code of its own for an RPC that is not there.
_NO_IDENTITY = Reply(
    Code.UNAVAILABLE, "IDENTITY_UNAVAILABLE", "It cannot be found out who you are at the moment. Try again."
)
_FULL = Reply(Code.UNAVAILABLE, "OVERLOADED", "The edge holds as much as it can at the moment. Try again.")
_NOT_HEALTHY = Reply(Code.UNAVAILABLE, "SERVICE_UNAVAILABLE", "A service has no healthy replica.")
_NO_PATH = Reply(Code.INVALID_ARGUMENT, "REQUEST_INVALID", "The path cannot be read.")
_NO_HOST = Reply(Code.INVALID_ARGUMENT, "REQUEST_INVALID", "The header Host is missing.")
_NO_HTTP = Reply(Code.INVALID_ARGUMENT, "REQUEST_INVALID", "The request is not as HTTP has it.")
_NO_ASCII = Reply(
    Code.INVALID_ARGUMENT, "REQUEST_INVALID", "A header holds other characters than those of ASCII.", words=True
)
_NO_UPGRADE = Reply(Code.PERMISSION_DENIED, "REQUEST_INVALID", "There is nothing here to upgrade to.")
_NO_WEBSOCKET = Reply(Code.FAILED_PRECONDITION, "REQUEST_INVALID", "It takes WebSockets.", words=True)
_NO_ROUTE = Reply(Code.NOT_FOUND, "ROUTE_NOT_FOUND", "There is no such path.")
_NO_RPC = Reply(Code.UNIMPLEMENTED, "ROUTE_NOT_FOUND", "There is no such RPC.")

#: A replica is gone after it was told of a call. No RPC but this one does what nobody can see for themselves.
_NOT_KNOWN = Reply(
    Code.UNKNOWN,
    "OUTCOME_UNKNOWN",
    "What brings calls to the probe was lost; whether it was done is not known, so look before trying again.",
    status=500,
)
_CALL = "/scope.control.v1.ControlService/Invoke"
_LOST = "upstream_reset_before_response_started{"

#: The statuses that the users service denies with.
_DENIALS = (400, 401, 403, _TOO_OFTEN, 503)


def local_replies() -> Config:
    """How the edge writes its own errors. The first that fits is taken."""
    denied = _expression(f"'{REASON}' in response.headers")
    return {
        "mappers": [
            *(_page(status, html, denied) for status, html in PAGES.items()),
            *(_denied(status, denied) for status in _DENIALS),
            # To gRPC callers users says it all.
            {"filter": _all_of([_details("ext_authz_denied"), _is_grpc()])},
            *(mapper for status, reply, condition in _failures() for mapper in _said(reply, status, condition)),
            *(mapper for status, reply in _REPLIES.items() for mapper in _said(reply, status)),
            {"filter": _all_of([_status("GE", 400), _wants_json()]), **_json(_UNKNOWN)},
        ]
    }


def _failures() -> Iterator[tuple[int, Reply, Config]]:
    """By status and a condition, what is said otherwise than the status alone would be."""
    yield 503, _NO_IDENTITY, _details("ext_authz_error")
    yield 503, _FULL, _details("overload")
    yield (
        503,
        _NOT_KNOWN,
        _expression(f"xds.route_name == '{_CALL}' && ({_lost('connection_termination', 'remote_reset')})"),
    )
    yield 503, _NOT_HEALTHY, _expression("request.path == '/healthz'")
    yield 400, _NO_PATH, _details("path_normalization_failed")
    yield 400, _NO_HOST, _details("missing_host_header")
    yield 400, _NO_HTTP, _expression("response.code_details.startsWith('http')")
    yield 400, _NO_ASCII, _details(REFUSED)
    yield 403, _NO_UPGRADE, _details("upgrade_failed")
    yield 426, _NO_WEBSOCKET, _details("direct_response")
    yield 404, _NO_ROUTE, _details("route_not_found", "absolute_path_rejected")
    yield 404, _NO_RPC, _is_grpc()


def _page(status: int, html: str, denied: Config) -> Config:
    """What a browser is shown instead of a page for administrators."""
    asked = _expression(f"xds.route_name in {[PAGE, GRAFANA, GRAFANA_LIVE]}")
    browser = _header("accept", string_match={"contains": "text/html"})
    written = {"text_format_source": {"inline_string": html}, "content_type": "text/html; charset=utf-8"}
    return {"filter": _all_of([_status("EQ", status), denied, asked, browser]), "body_format_override": written}


def _denied(status: int, denied: Config) -> Config:
    info = {
        **_error_info(f"%RESP({REASON})%"),
        "metadata": {name: f"%RESP({header})%" for name, header in METADATA_HEADERS.items()},
    }
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "%RESP(retry-after)%s"}
    body = _body(_REPLIES[status].code, info, *([wait] if status == _TOO_OFTEN else []))
    return {
        "filter": _all_of([_status("EQ", status), denied, _wants_json()]),
        "body_format_override": {"json_format": body, "omit_empty_values": True},
    }


def _said(reply: Reply, status: int, *conditions: Config) -> list[Config]:
    """A reply for those who want JSON, and for gRPC callers."""
    failed = [_status("EQ", status), *conditions]
    return [
        {"filter": _all_of([*failed, _wants_json()]), **_json(reply)},
        {"filter": _all_of(failed), **_grpc(reply)},
    ]


def _json(reply: Reply) -> Config:
    words = {} if reply.words else _text(reply)
    body = _body(reply.code, {**_error_info(reply.reason), "metadata": {}})
    status = {"status_code": reply.status} if reply.status else {}
    return {**words, **status, "body_format_override": {"json_format": body}}


def _body(code: int, *details: Config) -> Config:
    return {"code": code, "message": "%LOCAL_REPLY_BODY%", "details": list(details)}


def _error_info(reason: str) -> Config:
    return {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "scope"}


def _grpc(reply: Reply) -> Config:
    info = Any()
    info.Pack(ErrorInfo(reason=reply.reason, domain="scope"))
    status = Status(code=reply.code, message=reply.message, details=[info])
    details = b64encode(status.SerializeToString(deterministic=True)).decode("ascii")
    headers = {"grpc-status": str(reply.code), "grpc-status-details-bin": details}
    added = [{"header": {"key": key, "value": value}} for key, value in headers.items()]
    return {**_text(reply), "headers_to_add": [{**one, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"} for one in added]}


def _text(reply: Reply) -> Config:
    return {"body": {"inline_string": reply.message}}


def _all_of(conditions: Sequence[Config]) -> Config:
    return {"and_filter": {"filters": conditions}} if len(conditions) > 1 else conditions[0]


def _status(operator: str, status: int) -> Config:
    # Envoy lets an operator change the number at run time and wants a name for that.
    value = {"default_value": status, "runtime_key": f"edge.local_reply_{status}"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}


def _details(*found: str) -> Config:
    """Envoy's own word for what happened is one of these."""
    return _expression(f"response.code_details in {list(found)}")


def _lost(*how: str) -> str:
    return " || ".join(f"response.code_details.startsWith('{_LOST}{one}')" for one in how)


def _expression(expression: str) -> Config:
    cel = "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    return {"extension_filter": extension("envoy.access_loggers.extension_filters.cel", cel, expression=expression)}


def _wants_json() -> Config:
    """Not gRPC, or gRPC only since the transcoder made it so."""
    transcoded = _header("x-envoy-original-path", present_match=True)
    return {"or_filter": {"filters": [_is_grpc(invert_match=True), transcoded]}}


def _is_grpc(**more: object) -> Config:
    string = {"safe_regex": {"regex": GRPC}}
    return _header("content-type", string_match=string, treat_missing_header_as_empty=True, **more)


def _header(name: str, **match: object) -> Config:
    return {"header_filter": {"header": {"name": name, **match}}}
