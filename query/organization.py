"""The organizations that somebody reads: followed, joined at a steady pace, and let go when nobody reads them."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import structlog
from google.protobuf.message import DecodeError
from nats.aio.client import Client
from opentelemetry.trace import SpanContext

from mesh import bus
from mesh.errors import ServiceError
from mesh.seal import Seal
from query import instruments
from query.log import Follower, away
from query.model import Model
from query.options import Choice
from query.past import Pasts
from query.probe import Heading
from query.settings import QuerySettings
from query.topologies.definition import Definition
from query.view import TRACES, View
from query.views import Views
from scope.query.v1.messages_pb2 import TopologyStats
from scope.report.v1.report_pb2 import Report
from scope_sdk.report.check import ReportError, check

#: How long a first reader waits for the log's present state, in seconds.
_PATIENCE = 2.0
#: How often views look at what grows old, in seconds.
_AGING = 1.0

#: How many bytes of reports wait for their turn at most: to take so many in, of nodes that are all new, takes a tenth
#: of a second, in which nobody else has a turn.
_WAITING_BYTES = 1024 * 1024
#: In how many parts what arrives in a tick is joined: nobody waits longer than one of them takes.
_PARTS = 5
#: After how many reports they are joined although there is no view yet: the first does not wait for all of them.
_JOINED_AT_ONCE = 50

_log = structlog.get_logger()


class Organization:
    """One organization's present state and the views of it that are wanted.

    Args:
        bus: the connection to the log.
        name: the organization's id.
        settings: how often, and for how long.
        careful: whether to check what collection has checked already.
    """

    def __init__(self, bus: Client, name: str, settings: QuerySettings, *, careful: bool = False) -> None:
        self._careful = careful
        self.model = Model(settings.lifetimes())
        #: When it was last read.
        self.read = time.monotonic()
        self._follower = Follower(bus, name, self.take, Seal(settings.mesh_keys))
        self._settings = settings
        self._views = Views(self.model, settings.options(), settings.idle_after)
        self._waiting: deque[tuple[Heading, Report]] = deque()
        self._waiting_bytes = 0
        # By probe, reports of who is gone unless the log has a newer word.
        self._held: dict[str, list[tuple[Heading, bytes]]] = {}
        self._news = asyncio.Event()
        self._unjoined = 0
        self._patient_until = 0.0
        self._traces: deque[SpanContext] = deque(maxlen=TRACES)

    async def run(self) -> None:
        """Follows for ever; raises what made it impossible."""
        parts = (self._follower.run(), self._keep_pace(), self._keep_telling())
        tasks = {asyncio.create_task(part) for part in parts}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await _end(tasks)

    async def ready(self) -> None:
        """Waits, not for long, until the log's present state is here; raises ServiceError where the log is away."""
        if self._follower.present.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._follower.present.wait()
        if self._follower.away and not self._follower.present.is_set():
            raise away()

    def now(self) -> float:
        """The present moment, by the clock that its probes are heard by."""
        return time.monotonic()

    def failure(self) -> ServiceError | None:
        """Why what is shown may be out of date; None while it is not."""
        return away() if self._follower.away else None

    def watched(self) -> bool:
        """Whether somebody waits for changes of a view."""
        return bool(self.watchers())

    def behind(self) -> int:
        """How many reports of the log are not taken in yet; this and the two below in any thread."""
        return self._follower.behind + len(self._waiting)

    def views(self) -> int:
        """How many views are kept up to date."""
        return len(self._views)

    def watchers(self) -> int:
        """How many readers wait for changes of a view."""
        return self._views.watchers()

    def take(self, heading: Heading, data: bytes) -> None:
        """Takes a report of the log. It waits until all views take it in too: none is ever of another state.

        What is older than a probe lasts is only looked at when a newer report of the same probe comes: a log may hold
        the last words of thousands that are gone.
        """
        silent = time.monotonic() - heading.arrived > self._settings.gone_after
        if silent and heading.probe not in self.model.probes:
            self._held.setdefault(heading.probe, []).append((heading, data))
            return
        for held in self._held.pop(heading.probe, ()):
            self._read(*held)
        self._read(heading, data)

    def _read(self, heading: Heading, data: bytes) -> None:
        try:
            report = Report.FromString(data)
            if self._careful:
                check(report)
        except (DecodeError, ReportError) as error:
            self.model.unusable += 1
            instruments.PASSED_OVER.add(1, "unreadable")
            _log.warning("a report in the log cannot be read", probe=heading.probe, name=heading.name, error=str(error))
            return
        self._waiting.append((heading, report))
        self._waiting_bytes += len(data)
        self._news.set()
        if self._views.opening.locked():
            return
        if not len(self._views):
            self._take_in()
        if self._waiting_bytes > _WAITING_BYTES or self._unjoined >= _JOINED_AT_ONCE:
            self.settle()

    async def view(self, definition: Definition, choice: Choice) -> View:
        """The view of what somebody chose, kept up to date from now on; raises ServiceError as `Views.view`."""
        self.read = time.monotonic()
        return await self._views.view(definition, choice, self._settled)

    async def stats(self, definition: Definition, choice: Choice) -> TopologyStats:
        """How much somebody would see who chose this; as `view`, but nothing is printed for it."""
        self.read = time.monotonic()
        return await self._views.stats(definition, choice, self._settled)

    def _settled(self) -> float:
        self.settle()
        return time.monotonic()

    def settle(self) -> None:
        """Joins what arrived, and brings every view up to date, in one go: nobody reads half of it."""
        now = time.monotonic()
        arrived = self._news.is_set()
        self._news.clear()
        self._take_in()
        if self._follower.live:
            self._held.clear()
        joining = time.perf_counter()
        if self._follower.away:
            # Nobody can be heard. Who is still there has this long to be heard once the log is back.
            self._patient_until = now + self._settings.quiet_after
        # Of who is still there, the log may have the newest word yet to come.
        patient = now < self._patient_until or not self._follower.present.is_set()
        change = self.model.take_change(now, patient=patient)
        self._unjoined = 0
        change.traces = tuple(self._traces)
        self._traces.clear()
        self._views.apply(change, now)
        if arrived:
            instruments.JOIN.record(time.perf_counter() - joining)

    def tell(self) -> None:
        """Tells readers what changed, up to now."""
        self.settle()
        self._views.tell()

    def _take_in(self) -> None:
        """Takes in what waits."""
        if not self._waiting:
            return
        started, oldest = time.perf_counter(), self._waiting[0][0]
        while self._waiting:
            heading, report = self._waiting.popleft()
            with instruments.REPORT_APPLY.after(heading.traces) as spans:
                self._apply(heading, report)
            self._traces += spans
            self._unjoined += not self._views
        self._waiting_bytes = 0
        instruments.APPLY.record(time.perf_counter() - started)
        if self._follower.live:
            instruments.LAG.record(max(0.0, time.time() - oldest.at))

    def _apply(self, heading: Heading, report: Report) -> None:
        try:
            if self.model.apply(heading, report):
                instruments.APPLIED.add()
            else:
                instruments.PASSED_OVER.add(1, "superseded")
        except Exception as error:  # noqa: BLE001 - one report that nobody foresaw must not hide all others
            self.model.unusable += 1
            instruments.PASSED_OVER.add(1, "failed")
            _log.error("a report could not be taken in", probe=heading.probe, name=heading.name, exc_info=error)

    async def _keep_pace(self) -> None:
        """Joins as soon as something arrived, in parts of what a tick brings; and looks at what grows old."""
        await self._follower.present.wait()
        while True:
            arrived = self._news.is_set()
            async with self._views.opening:
                self.settle()
            if arrived:
                await asyncio.sleep(self._settings.tick / _PARTS)
            with suppress(TimeoutError):
                async with asyncio.timeout(_AGING):
                    await self._news.wait()

    async def _keep_telling(self) -> None:
        """Tells readers as soon as something changed, but not more often than the tick."""
        while True:
            await self._views.untold.wait()
            async with self._views.opening:
                self.tell()
            await asyncio.sleep(self._settings.tick)


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    """Cancels tasks until they have ended: asyncio.wait_for, which the client of the bus uses, may swallow one."""
    while tasks:
        for task in tasks:
            task.cancel()
        _, tasks = await asyncio.wait(tasks, timeout=0.5)


