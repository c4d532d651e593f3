"""What comes by the bus for a probe's stream: calls, and what other replicas say about the probe."""

import asyncio
from collections.abc import Coroutine

import nats.errors
import structlog
from google.protobuf.message import DecodeError
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from control import subjects
from control.holding import ProbeStream
from mesh import access, bus, headers, logs
from mesh.errors import ServiceError, unauthenticated, unavailable
from mesh.identity import Verifier
from scope.auth.v1.identity_pb2 import Identity
from scope.control.v1.messages_pb2 import ConnectResponse, Drain, Invocation, Notice, Replaced
from scope.errors.v1.errors_pb2 import Reason

INVOKE = "/scope.control.v1.ControlService/Invoke"

_log = structlog.get_logger()


class Subscriptions:
    """A stream's connection to the bus.

    Args:
        client: the bus.
        verifier: tells whose the calls are.
        held: the stream.
    """

    def __init__(self, client: Client, verifier: Verifier, held: ProbeStream) -> None:
        self._client = client
        self._verifier = verifier
        self._stream = held
        self._calls: Subscription | None = None
        self._notices: Subscription | None = None
        self._announced = False
        self._replaced = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Returns when calls come; every older stream of the probe has been told, or is about to be.

        Raises:
            ServiceError: UNAVAILABLE (SERVICE_UNAVAILABLE) where the bus cannot be reached.
        """
        organization, probe = self._stream.organization, self._stream.probe
        notices = subjects.notices(organization, probe)
        try:
            self._calls = await self._client.subscribe(
                subjects.calls(organization, probe), queue=subjects.HOLDERS, cb=self._called
            )
            self._notices = await self._client.subscribe(notices, cb=self._noticed)
            await self._client.publish(notices, Notice(replaced_by=self._stream.id).SerializeToString())
            await bus.flush(self._client)
        except (nats.errors.Error, OSError) as error:
            await self.close()
            message = "the bus, by which calls come, cannot be reached; connect again in a moment"
            raise unavailable(Reason.REASON_SERVICE_UNAVAILABLE, message) from error

    async def drain(self) -> None:
        """Takes no more calls, because the replica is about to stop."""
        self._stream.leave(ConnectResponse(drain=Drain()))
        await self._leave(self._calls)

    async def close(self) -> None:
        """The stream has ended; what still came for it is refused."""
        await self._stream.end()
        await self._leave(self._calls)
        await self._leave(self._notices)

    async def _replace(self) -> None:
        self._stream.takes_calls = False
        await self._leave(self._calls)
        if taking := self._tasks - {asyncio.current_task()}:
            await asyncio.wait(taking)
        # What came by this stream was said before; whoever calls from now on is heard by the other.
        self._stream.say(ConnectResponse(replaced=Replaced()))
        self._stream.finish_when_answered()

    async def _called(self, message: Msg) -> None:
        try:
            invocation = Invocation.FromString(message.data)
        except DecodeError:
            _log.warning("what came as a call is none", bytes=len(message.data))
            return
        if subjects.is_call(invocation.call):
            self._start(self._take(invocation))

    async def _take(self, invocation: Invocation) -> None:
        request = invocation.request
        logs.about(call=invocation.call, control=request.control, node=request.node_id)
        try:
            await self._stream.take(invocation, await self._caller(invocation))
        except ServiceError as error:
            await self._stream.refuse(invocation.call, error)
        except (nats.errors.Error, OSError) as error:
            _log.warning("a call is not done, for who asked cannot be told", why=repr(error))

    async def _caller(self, invocation: Invocation) -> Identity:
        """Who calls; whoever brought the call is not taken at their word."""
        identity = await self._verifier.caller(INVOKE, {headers.IDENTITY: invocation.identity})
        access.check(INVOKE, identity)
        if (identity.organization, invocation.request.probe_id) != (self._stream.organization, self._stream.probe):
            raise unauthenticated()
        return identity

    async def _noticed(self, message: Msg) -> None:
        try:
            notice = Notice.FromString(message.data)
        except DecodeError:
            _log.warning("what came as a notice is none", bytes=len(message.data))
            return
        if notice.HasField("cancelled"):
            self._stream.cancel_anyhow(notice.cancelled)
        elif notice.replaced_by == self._stream.id:
            self._announced = True
        elif self._announced and not self._replaced:  # what was said before is about who came before
            self._replaced = True
            self._start(self._replace())

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _leave(self, subscription: Subscription | None) -> None:
        """Ends a subscription, when what has come for it is taken in."""
        if subscription is not None:
            await bus.leave(self._client, subscription)
