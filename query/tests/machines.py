"""Probes that report made-up machines, for tests."""

import math
from collections.abc import Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from query.graph import Graph
from query.model import Change, Lifetimes, Model
from query.options import Options
from query.probe import Heading
from query.selection import Selection
from query.topologies import topologies
from query.view import View
from query.views import Views
from scope.report.v1.report_pb2 import Report
from scope.report.v1.template_pb2 import (
    ColumnTemplate,
    ControlTemplate,
    DataType,
    MetricFormat,
    MetricTemplate,
    RowTemplate,
    TableTemplate,
    TopologyTemplates,
)
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.builder import Builder
from scope_sdk.report.encode import Encoder
from scope_sdk.report.ids import host_id, process_id
from scope_sdk.report.nodes import NodeFacts

T = TypeVar("T")

#: 22 November 2026, in milliseconds since 1970.
NOON = 1_795_348_800_000

HOST_TEMPLATES = TopologyTemplates(
    topology=Topology.TOPOLOGY_HOST,
    rows=[
        RowTemplate(id="kernel_version", label="Kernel version", priority=1),
        RowTemplate(id="uptime", label="Uptime", data_type=DataType.DATA_TYPE_DURATION, priority=2),
        RowTemplate(id="local_networks", label="Local networks", priority=13),
    ],
    metrics=[
        MetricTemplate(id="load1", label="Load (1m)", group="load", priority=11),
        MetricTemplate(id="cpu", label="CPU", format=MetricFormat.METRIC_FORMAT_PERCENT, priority=1),
    ],
    controls=[ControlTemplate(id="host_exec", label="Exec shell")],
)
PROCESS_TEMPLATES = TopologyTemplates(
    topology=Topology.TOPOLOGY_PROCESS,
    rows=[
        RowTemplate(id="cmdline", label="Command", priority=2, sensitive=True),
        RowTemplate(id="pid", label="PID", data_type=DataType.DATA_TYPE_NUMBER, priority=1),
    ],
    metrics=[MetricTemplate(id="cpu", label="CPU", format=MetricFormat.METRIC_FORMAT_PERCENT, priority=1)],
    tables=[
        TableTemplate(
            id="env",
            label="Environment",
            columns=[ColumnTemplate(id="label", label="Name"), ColumnTemplate(id="value", label="Value")],
            sensitive=True,
        )
    ],
)


@dataclass(frozen=True)
class Socket:
    """One end of a connection, held by a process."""

    pid: int
    local: tuple[str, int]
    remote: tuple[str, int]
    incoming: bool = False
    times: int = 1


@dataclass
class Machine:
    """A host and its processes, as its probe reports them."""

    name: str
    processes: dict[int, str] = field(default_factory=dict)
    sockets: Sequence[Socket] = ()
    networks: Sequence[str] = ("192.168.0.0/16",)
    attributes: Mapping[str, str | float] = field(default_factory=dict)
    load: float = 0.5
    controls: Collection[str] = ()

    def report(self, builder: Builder, time: int) -> None:
        host = host_id(self.name)
        builder.template(HOST_TEMPLATES).template(PROCESS_TEMPLATES)
        metrics = {"load1": [(time - 1000, self.load), (time, self.load + 1)], "cpu": [(time, 12.345)]}
        attributes = {"local_networks": list(self.networks), **self.attributes}
        builder.add(
            NodeFacts(
                Topology.TOPOLOGY_HOST,
                host,
                self.name,
                attributes=attributes,
                metrics=metrics,
                maxima={"cpu": 100.0},
                controls=self.controls,
            )
        )
        for pid, name in self.processes.items():
            builder.add(_process(self.name, pid, name, time))
        for socket in self.sockets:
            owner = process_id(self.name, socket.pid) if socket.pid else host
            builder.connect(owner, socket.local, socket.remote, incoming=socket.incoming, times=socket.times)


def _process(host: str, pid: int, name: str, time: int) -> NodeFacts:
    return NodeFacts(
        Topology.TOPOLOGY_PROCESS,
        process_id(host, pid),
        name,
        parents=[host_id(host)],
        attributes={"name": name, "pid": pid, "cmdline": f"{name} --password=secret"},
        metrics={"cpu": [(time, pid / 100)]},
        tables={"env": {"HOME": ("HOME", "/root")}},
    )


class Reporter:
    """One probe: encodes what its machines are like."""

    def __init__(self, probe: str, *machines: Machine, epoch: int = 1) -> None:
        self.probe = probe
        self.machines = list(machines)
        self._encoder = Encoder(epoch)
        self._full: Report | None = None

    def full(self, time: int = NOON) -> Report:
        self._full = self._encoder.full(self._builder(time))
        return self._full

    def delta(self, time: int = NOON) -> Report:
        assert self._full is not None
        return self._encoder.delta(self._builder(time), self._full)

    def _builder(self, time: int) -> Builder:
        builder = Builder()
        for machine in self.machines:
            machine.report(builder, time)
        return builder


class World:
    """A model whose time passes when told to, and views of it."""

    def __init__(self, lifetimes: Lifetimes | None = None, options: Options | None = None) -> None:
        self.now = 1000.0
        self.model = Model(lifetimes or Lifetimes())
        self.options = options or Options()
        self.views = Views(self.model, self.options, math.inf)
        self._reports = 0

    def report(self, probe: str, report: Report, *, dropped: int = 0) -> bool:
        """Brings a report; says whether it was of use."""
        self._reports += 1
        heading = Heading(probe, str(self._reports), self.now, 1e9 + self.now, version="1.0", dropped=dropped)
        return self.model.apply(heading, Report.FromString(report.SerializeToString()))

    def full(self, *reporters: Reporter) -> None:
        for reporter in reporters:
            assert self.report(reporter.probe, reporter.full())

    def settle(self, seconds: float = 0.0) -> None:
        """A tick ends."""
        self.now += seconds
        self.join()
        self.views.tell()

    def join(self) -> None:
        """A part of a tick ends: what arrived is joined, and nobody is told."""
        self.views.apply(self.model.take_change(self.now), self.now)

    def view(self, topology: str, *, sensitive: bool = True, graph: bool = False, **chosen: str) -> View:
        """What somebody chose of a topology, everything else as usual."""
        self.settle()
        definition = topologies()[topology]
        choice = self.options.choice(definition, chosen, sensitive=sensitive, graph=graph)
        return done(self.views.view(definition, choice, self._settled))

    def let_go(self) -> None:
        """So much time passes that what nobody waits for is let go of."""
        self.views._idle_after = -1.0
        self.settle()
        self.views._idle_after = math.inf

    def view_anew(self, topology: str, *, sensitive: bool = True, graph: bool = False, **chosen: str) -> View:
        """The same, of what is there now and nothing else, made in small parts."""
        definition = topologies()[topology]
        choice = self.options.choice(definition, chosen, sensitive=sensitive, graph=graph)
        made = Graph(self.model, definition.base)
        for part in self.model.everything(at_once=3):
            made.apply(part, self.now)
        selection = Selection(made, definition, self.options.filter(definition, choice.options))
        for change in made.everything(at_once=3):
            selection.apply(change)
        view = View(self.model, selection, choice)
        for nodes in selection.everything(at_once=3):
            view.apply(Change(), nodes, self.now)
        return view

    def _settled(self) -> float:
        self.settle()
        return self.now


def done(coroutine: Coroutine[Any, None, T]) -> T:
    """Runs to its end, beside a loop that may run, what waits for nobody."""
    while True:
        try:
            coroutine.send(None)
        except StopIteration as stop:
            result: T = stop.value
            return result
