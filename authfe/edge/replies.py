"""What the edge answers by itself, in the form of every other error: google.rpc.Status as JSON."""

from collections.abc import Iterable

from google.rpc.code_pb2 import Code

from authfe.edge.typed import Config

#: The code for each HTTP status that the edge answers with; any other is UNKNOWN.
_CODES = {
    400: Code.INVALID_ARGUMENT,
    401: Code.UNAUTHENTICATED,
    403: Code.PERMISSION_DENIED,
    404: Code.NOT_FOUND,
    405: Code.UNIMPLEMENTED,
    408: Code.DEADLINE_EXCEEDED,
    411: Code.INVALID_ARGUMENT,
    413: Code.RESOURCE_EXHAUSTED,
    415: Code.INVALID_ARGUMENT,
    426: Code.FAILED_PRECONDITION,
    429: Code.RESOURCE_EXHAUSTED,
    431: Code.RESOURCE_EXHAUSTED,
    500: Code.INTERNAL,
    501: Code.UNIMPLEMENTED,
    502: Code.UNAVAILABLE,
    503: Code.UNAVAILABLE,
    504: Code.DEADLINE_EXCEEDED,
}


def local_replies() -> Config:
    """How the edge writes its own errors to callers that do not speak gRPC."""
    return {"mappers": [*(_mapper(status, code) for status, code in _CODES.items()), _otherwise()]}


def _mapper(status: int, code: int) -> Config:
    return {"filter": _all_of([_not_grpc(), _status("EQ", status)]), **_body(code)}


def _otherwise() -> Config:
    return {"filter": _all_of([_not_grpc(), _status("GE", 400)]), **_body(Code.UNKNOWN)}


def _body(code: int) -> Config:
    return {"body_format_override": {"json_format": {"code": code, "message": "%LOCAL_REPLY_BODY%", "details": []}}}


def _all_of(conditions: Iterable[Config]) -> Config:
    return {"and_filter": {"filters": list(conditions)}}


def _status(operator: str, status: int) -> Config:
    value = {"default_value": status, "runtime_key": "unused"}
    return {"status_code_filter": {"comparison": {"op": operator, "value": value}}}


def _not_grpc() -> Config:
    """A gRPC caller gets the text as the status message, and JSON has no place there."""
    header = {
        "name": "content-type",
        "string_match": {"prefix": "application/grpc"},
        "invert_match": True,
        "treat_missing_header_as_empty": True,
    }
    return {"header_filter": {"header": header}}
