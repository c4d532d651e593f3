"""What the edge answers by itself, in the form of every other error: google.rpc.Status as JSON."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from google.rpc.code_pb2 import Code

from authfe.edge.limits import HEADER_KB, HEADERS
from authfe.edge.typed import Config, extension
from mesh.headers import GRPC, REASON, fact
from mesh.limits import MESSAGE_BYTES

#: On a denial, by the name of a fact that goes with the reason, the header that has it.
METADATA_HEADERS = {name: fact(name) for name in ("permission", "parameter")}


@dataclass(frozen=True)
class Reply:
    """What a status means.

    Args:
        code: The code of google.rpc.
        message: What to say instead of Envoy's own words.
    """

    code: int
    message: str = ""


#: By HTTP status, what the edge answers with; any other is UNKNOWN.
_REPLIES = {
    400: Reply(Code.INVALID_ARGUMENT),
    401: Reply(Code.UNAUTHENTICATED),
    403: Reply(Code.PERMISSION_DENIED),
    404: Reply(Code.NOT_FOUND),
    405: Reply(Code.UNIMPLEMENTED),
    408: Reply(Code.DEADLINE_EXCEEDED, "The request did not arrive in time."),
    413: Reply(Code.RESOURCE_EXHAUSTED, f"The request is larger than {MESSAGE_BYTES} bytes."),
    426: Reply(Code.FAILED_PRECONDITION),
    429: Reply(Code.RESOURCE_EXHAUSTED),
    431: Reply(Code.RESOURCE_EXHAUSTED, f"There are more than {HEADERS} headers, or more than {HEADER_KB} kB of them."),
    500: Reply(Code.INTERNAL, "The edge failed to answer."),
    501: Reply(Code.UNIMPLEMENTED),
    502: Reply(Code.UNAVAILABLE),
    503: Reply(Code.UNAVAILABLE),
    504: Reply(Code.DEADLINE_EXCEEDED, "The answer took too long."),
}

#: The statuses that the users service denies with.
_DENIALS = (400, 401, 403, 503)

_NO_AUTHORITY = "It cannot be found out who you are at the moment. Try again."
_NO_SERVICE = "What answers this is away at the moment. Try again."
_NOT_HEALTHY = "A service has no healthy replica."
_NO_PATH = "The path cannot be read."
_NO_UPGRADE = "There is nothing here to upgrade to."

#: No healthy replica, connection failed or lost, retries exhausted, too much waits already.
_AWAY = ["UH", "UF", "UC", "URX", "UR", "UO"]


def local_replies() -> Config:
    """How the edge writes its own errors: JSON, or for gRPC callers the text alone. The first that fits is taken."""
    denied = _expression(f"'{REASON}' in response.headers")
    return {
        "mappers": [
            *_said(_expression("response.code_details == 'ext_authz_error'"), _NO_AUTHORITY, ["IDENTITY_UNAVAILABLE"]),
            *_said({"response_flag_filter": {"flags": _AWAY}}, _NO_SERVICE),
            *_said(_expression("request.path == '/healthz'"), _NOT_HEALTHY),
            *_said(_expression("response.code_details == 'path_normalization_failed'"), _NO_PATH, status=400),
            *_said(_expression("response.code_details == 'upgrade_failed'"), _NO_UPGRADE, status=403),
            *(_mapper([_status("EQ", status), denied], status, [f"%RESP({REASON})%"]) for status in _DENIALS),
            *(_mapper([_status("EQ", status)], status) for status in _REPLIES),
            _mapper([_status("GE", 400)], 0),
        ]
    }


def _said(condition: Config, message: str, reasons: Sequence[str] = (), status: int = 503) -> list[Config]:
    """What Envoy refuses in our words, for those who want JSON and for gRPC callers."""
    failed = _all_of([_status("EQ", status), condition])
    return [
        {"filter": _all_of([_wants_json(), failed]), **_text(message), **_json(status, reasons)},
        {"filter": failed, **_text(message)},
    ]


def _mapper(conditions: Iterable[Config], status: int, reasons: Sequence[str] = ()) -> Config:
    message = _REPLIES.get(status, Reply(Code.UNKNOWN)).message
    return {"filter": _all_of([_wants_json(), *conditions]), **_text(message), **_json(status, reasons)}


def _text(message: str) -> Config:
    return {"body": {"inline_string": message}} if message else {}


def _json(status: int, reasons: Sequence[str] = ()) -> Config:
    details = [_error_info(reason) for reason in reasons]
    code = _REPLIES.get(status, Reply(Code.UNKNOWN)).code
    body = {"code": code, "message": "%LOCAL_REPLY_BODY%", "details": details}
    return {"body_format_override": {"json_format": body, "omit_empty_values": bool(details)}}


def _error_info(reason: str) -> Config:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "scope",
        "metadata": {name: f"%RESP({header})%" for name, header in METADATA_HEADERS.items()},
    }


def _all_of(conditions: Iterable[Config]) -> Config:
    return {"and_filter": {"filters": list(conditions)}}


def _status(operator: str, status: int) -> Config:
    # Envoy lets an operator change the number at run time and wants a name for that.
    value = {"default_value": status, "runtime_key": f"edge.local_reply_{status}"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}


def _expression(expression: str) -> Config:
    cel = "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"
    return {"extension_filter": extension("envoy.access_loggers.extension_filters.cel", cel, expression=expression)}


def _wants_json() -> Config:
    """Not gRPC, or gRPC only since the transcoder made it so."""
    return {
        "or_filter": {"filters": [_header("content-type", **_NOT_GRPC), _header("x-envoy-original-path", **_THERE)]}
    }


_NOT_GRPC = {
    "string_match": {"safe_regex": {"regex": GRPC}},
    "invert_match": True,
    "treat_missing_header_as_empty": True,
}
_THERE = {"present_match": True}


def _header(name: str, **match: object) -> Config:
    return {"header_filter": {"header": {"name": name, **match}}}
