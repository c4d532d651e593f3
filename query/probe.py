"""One probe, as its reports tell it."""

from array import array
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import chain

from opentelemetry.trace import SpanContext

from query.children import Children
from query.samples import Block, Samples
from scope.report.v1.report_pb2 import Connections, Report
from scope.report.v1.template_pb2 import ControlTemplate
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.fit import Nodes
from scope_sdk.report.ids import HOST, ending
from scope_sdk.report.state import ProbeState

_HOSTS_END = ending(HOST)


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
    #: Ids of nodes that gained or lost something that belongs to them, or to which something belongs that differs.
    families: set[str] = field(default_factory=set)
    #: The probe's connections, where they, or who owns them, may differ.
    connections: Connections | None = None
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
        #: This probe by its id.
        self.alone = {probe: self}
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
        self._nodes = Nodes()
        self._children = Children()
        self._strings: list[str] = []
        self._epoch = 0
        self._spoken: Sequence[int] = ()
        # As bytes.
        self._connections = self._templates = b""
        self._owners = array("I")

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

    def parents(self, node: str) -> list[str]:
        """Ids of what one of its nodes belongs to: what it names as parents, and its host."""
        message, known = self._nodes[self.handles[node]], self.ids
        return [known[handle] for handle in (*message.parents[:], message.host) if handle in known]

    def label(self, node: str) -> str:
        """What one of its nodes is called."""
        return self._nodes[self.handles[node]].label

    def text(self, node: str, key: str) -> str | None:
        """One of a node's attributes, if it has it as text."""
        message, strings = self._nodes[self.handles[node]], self._strings
        texts = zip(message.text_keys[:], message.texts[:], strict=True)
        return next((text for index, text in texts if strings[index] == key), None)

    def children(self, node: str) -> Iterator[str]:
        """Ids of those of its nodes that name this one of them as a parent or as their host."""
        return (self.ids[child] for child in self._children.of(self.handles[node]))

    def controls(self, node: str) -> Iterator[ControlTemplate]:
        """What it declares and can do now to one of its nodes."""
        message = self._nodes[self.handles[node]]
        offered = {self._strings[control] for control in message.controls[:]}
        declared = (kind.controls for kind in self.state.templates().topologies if kind.topology == message.topology)
        return (control for control in chain.from_iterable(declared) if control.id in offered)

    def hostname(self) -> str:
        """The name of the host that it runs on: the first that it reports; empty where it reports none."""
        # Few others have such an id, if any.
        perhaps = sorted(handle for handle, name in self.ids.items() if name.endswith(_HOSTS_END))
        return next((name for handle in perhaps if (name := _host_name(self._nodes, handle))), "")

    def addresses(self, node: str) -> Sequence[str]:
        """The addresses that reach one of its nodes and nothing else."""
        return self._nodes[self.handles[node]].addresses[:]

    def _hear(self, heading: Heading) -> None:
        self.heard = max(self.heard, heading.arrived)
        self.heard_at = max(self.heard_at, heading.at)

    def _start(self, report: Report, heading: Heading) -> Changes:
        """Takes in the first report of an epoch: no handle means what it meant before."""
        self._epoch = report.epoch
        families = {node for handle, node in self.ids.items() if self._children.of(handle)}
        self._nodes, self._children, self._strings = Nodes(), Children(), []
        self.samples.clear()
        gone = set(self.handles)
        self.ids, self.handles = {}, {}
        changes = self._go_on(report, heading)
        changes.nodes |= gone
        changes.families |= families
        changes.connections = self.state.connections()
        changes.templates = True
        return changes

    def _go_on(self, report: Report, heading: Heading) -> Changes:
        templates, self._templates = self._templates, self.state.packed("templates")
        changed, families = self._renew(report)
        parents = {self.ids[handle] for handle in families & self.ids.keys()}
        names, moved = self._rename(changed)
        if not report.base:
            self._compact()
        return Changes(
            nodes=names | {self.ids[child] for handle in moved for child in self._children.of(handle)},
            families=parents | {self.ids[handle] for handle in families & self.ids.keys()},
            connections=self._reconnect(moved),
            templates=templates != self._templates,
            block=self.samples.add(report, self._strings, heading.arrived),
        )

    def _renew(self, report: Report) -> tuple[AbstractSet[int], AbstractSet[int]]:
        """Brings the nodes up to date.

        Answers the handles of those that are new, gone, or say something else, and of those that these belong to.
        """
        old, self._nodes = self._nodes, self.state.nodes()
        strings, self._strings = self._strings, self.state.strings()
        spoken, self._spoken = self._spoken, _spoken_of(report)
        # Two deltas have one base: what neither of them speaks of is as it was.
        before, now = old.packed, self._nodes.packed
        perhaps = {*spoken, *self._spoken} if report.base else before.keys() | now.keys()
        changed = {handle for handle in perhaps if before.get(handle) != now.get(handle)}
        families = self._children.update(changed, old, self._nodes)
        if not _continues(strings, self._strings):
            return before.keys() | now.keys(), now.keys()
        renamed = {handle for handle in changed if _host_name(old, handle) != _host_name(self._nodes, handle)}
        return changed | self._of_hosts(renamed), families

    def _of_hosts(self, handles: AbstractSet[int]) -> set[int]:
        """The nodes that have one of these as their host: its name is part of their ids."""
        return {handle for handle, node in self._nodes.items() if node.host in handles} if handles else set()

    def _reconnect(self, moved: AbstractSet[int]) -> Connections | None:
        """The connections, if they, or who owns them, may differ; `moved` are handles that mean another node now."""
        before, self._connections = self._connections, self.state.packed("connections")
        if before == self._connections and moved.isdisjoint(self._owners):
            return None
        connections = self.state.connections()
        self._owners = array("I", set(connections.owners[:]))
        return connections

    def _rename(self, handles: AbstractSet[int]) -> tuple[set[str], AbstractSet[int]]:
        """Brings the ids of some handles up to date; answers those that they had and have, and whose differ."""
        before = {handle: self.ids.pop(handle) for handle in handles & self.ids.keys()}
        for handle, name in before.items():
            if self.handles.get(name) == handle:
                del self.handles[name]
        for handle in handles & self._nodes.packed.keys():
            name = self.ids[handle] = self.state.id_of(handle)
            self.handles[name] = handle
        now = {handle: self.ids[handle] for handle in handles & self.ids.keys()}
        return {*before.values(), *now.values()}, {handle for handle, _ in before.items() ^ now.items()}

    def _compact(self) -> None:
        """Gives back the room that nodes had which are gone."""
        self.ids, self.handles = {**self.ids}, {**self.handles}


def _continues(old: list[str], new: list[str]) -> bool:
    """Whether every index means the same in both string tables."""
    common = min(len(old), len(new))
    return old[:common] == new[:common]


def _spoken_of(report: Report) -> Sequence[int]:
    """The handles of the nodes that a delta changes; none for a full report."""
    return (*(node.handle for node in report.nodes), *report.removed) if report.base else ()


def _host_name(nodes: Nodes, handle: int) -> str:
    """The name of a host; empty where there is no host of that handle."""
    node = nodes.get(handle)
    return node.id if node is not None and node.topology == Topology.TOPOLOGY_HOST else ""
