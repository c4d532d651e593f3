"""The probes of a synthetic fleet, each with an id and a connection of its own, reporting through the edge."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.load.line import Line
from tests.load.log import Entry
from tests.load.measure import now, pause_until
from tests.load.prepared import FULL_EVERY, Script, Stamp
from tests.load.rest import Report
from tests.load.synthetic import PERIOD, host_name
from tests.load.target import Target

_LAST_WITHIN = 20.0  # seconds for what was reported last to be acknowledged


@dataclass
class Sent:
    """What the probes sent.

    Attributes:
        published: when, by `now`, each report was sent.
        late: for each, how many seconds after its time that was: what a busy machine keeps the load itself waiting.
        acknowledged: what the service said that it has stored.
        acknowledgements: when, by `now`, that was for each report.
        size: bytes of all reports together.
    """

    published: dict[Report, float] = field(default_factory=dict)
    late: dict[Report, float] = field(default_factory=dict)
    acknowledged: set[Entry] = field(default_factory=set)
    acknowledgements: dict[Report, float] = field(default_factory=dict)
    size: int = 0


@asynccontextmanager
async def publishing(target: Target, hosts: int, until: float) -> AsyncIterator[Sent]:
    """Every host reports every 3 s, evenly spread, until it is time; leaving waits for the last acknowledgements.

    Raises RuntimeError, on leaving, where a report was not acknowledged.
    """
    sent, began, epoch = Sent(), now(), time.time_ns() // 1_000_000
    scripts = [Script(turn) for turn in range(FULL_EVERY)]
    probes = [_Probe(target, host, hosts, scripts[host % FULL_EVERY], epoch, sent) for host in range(hosts)]
    tasks = [asyncio.create_task(probe.run(began + probe.host / hosts * PERIOD, until)) for probe in probes]
    try:
        yield sent
        async with asyncio.timeout(_LAST_WITHIN):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@dataclass(frozen=True)
class _Probe:
    """The probe of one host."""

    target: Target
    host: int
    hosts: int
    script: Script
    epoch: int
    sent: Sent

    async def run(self, first: float, until: float) -> None:
        """Reports from the first time until it is time, one after the other was acknowledged."""
        await pause_until(first)
        async with Line(self.target, str(self.host)) as line:
            round_ = 0
            while (due := first + round_ * PERIOD) < until:
                await pause_until(due)
                await self._report(line, round_, due)
                round_ += 1

    async def _report(self, line: Line, round_: int, due: float) -> None:
        body = self.script.template(round_).body(self.host, self.hosts)
        stamp = Stamp(self.epoch, round_ + 1, self.script.base(round_), time.time_ns() // 1_000_000)
        report = host_name(self.host), stamp.taken
        self.sent.size += len(body)
        self.sent.published[report] = now()
        self.sent.late[report] = now() - due
        await line.send(stamp.request(body))
        await line.acknowledged(stamp.number)
        self.sent.acknowledgements[report] = now()
        self.sent.acknowledged.add(Entry(line.probe, stamp.epoch, stamp.number))