class Organizations:
    """The organizations that somebody reads.

    Args:
        bus: the connection to the log.
        settings: how often, and for how long.
    """

    def __init__(self, bus: Client, settings: QuerySettings) -> None:
        #: Past moments.
        self.past = Pasts(bus, settings)
        self._bus = bus
        self._settings = settings
        self._followed: dict[str, Organization] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        # Those of whose reports one was worse than collection lets pass: their reports are checked from then on.
        self._doubted: set[str] = set()

    async def get(self, name: str) -> Organization:
        """The organization, its present state here; raises ServiceError (UNAVAILABLE) where the log is away."""
        organization = self._followed.get(name)
        if organization is None:
            careful = name in self._doubted
            organization = self._followed[name] = Organization(self._bus, name, self._settings, careful=careful)
            self._tasks[name] = asyncio.create_task(self._follow(name, organization))
        organization.read = time.monotonic()
        await organization.ready()
        return organization

    async def doubt(self, name: str, organization: Organization) -> None:
        """Begins anew with an organization that cannot be shown."""
        self._doubted.add(name)
        await self._let_go(name, organization)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Lets whoever reads the process's metrics see how much is here."""
        with (
            instruments.ORGANIZATIONS.reads(lambda: len(self._followed)),
            instruments.VIEWS.reads(lambda: self._total(Organization.views)),
            instruments.WATCHERS.reads(lambda: self._total(Organization.watchers)),
            instruments.BEHIND.reads(lambda: self._total(Organization.behind)),
        ):
            yield

    def _total(self, count: Callable[[Organization], int]) -> int:
        return sum(count(organization) for organization in list(self._followed.values()))

    async def sweep(self) -> None:
        """Lets go of organizations that nobody reads, for ever."""
        while True:
            await asyncio.sleep(min(5.0, self._settings.idle_after))
            self.past.trim()
            for name, organization in list(self._followed.items()):
                try:
                    if self._is_idle(organization):
                        await self._let_go(name, organization)
                except Exception as error:  # noqa: BLE001 - one organization's trouble must not keep all others here
                    _log.error("an organization could not be let go", exc_info=error)

    async def stop(self) -> None:
        """Lets go of all."""
        for name, organization in list(self._followed.items()):
            await self._let_go(name, organization)

    def _is_idle(self, organization: Organization) -> bool:
        """Whether nobody has read it for long, and nobody waits for it to change."""
        return time.monotonic() - organization.read > self._settings.idle_after and not organization.watched()

    async def _follow(self, name: str, organization: Organization) -> None:
        """Follows; should that fail, whoever reads the organization next begins anew."""
        try:
            await organization.run()
        except Exception as error:  # noqa: BLE001 - one organization's trouble is not that of all
            _log.error("an organization can no longer be followed", exc_info=error)
            self._doubted.add(name)
            self._remove(name, organization)

    async def _let_go(self, name: str, organization: Organization) -> None:
        task = self._remove(name, organization)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _remove(self, name: str, organization: Organization) -> asyncio.Task[None] | None:
        """Forgets the organization, not one that has come in its place; answers the task that follows it."""
        if self._followed.get(name) is not organization:
            return None
        del self._followed[name]
        return self._tasks.pop(name)


@asynccontextmanager
async def following(settings: QuerySettings) -> AsyncIterator[Organizations]:
    """The organizations of one process, on a connection of their own."""
    connection = await bus.connect("query", settings)
    organizations = Organizations(connection, settings)
    sweeping = asyncio.create_task(organizations.sweep())
    try:
        with organizations.measured():
            yield organizations
    finally:
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)
        await organizations.stop()
        await bus.close(connection)
