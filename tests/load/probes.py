"""The probes of a synthetic fleet, each with an id and a stream of its own, reporting through the edge."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from scope_sdk.channel import Service
from scope_sdk.publish import Publisher
from tests.load.log import Entry
from tests.load.measure import now, pause_until
from tests.load.rest import Report
from tests.load.synthetic import PERIOD, Fleet, host_name
from tests.load.target import Target

_SAMPLES_MS = (2_000, 1_000, 0)  # how long before the report each of its samples was taken
_LAST_WITHIN = 20.0  # seconds for what was reported last to be acknowledged


@dataclass
class Sent:
    """What the probes sent.

    Attributes:
        published: when, by `now`, each report was given to its publisher.
        late: for each, how many seconds after its time that was: what a busy machine keeps the load itself waiting.
        acknowledged: what the service said that it has stored.
        acknowledgements: when, by `now`, that was for each report.
        dropped: how many reports the publishers gave up.
    """

    published: dict[Report, float] = field(default_factory=dict)
    late: dict[Report, float] = field(default_factory=dict)
    acknowledged: set[Entry] = field(default_factory=set)
    acknowledgements: dict[Report, float] = field(default_factory=dict)
    dropped: int = 0


@asynccontextmanager
async def publishing(target: Target, fleet: Fleet, until: float) -> AsyncIterator[Sent]:
    """Every host reports every 3 s, evenly spread, until it is time; leaving waits for the last acknowledgements."""
    sent, run, began = Sent(), secrets.token_hex(4), now()
    service = Service(target.url, target.service_token)
    tasks = []
    for host in range(fleet.hosts):
        publisher = Publisher(service, probe_id=f"load-{run}-{host}", version="load")
        first = began + host / fleet.hosts * PERIOD
        tasks.append(asyncio.create_task(_Probe(fleet, host, publisher, sent).run(first, until)))
    try:
        yield sent
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True)
class _Probe:
    """The probe of one host."""

    fleet: Fleet
    host: int
    publisher: Publisher
    sent: Sent

    async def run(self, first: float, until: float) -> None:
        """Reports from the first time until it is time, then waits for the last acknowledgement."""
        async with self.publisher:
            round_, last = 0, None
            while (due := first + round_ * PERIOD) < until:
                await pause_until(due)
                last = self._publish(round_, due)
                round_ += 1
            if last is not None:
                await asyncio.wait([last], timeout=_LAST_WITHIN)
            self.sent.dropped += self.publisher.dropped

    def _publish(self, round_: int, due: float) -> asyncio.Future[bool]:
        taken = time.time_ns() // 1_000_000
        builder = self.fleet.report(self.host, round_, [taken - before for before in _SAMPLES_MS])
        report = host_name(self.host), taken
        self.sent.published[report] = now()
        self.sent.late[report] = now() - due
        stored = self.publisher.publish(builder)
        stored.add_done_callback(partial(self._note, report))
        return stored

    def _note(self, report: Report, stored: asyncio.Future[bool]) -> None:
        """Runs before the publisher can have another report acknowledged."""
        if not stored.cancelled() and stored.result() and self.publisher.acknowledged:
            self.sent.acknowledgements[report] = now()
            self.sent.acknowledged.add(Entry(self.publisher.probe_id, *self.publisher.acknowledged))
