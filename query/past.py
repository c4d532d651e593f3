"""Past moments: what an organization was like then, read from its report log once for all who ask for that moment."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from weakref import WeakValueDictionary

import grpc
import nats.errors
import structlog
from google.protobuf.message import DecodeError
from nats.aio.client import Client

from mesh.errors import ServiceError, invalid_field
from mesh.seal import Seal
from query.log import away
from query.model import Model
from query.options import Choice
from query.probe import Heading
from query.retained import Retained, messages, retained
from query.settings import QuerySettings
from query.topologies.definition import Definition
from query.view import View
from query.views import Views
from scope.errors.v1.errors_pb2 import Reason
from scope.query.v1.messages_pb2 import TopologyStats
from scope.report.v1.report_pb2 import Report

#: How many bytes of reports all moments that are kept are made of, at most, and how many they are.
_KEPT_BYTES = 64 * 1024 * 1024
_KEPT = 16
#: How long a moment that nobody reads is kept, in seconds.
_IDLE = 60.0
#: How far a clock may be ahead of ours, in seconds.
_SKEW = 5.0
#: How many bytes of reports are taken in before other work has its turn.
_AT_ONCE = 256 * 1024

_log = structlog.get_logger()


def parse(timestamp: str) -> float | None:
    """The moment that a reader asked for, in seconds since 1970; None for now. Raises ServiceError (INVALID_FIELD)."""
    if not timestamp:
        return None
    try:
        moment = datetime.fromisoformat(timestamp)
    except ValueError:
        moment = None
    # Nearer to the first and the last year, another time zone may have no date for it.
    if moment is None or moment.tzinfo is None or "T" not in timestamp.upper() or not 1 < moment.year < 9999:
        raise invalid_field("timestamp", "must be a moment as RFC 3339 writes it: 2026-01-31T23:59:59Z")
    return moment.timestamp()


class Past:
    """An organization as it was at one moment.

    Args:
        at: the moment, in seconds since 1970.
        settings: how long things are shown.
    """

    def __init__(self, at: float, settings: QuerySettings) -> None:
        self.model = Model(settings.lifetimes())
        #: How many bytes of reports it is made of.
        self.size = 0
        self.read = time.monotonic()
        self._at = at
        self._views = Views(self.model, settings.options(), settings.idle_after)

    def now(self) -> float:
        """The moment, by the clock that its probes were heard by."""
        return self._at

    async def view(self, definition: Definition, choice: Choice) -> View:
        """What somebody chose of a topology as it was."""
        return await self._views.view(definition, choice, self.now)

    async def stats(self, definition: Definition, choice: Choice) -> TopologyStats:
        """How much somebody would see who chose this."""
        return await self._views.stats(definition, choice, self.now)

    def take(self, heading: Heading, data: bytes) -> None:
        """Takes in a report of the log."""
        self.size += len(data)
        try:
            self.model.apply(heading, Report.FromString(data))
        except DecodeError as error:
            self.model.unusable += 1
            _log.warning("a report in the log cannot be read", probe=heading.probe, error=str(error))

    def settle(self) -> None:
        """Joins what was taken in."""
        self.model.take_change(self._at)


class Pasts:
    """Past moments of all organizations.

    Args:
        bus: the connection to the log.
        settings: how long things are shown.
    """

    def __init__(self, bus: Client, settings: QuerySettings) -> None:
        self._bus = bus
        self._settings = settings
        self._seal = Seal(settings.mesh_keys)
        self._kept: OrderedDict[tuple[str, float], Past] = OrderedDict()
        # One moment is read at a time: each is as much work as following an organization anew. Each organization waits
        # in its own line for its turn, so that however many moments one asks for, no other waits for more than one.
        self._reading = asyncio.Lock()
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def get(self, organization: str, at: float) -> Past:
        """An organization as it was; raises ServiceError where the log does not say, or is away."""
        key = (organization, at)
        if key not in self._kept:
            line = self._lines.setdefault(organization, asyncio.Lock())
            async with line:
                if key not in self._kept:
                    async with self._reading:
                        self._kept[key] = await self._read(organization, at)
        past = self._kept[key]
        past.read = time.monotonic()
        self._kept.move_to_end(key)
        self.trim()
        return past

    def trim(self) -> None:
        """Forgets moments that nobody reads, and those read longest ago where they are too many; never the newest."""
        now = time.monotonic()
        while len(self._kept) > 1 and (
            len(self._kept) > _KEPT or sum(past.size for past in self._kept.values()) > _KEPT_BYTES
        ):
            self._kept.popitem(last=False)
        for key, past in list(self._kept.items()):
            if now - past.read > _IDLE:
                del self._kept[key]

    async def retained(self, organization: str) -> Retained | None:
        """What the log of an organization holds, None where nothing; raises ServiceError where it is away."""
        with _reachable():
            return await retained(self._bus, organization)

    async def _read(self, organization: str, at: float) -> Past:
        held = await self.retained(organization)
        _check_range(held, at)
        past = Past(at, self._settings)
        if held is not None:
            with _reachable():
                await self._fill(past, organization, held, at)
        past.settle()
        return past

    async def _fill(self, past: Past, organization: str, held: Retained, at: float) -> None:
        since_pause = 0
        async for heading, message in messages(self._bus, organization, held.subjects, at):
            headers = message.headers or {}
            if not self._seal.holds(headers["Nats-Subject"], headers, message.data):
                past.model.unusable += 1
                continue
            past.take(heading, message.data)
            since_pause += len(message.data)
            if since_pause > _AT_ONCE:
                since_pause = 0
                await asyncio.sleep(0)


@contextmanager
def _reachable() -> Iterator[None]:
    """Raises ServiceError where the log is away."""
    try:
        yield
    except (nats.errors.Error, TimeoutError, OSError) as error:
        _log.warning("the report log cannot be read", error=str(error) or type(error).__name__)
        raise away() from None


def _check_range(held: Retained | None, at: float) -> None:
    now = time.time()
    oldest = now if held is None else held.oldest
    if not oldest <= at <= now + _SKEW:
        what = "nothing yet" if held is None else f"from {_printed(oldest)} to {_printed(now)}"
        message = f"timestamp: the report log does not hold {_printed(at)}; it holds {what}"
        raise ServiceError(grpc.StatusCode.OUT_OF_RANGE, Reason.REASON_NOT_RETAINED, message)


def _printed(at: float) -> str:
    """A moment as RFC 3339 writes it, to the second."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
