"""Following one organization's report log: its present state first, then everything as it comes.

The newest full report and the newest delta of each probe are its state, so a follower that has lost its place, for
whatever reason, starts over from the last message of each subject and is right again; nothing depends on having seen
every message.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from mesh.errors import ServiceError, unavailable
from mesh.seal import Seal
from mesh.telemetry import traces
from query.instruments import PASSED_OVER
from query.probe import Heading
from scope.errors.v1.errors_pb2 import Reason

#: How often the log says that it is there while nothing happens, in seconds.
_HEARTBEAT = 1.0
#: After how long without a word it is taken to be away, in seconds.
_SILENCE = 3.0
#: How long to wait before trying again, in seconds.
_PAUSE = 1.0
#: How long the log may keep what we asked for after we have gone, in seconds.
_INACTIVE = 30.0

_log = structlog.get_logger()

#: Takes a report: what the log says about it, and its bytes.
Take = Callable[[Heading, bytes], None]


class Follower:
    """Follows the log of one organization.

    Args:
        bus: the connection.
        organization: its id.
        take: is given every report, in the log's order, some of them perhaps again.
        seal: what tells reports that collection stored from anything else.
    """

    def __init__(self, bus: Client, organization: str, take: Take, seal: Seal) -> None:
        #: Set once everything that the log held when we came was handed over.
        self.present = asyncio.Event()
        #: Whether the log cannot be reached at the moment.
        self.away = True
        #: Whether what comes is new, and not the state that the log held when we came.
        self.live = False
        #: How many messages the log holds that have not come yet.
        self.behind = 0
        self._bus = bus
        self._stream = bus.jetstream()
        self._organization = organization
        self._take = take
        self._seal = seal
        self._lost = asyncio.Event()
        self._heard = 0.0
        self._delivered = 0

    async def run(self) -> None:
        """Follows for ever."""
        while True:
            if self._bus.is_connected:
                await self._attempt()
            else:
                self.away = True
            await asyncio.sleep(_PAUSE)

    async def _attempt(self) -> None:
        try:
            await self._follow()
        except nats.js.errors.NotFoundError:
            self.away = False
            self.present.set()  # nobody has reported yet
        except (nats.errors.Error, OSError) as error:
            self.away = True
            _log.warning("the report log cannot be followed", error=str(error) or type(error).__name__)

    async def _follow(self) -> None:
        """Follows until the place is lost; raises NotFoundError while the organization has no log."""
        self._lost.clear()
        self._delivered = 0
        self.live = False
        inbox = self._bus.new_inbox()
        subscription = await self._bus.subscribe(inbox, cb=self._receive)
        try:
            await self._open(inbox)
            self._heard = time.monotonic()
            # What is here and waits for its turn is no silence, however busy this process is.
            while not self._lost.is_set() and (subscription.pending_msgs or time.monotonic() - self._heard < _SILENCE):
                await self._lost_within(_HEARTBEAT)
            self.away = not self._lost.is_set()  # silent, or merely out of step
        finally:
            await _close(subscription)

    async def _open(self, inbox: str) -> None:
        """Asks for the last message of each subject and all that follow."""
        config = ConsumerConfig(
            name=f"query-{secrets.token_hex(8)}",
            deliver_subject=inbox,
            deliver_policy=DeliverPolicy.LAST_PER_SUBJECT,
            filter_subject=f"reports.{self._organization}.>",
            ack_policy=AckPolicy.NONE,
            flow_control=True,
            idle_heartbeat=_HEARTBEAT,
            inactive_threshold=_INACTIVE,
        )
        info = await self._stream.add_consumer(f"reports-{self._organization}", config)
        self.away = False
        if not info.num_pending and not self._delivered:
            self._caught_up()

    async def _lost_within(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._lost.wait()

    async def _receive(self, message: Msg) -> None:
        self._heard = time.monotonic()
        self.away = False
        headers = message.headers or {}
        if headers.get("Status") == "100":
            await self._answer(message, headers)
            return
        metadata = message.metadata
        self._delivered += 1
        if metadata.sequence.consumer != self._delivered:
            self._lost.set()
        if self._lost.is_set():
            return
        self.behind = metadata.num_pending
        self._hand_over(message, headers)
        if not metadata.num_pending:
            self._caught_up()

    def _hand_over(self, message: Msg, headers: Mapping[str, str]) -> None:
        if not self._seal.holds(message.subject, headers, message.data):
            PASSED_OVER.add(1, "unsealed")
            _log.warning("what is in the report log here was not stored by collection", subject=message.subject)
            return
        at = message.metadata.timestamp.timestamp()
        age = 0.0 if self.live else max(0.0, time.time() - at)
        try:
            self._take(heading_of(message.subject, headers, self._heard - age, at), message.data)
        except Exception as error:  # noqa: BLE001 - one report that nobody foresaw must not hide all others
            PASSED_OVER.add(1, "failed")
            _log.error("a report could not be taken in", subject=message.subject, exc_info=error)

    def _caught_up(self) -> None:
        """What comes from now on is new."""
        self.live = True
        self.present.set()

    async def _answer(self, message: Msg, headers: Mapping[str, str]) -> None:
        """Answers flow control, which comes in its place between messages, or a heartbeat that says it is overdue."""
        stalled = message.reply or headers.get("Nats-Consumer-Stalled", "")
        if stalled:
            await self._bus.publish(stalled)
        if int(headers.get("Nats-Last-Consumer", self._delivered)) > self._delivered:
            self._lost.set()


def away() -> ServiceError:
    """The log cannot be reached."""
    message = "the report log cannot be reached; what is shown is not up to date"
    return unavailable(Reason.REASON_LOG_UNAVAILABLE, message)


async def _close(subscription: Subscription) -> None:
    with suppress(nats.errors.Error):  # the connection is gone, and the subscription with it
        await subscription.unsubscribe()


def heading_of(subject: str, headers: Mapping[str, str], arrived: float, at: float) -> Heading:
    """What a message of the log says about its report."""
    dropped = headers.get("Scope-Dropped", "0")
    trace = traces.received(headers)
    return Heading(
        probe=subject.split(".")[2],
        name=headers.get("Nats-Msg-Id", ""),
        arrived=arrived,
        at=at,
        version=headers.get("Scope-Version", ""),
        dropped=int(dropped) if dropped.isdecimal() else 0,
        traces=(trace,) if trace else (),
    )
