"""What one report costs query, apart from everything around it."""

import asyncio
import gc
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from query.model import Lifetimes, Model
from query.options import Options
from query.probe import Heading
from query.topologies import topologies
from query.views import Views
from scope.collection.v1.messages_pb2 import PublishRequest
from scope.report.v1.report_pb2 import Report
from tests.load.measure import percentile
from tests.load.outcome import Row
from tests.load.prepared import FULL_EVERY, Script, Stamp
from tests.load.synthetic import PERIOD

_TICKS = 12  # in each round


def cost(hosts: int, read: Sequence[str]) -> dict[str, Row]:
    """Microseconds for one report where so many hosts report, these topologies are watched and all are listed.

    Taking one in is parsing it and bringing the state of its probe up to date, said of the median report of each kind;
    joining is the rest, done for all of a tick together. Every host sends one full report and 19 deltas. Garbage is not
    collected.
    """
    costing = _Costing(hosts, read)
    gc.disable()
    try:
        costing.run(range(1))
        costing.forget()
        costing.run(range(1, FULL_EVERY + 1))
    finally:
        gc.enable()
    full, delta = percentile(costing.full, 50), percentile(costing.delta, 50)
    return {
        "full": _row(full),
        "delta": _row(delta),
        "one_full_in_20": _row((full + delta * (FULL_EVERY - 1)) / FULL_EVERY),
        "joining": _row(costing.joining / (FULL_EVERY * hosts)),
    }


def _row(seconds: float) -> Row:
    return {"us_per_report": round(seconds * 1e6, 1)}


@dataclass
class _Costing:
    """Seconds for each full report, each delta, and all joins."""

    hosts: int
    read: Sequence[str]
    full: list[float] = field(default_factory=list)
    delta: list[float] = field(default_factory=list)
    joining: float = 0.0

    def __post_init__(self) -> None:
        self._model = Model(Lifetimes())
        options = Options()
        self._views = Views(self._model, options, math.inf)
        for definition in topologies().values():  # for the list of them
            asyncio.run(self._views.stats(definition, options.choice(definition, {}), lambda: 0.0))
        for topology, _, chosen in (read.partition("?") for read in self.read):
            definition = topologies()[topology]
            choice = options.choice(definition, dict(parse_qsl(chosen)), sensitive=True)
            view = asyncio.run(self._views.view(definition, choice, lambda: 0.0))
            view.wakes.add(asyncio.Event())
        self._scripts = [Script(turn) for turn in range(FULL_EVERY)]

    def forget(self) -> None:
        """What was measured so far does not count."""
        self.full, self.delta, self.joining = [], [], 0.0

    def run(self, rounds: range) -> None:
        for round_ in rounds:
            for tick in range(_TICKS):
                moment = (round_ + tick / _TICKS) * PERIOD
                for host in range(tick, self.hosts, _TICKS):
                    self._take_in(*self._arriving(host, round_, moment))
                self._join(moment)

    def _arriving(self, host: int, round_: int, moment: float) -> tuple[Heading, bytes]:
        script = self._scripts[host % FULL_EVERY]
        stamp = Stamp(1, round_ + 1, script.base(round_), int(moment * 1000) + 1)
        request = PublishRequest.FromString(stamp.request(script.template(round_).body(host, self.hosts)))
        return Heading(f"load-{host}", f"{host}:{stamp.number}", moment, moment), request.report

    def _take_in(self, heading: Heading, body: bytes) -> None:
        began = time.perf_counter()
        report = Report.FromString(body)
        self._model.apply(heading, report)
        (self.delta if report.base else self.full).append(time.perf_counter() - began)

    def _join(self, moment: float) -> None:
        began = time.perf_counter()
        change = self._model.take_change(moment)
        self._views.apply(change, moment)
        self.joining += time.perf_counter() - began
