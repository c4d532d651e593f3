"""One probe, as its reports tell it."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import repeat

from opentelemetry.trace import SpanContext

from query.join import Row
from query.samples import Block, Samples
from scope.report.v1.report_pb2 import Connections, Node, Report
from scope.report.v1.template_pb2 import Templates
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.state import ProbeState


@dataclass(frozen=True, slots=True)
class Heading:
    """What a report's place in the log says about it, beside its content.

    Attributes:
        probe: the id of the probe.
        name: what tells the report from all others of the log.
        arrived: when it arrived, by this process's monotonic clock, in seconds.
        at: when it arrived, in seconds since 1970.
        version: the version of the probe's program.
        dropped: how many reports the probe had to drop since it started.
        traces: where its trace has got to, if it is sampled.
    """

    probe: str
    name: str
    arrived: float
    at: float
    version: str = ""
    dropped: int = 0
    traces: Sequence[SpanContext] = ()


@dataclass(slots=True)
class Changes:
    """What a report changed."""

    #: Ids of nodes that are new, differ or are gone.
    nodes: set[str] = field(default_factory=set)
    #: Whether the probe's connections, or who owns them, may differ.
    connections: bool = False
    #: Whether what it declares may differ.
    templates: bool = False
    #: Its measurements.
    block: Block | None = None


class Probe:
    """The present state of one probe, and what was measured lately.

    Args:
        probe: its id.
        samples_kept: how long measurements are kept, in seconds.
    """

    def __init__(self, probe: str, samples_kept: float) -> None:
        self.id = probe
        self.state = ProbeState()
        self.samples = Samples(samples_kept)
        #: When it was last heard of: by the monotonic clock, and in seconds since 1970.
        self.heard = float("-inf")
        self.heard_at = 0.0
        #: When a report of an earlier start than the present one arrived last, by the monotonic clock.
        self.contradicted = float("-inf")
        self.version = ""
        self.dropped = 0
        #: The number of its state, by what was measured and when it was heard of; the model gives them out.
        self.measured = 0
        #: Whether it was last shown as quiet.
        self.quiet = False
        #: The id of each node by its handle.
        self.ids: dict[int, str] = {}
        self.handles: dict[str, int] = {}
        self._nodes: dict[int, Node] = {}
        self._strings: list[str] = []
        self._epoch = 0
        self._connections: Connections | None = None
        self._templates: Templates | None = None

    def offer(self, heading: Heading, report: Report) -> Changes | None:
        """Takes in a report; None where it says nothing that was not known or is of no use any more."""
        self._hear(heading)
        if report.epoch < self._epoch:
            self.contradicted = heading.arrived
            return None
        if not self.state.offer(report):
            return None
        self.version, self.dropped = heading.version, heading.dropped
        if report.epoch != self._epoch:
            return self._start(report, heading)
        return self._go_on(report, heading)

    def kind(self, node: str) -> Topology.ValueType:
        """What kind of thing one of its nodes is."""
        return self._nodes[self.handles[node]].topology

    def parents(self, node: str) -> Iterator[str]:
        """Ids of what one of its nodes belongs to: what it names as parents, and its host."""
        message = self._nodes[self.handles[node]]
        for handle in (*message.parents, message.host):
            if handle in self.ids:
                yield self.ids[handle]

    def hostname(self) -> str:
        """The name of the host that it runs on: the first that it reports; empty where it reports none."""
        hosts = (node for node in self._nodes.values() if node.topology == Topology.TOPOLOGY_HOST)
        first = min(hosts, key=lambda node: node.handle, default=None)
        return first.id if first else ""

    def rows(self) -> Mapping[Row, int]:
        """Its connections' ends, and how many connections each stands for; without those whose owner is gone."""
        connections = self.state.connections()
        addresses = list(connections.addresses)
        rows: dict[Row, int] = {}
        columns = zip(
            connections.owners,
            connections.local_addresses,
            connections.local_ports,
            connections.remote_addresses,
            connections.remote_ports,
            connections.incoming,
            connections.counts or repeat(1),
            strict=False,
        )
        for handle, local, local_port, remote, remote_port, incoming, count in columns:
            owner = self.ids.get(handle)
            if owner is not None:
                here, there = (addresses[local], local_port), (addresses[remote], remote_port)
                row = ((*there, *here) if incoming else (*here, *there), incoming, owner)
                rows[row] = rows.get(row, 0) + count
        return rows

    def _hear(self, heading: Heading) -> None:
        self.heard = max(self.heard, heading.arrived)
        self.heard_at = max(self.heard_at, heading.at)

    def _start(self, report: Report, heading: Heading) -> Changes:
        """Takes in the first report of an epoch: no handle means what it meant before."""
        self._epoch = report.epoch
        self._nodes, self._strings = {}, []
        self.samples.clear()
        gone = set(self.handles)
        self.ids, self.handles = {}, {}
        changes = self._go_on(report, heading)
        changes.nodes |= gone
        changes.connections = changes.templates = True
        return changes

    def _go_on(self, report: Report, heading: Heading) -> Changes:
        nodes, self._nodes = self._nodes, self.state.nodes()
        strings, self._strings = self._strings, self.state.strings()
        connections, self._connections = self._connections, self.state.connections()
        templates, self._templates = self._templates, self.state.templates()
        names = self._rename(_differing(nodes, self._nodes, alike=_continues(strings, self._strings)))
        return Changes(
            nodes=names,
            connections=nodes.keys() != self._nodes.keys() or connections != self._connections,
            templates=templates != self._templates,
            block=self.samples.add(report, self._strings, heading.arrived),
        )

    def _rename(self, handles: AbstractSet[int]) -> set[str]:
        """Brings the ids of some handles up to date; answers those that they had and have."""
        names = set()
        for handle in handles & self.ids.keys():
            name = self.ids.pop(handle)
            names.add(name)
            if self.handles.get(name) == handle:
                del self.handles[name]
        for handle in handles & self._nodes.keys():
            name = self.ids[handle] = self.state.id_of(handle)
            names.add(name)
            self.handles[name] = handle
        return names


def _continues(old: list[str], new: list[str]) -> bool:
    """Whether every index means the same in both string tables."""
    common = min(len(old), len(new))
    return old[:common] == new[:common]


def _differing(old: Mapping[int, Node], new: Mapping[int, Node], *, alike: bool) -> AbstractSet[int]:
    """The handles whose nodes are new, gone, or say something else; all where their indexes mean something else."""
    if not alike:
        return old.keys() | new.keys()
    changed = {handle for handle, node in new.items() if not _same(old.get(handle), node)}
    return changed | (old.keys() - new.keys())


def _same(old: Node | None, new: Node) -> bool:
    return old is new or old == new
