"""The gRPC face of control.

A probe's stream is held by one replica, which tells the probe what it is called for; any replica can be asked. Nothing
is kept: when this process is killed its probes connect to another one, and bring their answers there.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from functools import partial

from control import hello
from control.asking import Asker
from control.auditing import Audit
from control.holding import Parts, ProbeStream
from control.outcomes import Outcomes
from control.records import Pipes
from control.registry import Registry
from control.settings import ControlSettings
from control.subscriptions import Subscriptions
from mesh import bus, headers, logs, routes
from mesh.background import running
from mesh.bounds import Bound, Per
from mesh.errors import invalid_field, unavailable
from mesh.headers import Context
from mesh.identity import current
from mesh.renewal import Lease
from mesh.serve import Mesh, Registers
from mesh.streams import until
from scope.control.v1.messages_pb2 import ConnectRequest, ConnectResponse, InvokeRequest, InvokeResponse, Ready
from scope.control.v1.service_pb2_grpc import ControlServiceServicer, add_ControlServiceServicer_to_server
from scope.errors.v1.errors_pb2 import Reason

#: How long a call waits for its answer, in seconds; the edge waits a little longer.
WAITS = 28.0
#: How many bytes the arguments of a call have together, at most.
ARGUMENTS_BYTES = 64 * 1024

#: How long before a replica that leaves is gone its callers are told that it does not wait any longer, in seconds.
LAST_WORDS = 1.0

_CONNECT = "/scope.control.v1.ControlService/Connect"


class ControlService(ControlServiceServicer):
    """See the contract."""

    def __init__(self, mesh: Mesh, settings: ControlSettings, registry: Registry, parts: Parts, asker: Asker) -> None:
        self._mesh = mesh
        self._registry = registry
        self._parts = parts
        self._asker = asker
        self._streams = Bound(
            settings.streams_per_credential, "streams of probes", Per.CREDENTIAL, "STREAMS_PER_CREDENTIAL"
        )

    async def Connect(  # noqa: N802 - the contract's name
        self, request_iterator: AsyncIterator[ConnectRequest], context: Context
    ) -> AsyncIterator[ConnectResponse]:
        """See the contract."""
        probe = headers.probe_id(headers.received(context))
        logs.about(organization=current().organization, probe=probe)
        async with self._mesh.renewals.lease(_CONNECT, self._streams) as lease:
            await context.send_initial_metadata(())
            offers = hello.offers(await self._first(request_iterator, lease))
            held = ProbeStream(lease.identity.organization, probe, offers, self._parts)
            async with (
                self._registry.holding(held) as subscriptions,
                running(_finish(held, lease), self._drain(subscriptions)),
                _reading(request_iterator, held),
            ):
                yield ConnectResponse(ready=Ready())
                async for event in held.events():
                    yield event
            if lease.error:
                raise lease.error

    async def _first(self, requests: AsyncIterator[ConnectRequest], lease: Lease) -> ConnectRequest | None:
        async with aclosing(until(requests, lease.ended, self._mesh.draining)) as awaited:
            first = await anext(awaited, None)
        if first is None and self._mesh.draining.is_set():
            message = "this replica is about to stop; connect again"
            raise unavailable(Reason.REASON_SERVICE_UNAVAILABLE, message)
        return first

    async def _drain(self, subscriptions: Subscriptions) -> None:
        await self._mesh.draining.wait()
        await subscriptions.drain()

    async def Invoke(  # noqa: N802 - the contract's name
        self, request: InvokeRequest, context: Context
    ) -> InvokeResponse:
        """See the contract."""
        identity = current()
        logs.about(
            organization=identity.organization, probe=request.probe_id, control=request.control, node=request.node_id
        )
        size = sum(len(name.encode()) + len(value.encode()) for name, value in request.arguments.items())
        if size > ARGUMENTS_BYTES:
            raise invalid_field("arguments", f"have {size} bytes together; at most {ARGUMENTS_BYTES} are taken")
        seconds = min(WAITS, context.time_remaining() or WAITS)  # none, where the caller has no deadline
        token = headers.received(context)[headers.IDENTITY]
        return await self._asker.invoke(request, identity, token, seconds)


async def _finish(held: ProbeStream, lease: Lease) -> None:
    await lease.ended.wait()
    held.finish()


@asynccontextmanager
async def _reading(requests: AsyncIterator[ConnectRequest], held: ProbeStream) -> AsyncIterator[None]:
    """Takes in what the probe says while the body runs; the stream ends when that does."""
    reading = asyncio.create_task(_read(requests, held))
    reading.add_done_callback(lambda _: held.finish())
    try:
        yield
    finally:
        reading.cancel()
        with suppress(asyncio.CancelledError):
            await reading


async def _read(requests: AsyncIterator[ConnectRequest], held: ProbeStream) -> None:
    """Takes in what the probe says."""
    async for request in requests:
        if request.HasField("answer"):
            await held.answered(request.answer)
        elif request.HasField("hello"):
            raise hello.again()


async def _give_up(mesh: Mesh, outcomes: Outcomes) -> None:
    """Ends what takes longer than this replica has: cut off, it would look to its callers as if nothing was done."""
    await mesh.draining.wait()
    await asyncio.sleep(mesh.settings.drain_seconds - LAST_WORDS)
    outcomes.give_up("the service was stopped before there was an answer")


@asynccontextmanager
async def control_service(mesh: Mesh) -> AsyncIterator[Registers]:
    """What control consists of."""
    assert isinstance(mesh.settings, ControlSettings)

    async def returned() -> None:
        await outcomes.returned()

    client = await bus.connect(mesh.name, mesh.settings, returned)
    try:
        outcomes = Outcomes(client)
        registry = Registry(client, mesh.renewals.verifier)
        parts = Parts(Audit(client), outcomes, mesh.settings.calls_per_probe)
        asker = Asker(client, outcomes, registry, Pipes(client, mesh.settings.nats_replicas))
        servicer = ControlService(mesh, mesh.settings, registry, parts, asker)
        answering = routes.answering(client, mesh, registry.routes)
        async with outcomes.open(), registry.open(), answering, running(_give_up(mesh, outcomes)):
            yield {"scope.control.v1.ControlService": partial(add_ControlServiceServicer_to_server, servicer)}
    finally:
        await bus.close(client)
