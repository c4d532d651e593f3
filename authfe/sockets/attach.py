"""What a request for a WebSocket asks for."""

import re
from dataclasses import dataclass

from aiohttp import web

from mesh.errors import invalid_field
from mesh.headers import IDENTITY, PIPE_ID

#: What is passed on as it came: who asks, as the edge has found out, and in which trace.
_PASSED_ON = (IDENTITY, "traceparent", "tracestate")
_PATH = re.compile(r"/api/pipe/([0-9a-f]{32})")
_NUMBER = re.compile(r"[0-9]{1,16}", re.ASCII)
_RECEIVED = "received"


@dataclass(frozen=True)
class Attach:
    """An attachment to make.

    Args:
        metadata: what pipe is told with it.
        received: how many bytes of the probe the browser has already.
    """

    metadata: tuple[tuple[str, str], ...]
    received: int


def asked(request: web.BaseRequest) -> Attach:
    """What the request asks for.

    Raises:
        ServiceError: INVALID_ARGUMENT, naming the field that is wrong.
    """
    found = _PATH.fullmatch(request.path)
    if not found:
        raise invalid_field("id", "must be the 32 hexadecimal digits of a pipe's id")
    passed_on = [(name, request.headers[name]) for name in _PASSED_ON if name in request.headers]
    return Attach(metadata=((PIPE_ID, found[1]), *passed_on), received=_received(request))


def _received(request: web.BaseRequest) -> int:
    unknown = sorted(set(request.query) - {_RECEIVED})
    if unknown:
        raise invalid_field("query", f"has {unknown[0][:64]!r}; it may have {_RECEIVED} only, and org")
    values = request.query.getall(_RECEIVED, ["0"])
    if len(values) != 1 or not _NUMBER.fullmatch(values[0]) or int(values[0]) >= 2**53:
        raise invalid_field(_RECEIVED, "must be the number of bytes that were received, once")
    return int(values[0])
