"""What a report meets on its way from a probe to a reader, without what carries it: it is checked, applied, shown."""

import asyncio
import math
from collections.abc import Iterator
from itertools import count
from typing import Any

import grpc

from collection import reports
from mesh.errors import ServiceError
from query.events import EVENTS
from query.messages import MESSAGES
from query.model import Lifetimes, Model
from query.options import Options
from query.probe import Heading
from query.telling import Form
from query.tests.reading import nodes
from query.topologies import topologies
from query.view import View
from query.views import Views
from scope.collection.v1.messages_pb2 import PublishRequest
from scope.report.v1.report_pb2 import Plugin, Report
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids, standard
from scope_sdk.report.builder import Builder
from scope_sdk.report.encode import Encoder
from scope_sdk.report.nodes import NodeFacts
from tests.fuzz.mutate import Mutator

PROBES = ("one", "two")
_NOON = 1_795_348_800_000
_OPTIONS = Options()
_EVERYTHING = {"system": "all", "stopped": "both", "pseudo": "show", "unconnected": "show"}
#: After so many inputs everything starts anew: what was taken in must not pile up.
_FRESH_AFTER = 500
_LOOK_EVERY = 10


class WrongError(Exception):
    """A promise was broken."""


class Target:
    """Two probes that report the same few nodes, one good state and then nothing but changed reports."""

    def __init__(self, seed: int) -> None:
        self._mutator = Mutator(seed)
        #: The newest input.
        self.body = b""
        self._steps = count()
        self.start()

    def start(self) -> None:
        """Forgets everything, and lets both probes report the good state."""
        self._now = 1_000.0
        self._model = Model(Lifetimes(edges=0))
        self._numbers = count(1)
        self._good = list(_good_reports())
        #: The number of the full report that each probe's deltas are against.
        self._base = dict.fromkeys(PROBES, 0)
        for probe in PROBES:
            self._apply(probe, self._numbered(probe, self._good[0]))
        self._views = Views(self._model, _OPTIONS, math.inf)
        self._shown = {topology: self._view(self._views, topology) for topology in topologies()}

    def step(self) -> str:
        """Offers one changed report; answers `refused`, `ignored` or `applied`.

        Raises whatever the product raises that it should not, and WrongError where it shows something wrong.
        """
        step = next(self._steps)
        if step % _FRESH_AFTER == _FRESH_AFTER - 1:
            self.start()
        outcome = self._offer(PROBES[step % 2], self._good[step % len(self._good)])
        if step % _LOOK_EVERY == 0:
            self._look()
        return outcome

    def _offer(self, probe: str, good: Report) -> str:
        self.body = self._mutator.changed(self._numbered(probe, good), keep=("epoch", "number", "base"))
        try:
            reports.entry(PublishRequest(report=self.body, version="fuzz"), "organization", probe)
        except ServiceError as error:
            if error.code != grpc.StatusCode.INVALID_ARGUMENT or not error.fields:
                raise WrongError(f"refused without a field: {error.code} {error}") from error
            return "refused"
        return "applied" if self._apply(probe, Report.FromString(self.body)) else "ignored"

    def _apply(self, probe: str, report: Report) -> bool:
        heading = Heading(probe=probe, name=f"{probe}:{report.number}", arrived=self._now, at=self._now)
        applied = self._model.apply(heading, report)
        if applied and not report.base:
            self._base[probe] = report.number
        return applied

    def _numbered(self, probe: str, good: Report) -> Report:
        """The report as the next of that probe."""
        report = Report.FromString(good.SerializeToString())
        report.number = next(self._numbers)
        report.base = self._base[probe] if good.base else 0
        return report

    def _look(self) -> None:
        """Reads every view in every way; what it became step by step must be what it is from scratch."""
        self._now += 0.25
        change = self._model.take_change(self._now)
        self._views.apply(change, self._now)
        self._views.tell()
        for topology, view in self._shown.items():
            anew = self._view(Views(self._model, _OPTIONS, math.inf), topology)
            kept, fresh = _shown(view), _shown(anew)
            if kept != fresh:
                raise WrongError(f"{topology}: {_first_difference(kept, fresh)}")
            for node in list(kept)[:3]:
                view.details(node)
            view.page(2, "")

    def _view(self, views: Views, topology: str) -> View:
        """A topology with everything that readers may choose to see."""
        definition = topologies()[topology]
        choice = _OPTIONS.choice(definition, _EVERYTHING, sensitive=True)
        return asyncio.run(views.view(definition, choice, lambda: self._now))


def _good_reports() -> Iterator[Report]:
    """A full report and two deltas against it: a little of everything."""
    encoder = Encoder(7)
    full = encoder.full(_builder(0))
    yield full
    for moment in (1, 2):
        yield encoder.delta(_builder(moment), full)


def _shown(view: View) -> dict[str, Any]:
    """The nodes as a reader gets them; whoever watches is told of all of them first, in both forms."""
    missed = view.since("")
    forms: tuple[Form[Any], ...] = (EVENTS, MESSAGES)
    for form in forms:
        at = 0
        while missed is not None and at < len(missed.difference):
            _, at = view.part(form, missed, at)
    return nodes(view)


def _first_difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    node = next(name for name in sorted(one.keys() | other.keys()) if one.get(name) != other.get(name))
    parts = [_parts(shown.get(node)) for shown in (one, other)]
    what = [key for key in sorted(parts[0].keys() | parts[1].keys()) if parts[0].get(key) != parts[1].get(key)]
    told = [f"{key} {parts[0].get(key)!r}, from scratch {parts[1].get(key)!r}" for key in what]
    return f"{node!r}: {'; '.join(told)}"


def _parts(node: object) -> dict[str, Any]:
    return node if isinstance(node, dict) else {}


def _builder(moment: int) -> Builder:
    builder = Builder()
    for template in (standard.HOST, standard.PROCESS):
        builder.template(template)
    at = _NOON + 3_000 * moment
    samples = [(at, float(moment)), (at + 1_000, 2.0)]
    host = ids.host_id("h")
    loads, most = {"load1": samples}, {"load1": 4.0}
    builder.add(NodeFacts(Topology.TOPOLOGY_HOST, host, f"h{moment}", metrics=loads, maxima=most))
    for pid in range(1, 4 + moment):
        builder.add(
            NodeFacts(
                Topology.TOPOLOGY_PROCESS,
                ids.process_id("h", pid),
                f"p{pid}",
                parents=[host],
                attributes={"pid": float(pid), "cmdline": f"p{pid} {moment}", "networks": ["a", "b"]},
                metrics={"process_cpu_usage_percent": samples},
                tables={"env": {"A": ("A", "1")}},
                controls=["stop"],
            )
        )
    builder.connect(ids.process_id("h", 1), ("10.0.0.1", 40_000), ("10.0.0.1", 80 + moment), incoming=False)
    builder.connect(ids.process_id("h", 2), ("10.0.0.1", 80), ("10.0.0.1", 40_000), incoming=True)
    builder.connect(ids.process_id("h", 3), ("10.0.0.1", 9), ("8.8.8.8", 443), incoming=False)
    builder.translate(("10.0.0.1", 80), ("172.17.0.2", 8_080))
    builder.name("8.8.8.8", forward={"dns.example"})
    builder.plugin(Plugin(id="plugin", label="Plugin"))
    return builder
