"""What becomes of calls, on its way to whoever was asked, and what they make of it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

import nats.errors
import structlog
from google.protobuf.message import DecodeError
from nats.aio.client import Client
from nats.aio.msg import Msg

from control import refusals, subjects
from mesh import bus, errors
from mesh.errors import ServiceError
from scope.control.v1.messages_pb2 import Answer, Dispatched, Outcome

#: How long after a stream's end another one may bring the answer, in seconds.
LOST_FOR = 5.0
#: How long whoever took a call from the bus may say nothing of it, in seconds: the audit may have most of it.
SILENT_FOR = bus.TIMEOUT + 2.0

#: How many bytes of outcomes wait for the bus, at most; what is older goes first.
WAITING_BYTES = 16 * 1024 * 1024
#: How long after the bus is back they are told, and told again, in seconds: those who wait may be back a little later
#: than this replica, and to hear of something twice harms nobody.
AGAIN_AFTER = (0.0, 1.0, 4.0)

_NO_RESPONDERS = "503"
_log = structlog.get_logger()


class Awaited:
    """A call that this replica was asked for.

    Args:
        organization: whose probe was asked.
        probe: which.
    """

    def __init__(self, organization: str, probe: str) -> None:
        self._of = (organization, probe)
        self._probe = probe
        self._giving_up: asyncio.TimerHandle | None = None
        #: What the replica that holds the probe's stream said when it told the probe.
        self.dispatched = Dispatched()
        #: The probe's answer, or the ServiceError that the call ends with.
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def hear(self, outcome: Outcome) -> None:
        """Takes in what became of the call; what comes from another probe is not believed."""
        if (outcome.organization, outcome.probe_id) != self._of:
            _log.warning(
                "what another probe said of a call is not believed",
                organization=outcome.organization,
                probe=outcome.probe_id,
            )
            return
        match outcome.WhichOneof("event"):
            case "dispatched":
                self.dispatched = outcome.dispatched
                self._stop_giving_up()
            case "answer" if not self.answer.done():
                self.answer.set_result(outcome.answer)
            case "refused":
                self.fail(errors.received(outcome.refused))
            case "lost" if self._giving_up is None:
                self._give_up_after(LOST_FOR, "the probe was lost after it was told")

    def expect_word(self) -> None:
        """Ends the call where nothing is heard of it: who took it from the bus may have died, having told the probe."""
        self._give_up_after(SILENT_FOR, "nothing was heard of whoever was to tell the probe")

    def give_up(self, why: str) -> None:
        """Ends the call, unless it has ended, without anybody knowing whether it was done, and says why."""
        self.fail(refusals.unknown(why))

    def _give_up_after(self, seconds: float, why: str) -> None:
        self._giving_up = asyncio.get_running_loop().call_later(seconds, self.give_up, why)

    def _stop_giving_up(self) -> None:
        if self._giving_up is not None:
            self._giving_up.cancel()
            self._giving_up = None

    def fail(self, error: ServiceError) -> None:
        """Ends the call, unless it has ended."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def unreachable(self) -> None:
        """Nobody takes the call."""
        self.fail(refusals.not_connected(self._probe))

    def close(self) -> None:
        """Nobody waits any more."""
        self._stop_giving_up()
        if not self.answer.cancel() and not self.answer.cancelled():
            self.answer.exception()  # it is known to whoever waited, if they still did


class Outcomes:
    """Brings outcomes to the replicas that were asked, and takes in those that are for this one.

    Args:
        client: the bus.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._replica = subjects.new_replica()
        self._here = f"{self._replica}."
        self._awaited: dict[str, Awaited] = {}
        self._waiting: deque[tuple[str, Outcome]] = deque()
        self._waiting_bytes = 0
        self._telling: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Takes in what comes while the body runs."""
        await self._client.subscribe(subjects.inbox(f"{self._here}*"), cb=self._receive)
        yield
        for telling in self._telling:
            telling.cancel()

    @contextmanager
    def awaited(self, organization: str, probe: str) -> Iterator[tuple[str, Awaited]]:
        """A call of a probe, by its id, for as long as the body waits for what becomes of it."""
        call = subjects.new_call(self._replica)
        self._awaited[call] = awaited = Awaited(organization, probe)
        try:
            yield call, awaited
        finally:
            del self._awaited[call]
            awaited.close()

    def give_up(self, why: str) -> None:
        """Ends all calls that this replica was asked for, as Awaited does."""
        for awaited in self._awaited.values():
            awaited.give_up(why)

    async def tell(self, call: str, outcome: Outcome) -> None:
        """Tells whoever was asked for a call; raises what the client does where that needs the bus, and it is away."""
        if not call.startswith(self._here):
            await self._client.publish(subjects.inbox(call), outcome.SerializeToString())
        elif awaited := self._awaited.get(call):
            awaited.hear(outcome)

    async def tell_surely(self, call: str, outcome: Outcome) -> None:
        """The same; where the bus is away, as soon as it is back."""
        try:
            await self.tell(call, outcome)
        except (nats.errors.Error, OSError):
            self._waiting.append((call, outcome))
            self._waiting_bytes += outcome.ByteSize()
            while self._waiting_bytes > WAITING_BYTES:
                self._waiting_bytes -= self._waiting.popleft()[1].ByteSize()

    async def returned(self) -> None:
        """The bus is back: what waits for it is told."""
        if self._waiting:
            telling = asyncio.create_task(self._tell_again(list(self._waiting)))
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)
        self._waiting.clear()
        self._waiting_bytes = 0

    async def _tell_again(self, waiting: Sequence[tuple[str, Outcome]]) -> None:
        for seconds in AGAIN_AFTER:
            await asyncio.sleep(seconds)
            for call, outcome in waiting:
                with suppress(nats.errors.Error, OSError):  # the next time comes
                    await self.tell(call, outcome)

    async def _receive(self, message: Msg) -> None:
        awaited = self._awaited.get(message.subject.removeprefix(f"{subjects.INBOX}."))
        if awaited is None:
            return
        if message.headers and message.headers.get("Status") == _NO_RESPONDERS:
            awaited.unreachable()
            return
        try:
            awaited.hear(Outcome.FromString(message.data))
        except DecodeError:
            _log.warning("what came for a call is no outcome", bytes=len(message.data))
