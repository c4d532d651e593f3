"""RPCs, served and called: a span in the trace that the caller is in, and how long they take."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import grpc
from opentelemetry.metrics import Histogram
from opentelemetry.trace import Span, StatusCode
from typing_extensions import override

from mesh import instruments
from mesh.telemetry import traces

#: Statuses that a server answers for, by the semantic conventions; a caller is concerned about every other than OK.
_FAULTS = frozenset(
    {
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DATA_LOSS,
    }
)


class Served:
    """An RPC that is served, in the task that serves it.

    A trace is continued as its caller has it, sampled or not; none is begun.

    Args:
        rpc: `/package.Service/Method`.
        metadata: what it came with.
    """

    def __init__(self, rpc: str, metadata: Mapping[str, str]) -> None:
        self._started = time.perf_counter()
        self._attributes = _attributes(rpc)
        self._span = instruments.RPC_SERVED.join(metadata, rpc[1:], self._attributes)

    def end(self, code: grpc.StatusCode) -> float:
        """Tells how it ended; answers how long it took, in seconds."""
        seconds = time.perf_counter() - self._started
        _record(instruments.SERVED, seconds, self._attributes, code)
        _tell(self._span, code, failed=code in _FAULTS)
        self._span.end()
        return seconds


class Calling(grpc.aio.UnaryUnaryClientInterceptor):
    """Around every RPC that is called on a channel: what is under way goes on there."""

    @override
    async def intercept_unary_unary(
        self,
        continuation: Callable[[grpc.aio.ClientCallDetails, Any], Awaitable[Any]],
        client_call_details: grpc.aio.ClientCallDetails,
        request: Any,
    ) -> Any:
        """See grpc.aio."""
        method: str | bytes = client_call_details.method  # bytes, whatever its type says
        rpc = method if isinstance(method, str) else method.decode()
        attributes = _attributes(rpc)
        started = time.perf_counter()
        code = grpc.StatusCode.CANCELLED
        with instruments.RPC_CALLED.within(rpc[1:], attributes) as span:
            answer = await continuation(_with_context(client_call_details), request)
            try:
                code = await answer.code()
            finally:
                _record(instruments.CALLED, time.perf_counter() - started, attributes, code)
                _tell(span, code, failed=code != grpc.StatusCode.OK)
        return answer


def _attributes(rpc: str) -> dict[str, str]:
    return {"rpc.system.name": "grpc", "rpc.method": rpc[1:]}


def _record(duration: Histogram, seconds: float, attributes: Mapping[str, str], code: grpc.StatusCode) -> None:
    duration.record(seconds, {**attributes, "rpc.response.status_code": code.name})


def _tell(span: Span, code: grpc.StatusCode, *, failed: bool) -> None:
    if span.is_recording():
        span.set_attribute("rpc.response.status_code", code.name)
        if failed:
            span.set_attribute("error.type", code.name)
            span.set_status(StatusCode.ERROR)


def _with_context(details: grpc.aio.ClientCallDetails) -> grpc.aio.ClientCallDetails:
    carrier: dict[str, str] = {}
    traces.pass_on(carrier)
    metadata = grpc.aio.Metadata(*(details.metadata or ()), *carrier.items())
    return grpc.aio.ClientCallDetails(
        details.method, details.timeout, metadata, details.credentials, details.wait_for_ready
    )
