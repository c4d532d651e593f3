"""What happens around every RPC: who calls is verified, the request checked, errors answered, the call counted.

One interceptor does it in that order. EXEMPT lists what answers without an identity, on ports that the edge does not
route.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, aclosing, asynccontextmanager, nullcontext
from typing import Any, TypeAlias

import grpc
import structlog
from google.protobuf.message import DecodeError
from grpc_status import rpc_status

from mesh import access, headers
from mesh.bounds import Bound, Per
from mesh.errors import ServiceError, invalid_field
from mesh.headers import Context
from mesh.identity import Verifier, set_current
from mesh.instruments import REFUSED
from mesh.limits import REQUESTS_PER_CREDENTIAL
from mesh.telemetry.rpc import Served
from mesh.validation import validate
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from scope.errors.v1.errors_pb2 import Reason

#: Services that answer without an identity. Health and reflection say nothing about any tenant; the authorization
#: service says only what the credential in its request may do, which its holder could learn at the edge.
EXEMPT = ("/grpc.health.", "/grpc.reflection.", "/envoy.service.auth.v3.Authorization/")

_log = structlog.get_logger()

Take: TypeAlias = "Callable[[Any], Any]"
Around: TypeAlias = "Callable[[Context], AbstractAsyncContextManager[None]]"
Held: TypeAlias = "Callable[[Identity], AbstractContextManager[object]]"


class Guard(grpc.aio.ServerInterceptor):
    """The interceptor of every service."""

    def __init__(self, verifier: Verifier, requests_per_credential: int = REQUESTS_PER_CREDENTIAL) -> None:
        self._verifier = verifier
        self._requests = Bound(requests_per_credential, "calls", Per.CREDENTIAL, "REQUESTS_PER_CREDENTIAL")
        self._wrapped: dict[str, grpc.RpcMethodHandler[Any, Any]] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler[Any, Any] | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """Wraps the handler of a call; unknown methods are answered by gRPC itself."""
        handler = await continuation(handler_call_details)
        rpc = handler_call_details.method
        if handler is None or rpc.startswith(EXEMPT):
            return handler
        if rpc not in self._wrapped:
            # Streams of reports are counted by their leases.
            bound = nullcontext if handler.request_streaming else self._requests.held
            self._wrapped[rpc] = _wrapped(handler, lambda context: self._around(rpc, context, bound))
        return self._wrapped[rpc]

    @asynccontextmanager
    async def _around(self, rpc: str, context: Context, bound: Held) -> AsyncIterator[None]:
        metadata = headers.received(context)
        served = Served(rpc, metadata)
        identity = Identity()
        code = grpc.StatusCode.OK
        try:
            identity = await self._verifier.caller(rpc, metadata)
            access.check(rpc, identity)
            set_current(identity)
            with bound(identity):
                yield
        except ServiceError as error:
            code = error.code
            _refused(rpc, identity, error)
            await _abort(context, error)
        except grpc.aio.AbortError:
            code = grpc.StatusCode.UNKNOWN
            raise
        except Exception as error:  # noqa: BLE001 - a fault of ours must not end the process or tell its inside
            code = grpc.StatusCode.INTERNAL
            await _abort(context, _fault(rpc, error))
        except BaseException:
            code = grpc.StatusCode.CANCELLED
            raise
        finally:
            _observe(rpc, identity, code, served.end(code))


async def _abort(context: Context, error: ServiceError) -> None:
    """Ends the call with the error, for readers of REST too: what they are to wait is a header of theirs."""
    status = rpc_status.to_status(error.status())
    wait = (("retry-after", str(math.ceil(error.retry_after))),) if error.retry_after else ()
    await context.abort(status.code, status.details, (*status.trailing_metadata, *wait))


def _refused(rpc: str, identity: Identity, error: ServiceError) -> None:
    log = _log.warning if error.code == grpc.StatusCode.UNAVAILABLE else _log.info
    REFUSED.add(1, error.reason_name)
    log("refused", rpc=rpc, caller=identity.credential, reason=error.reason_name, why=error.message)


def _fault(rpc: str, error: Exception) -> ServiceError:
    """What is told of an unexpected error: an id to find it by in the log, and nothing else."""
    name = uuid.uuid4().hex[:12]
    _log.error("fault", rpc=rpc, id=name, exc_info=error)
    return ServiceError(
        grpc.StatusCode.INTERNAL, Reason.REASON_INTERNAL, f"something failed here; it is logged as {name}"
    )


def _observe(rpc: str, identity: Identity, code: grpc.StatusCode, seconds: float) -> None:
    # Services ask each other every few seconds; an operator wants to read what people and probes do.
    routine = identity.caller == Caller.CALLER_SERVICE and code == grpc.StatusCode.OK
    log = _log.debug if routine else _log.info
    log("rpc", rpc=rpc, code=code.name, ms=round(seconds * 1000, 2), caller=identity.credential)


def _wrapped(handler: grpc.RpcMethodHandler[Any, Any], around: Around) -> grpc.RpcMethodHandler[Any, Any]:
    """The handler with its behaviour inside of `around`.

    A single request is read there too: only of callers who may call, and who are told when it cannot be read.
    """
    read = _reader(handler.request_deserializer)
    take: Take = _as_it_is if handler.request_streaming else _checked(read)
    coders = (read if handler.request_streaming else None, handler.response_serializer)
    if handler.response_streaming:
        behaviour = handler.stream_stream if handler.request_streaming else handler.unary_stream
        make = (
            grpc.stream_stream_rpc_method_handler if handler.request_streaming else grpc.unary_stream_rpc_method_handler
        )
        return make(_many(behaviour, around, take), *coders)
    behaviour = handler.stream_unary if handler.request_streaming else handler.unary_unary
    make = grpc.stream_unary_rpc_method_handler if handler.request_streaming else grpc.unary_unary_rpc_method_handler
    return make(_one(behaviour, around, take), *coders)


def _reader(deserialize: Any) -> Take:
    def read(data: bytes) -> Any:
        try:
            return deserialize(data)
        except DecodeError:
            raise invalid_field("request", "is not the message that this RPC takes, or holds invalid text") from None

    return read


def _checked(read: Take) -> Take:
    def take(data: bytes) -> Any:
        request = read(data)
        validate(request)
        return request

    return take


def _as_it_is(request: Any) -> Any:
    """A stream of requests: each was read on its way, and is checked where it is used."""
    return request


def _one(behaviour: Any, around: Around, take: Take) -> Any:
    async def call(request: Any, context: Context) -> Any:
        try:
            async with around(context):
                return await behaviour(take(request), context)
        except grpc.aio.AbortError as aborted:
            del context
            raise _bare(aborted) from None

    return call


def _many(behaviour: Any, around: Around, take: Take) -> Any:
    async def call(request: Any, context: Context) -> AsyncIterator[Any]:
        # Closed with the call, not whenever it is collected: what a stream holds is given back at once.
        try:
            async with around(context), aclosing(behaviour(take(request), context)) as responses:
                async for response in responses:
                    yield response
        except grpc.aio.AbortError as aborted:
            del context
            raise _bare(aborted) from None

    return call


def _bare(aborted: grpc.aio.AbortError) -> grpc.aio.AbortError:
    """The same without what led to it: the context has it, and where its frames have the context, nobody frees them.

    The request is among what they have, and the collector comes seldom.
    """
    aborted.__context__ = None
    return aborted.with_traceback(None)
