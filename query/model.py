"""Everything the probes of one organization say, together: nodes by id, connections joined, and what changed since.

Nothing here waits or reads a clock: moments are given, in seconds of one monotonic clock.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from opentelemetry.trace import SpanContext

from query.join import EdgeChange, EdgeChanges, Join, columns
from query.missing import missing
from query.probe import Heading, Probe
from query.samples import Arrival, Newest
from query.templates import Declarations
from scope.query.v1.node_pb2 import Missing
from scope.report.v1.report_pb2 import Report
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids, merge
from scope_sdk.report.merge import Facts

#: The attribute of hosts that holds the networks they are part of.
_LOCAL_NETWORKS = "local_networks"
#: How many nodes' facts are kept decoded; beyond it the memory starts anew.
_REMEMBERED = 5_000
_HOST = ids.ending(ids.HOST)
_NAMESPACE = ids.ending(Topology.TOPOLOGY_NAMESPACE)
_NOBODY: Mapping[str, Probe] = {}
#: Of how many nodes and edges a part of everything is.
_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long things are shown, in seconds.

    Attributes:
        quiet: a probe that was not heard of for so long is quiet.
        gone: and after so long it is gone, with all that it said.
        edges: how long an edge is shown after it was last seen.
        samples: how long measurements are kept.
    """

    quiet: float = 10
    gone: float = 60
    edges: float = 15
    samples: float = 60


@dataclass(slots=True)
class Change:
    """What changed in a model since it was last asked."""

    #: Ids of nodes that are new, differ or are gone.
    nodes: set[str] = field(default_factory=set)
    #: Ids of nodes of which it differs what belongs to them, or to that; not processes and hosts: they are many.
    families: set[str] = field(default_factory=set)
    edges: EdgeChanges = field(default_factory=dict)
    #: Ids of nodes that are quiet now or not any more, and else as they were.
    marked: set[str] = field(default_factory=set)
    #: Whether everything is shown in another way.
    templates: bool = False
    #: Whether there was any report: what nodes measure may differ.
    reported: bool = False
    #: Measurements that arrived.
    arrivals: list[Arrival] = field(default_factory=list)
    #: Where the traces of the reports that brought it have got to, of some that are sampled.
    traces: Sequence[SpanContext] = ()


class Model:
    """The present state of one organization."""

    def __init__(self, lifetimes: Lifetimes) -> None:
        self.lifetimes = lifetimes
        self.declarations = Declarations()
        self.probes: dict[str, Probe] = {}
        #: The namespaces of Kubernetes, by id.
        self.namespaces: set[str] = set()
        #: How many reports could not be taken in.
        self.unusable = 0
        #: What it does not show, or shows although it may be out of date.
        self.missing = Missing()
        # The probes that report a node, in the order in which the log brought what each says of it now. Most nodes have
        # one: all of those share a dictionary, `alone` of the probe.
        self._reporters: dict[str, dict[str, Probe]] = {}
        self._facts: dict[str, Facts] = {}
        self._join = Join()
        self._change = Change()
        # Numbers the states of all probes, so that no two have the same.
        self._states = count(1)

    def apply(self, heading: Heading, report: Report) -> bool:
        """Takes in a report; False for one that is of no use, which changes nothing."""
        probe = self.probes.get(heading.probe)
        if probe is None:
            probe = self.probes[heading.probe] = Probe(heading.probe, self.lifetimes.samples)
        probe.measured = next(self._states)
        self._change.reported = True
        changes = probe.offer(heading, report)
        if changes is None:
            return False
        for node in changes.nodes:
            self._contribute(node, probe)
        self._change.nodes |= changes.nodes
        self._change.families |= changes.families
        if changes.connections is not None:
            self._join.put(probe.id, columns.rows(changes.connections, probe.ids))
            self._join.translate(probe.id, columns.translations(changes.connections))
            self._join.names.put(probe.id, columns.names(changes.connections))
        if changes.templates:
            self._change.templates |= self.declarations.put(probe.id, probe.state.packed("templates"))
        if changes.block is not None:
            self._change.arrivals.append(Arrival(changes.block, probe.ids))
        return True

    def take_change(self, now: float, *, patient: bool = False) -> Change:
        """Lets go of what is too old, joins what arrived, and says what changed since the last time.

        Args:
            now: the present moment.
            patient: whether probes that are silent are kept however long it lasts.
        """
        self._age(now, patient=patient)
        self._miss()
        change, self._change = self._change, Change()
        change.families = self._above(change.families)
        self._settle_addresses(change.nodes)
        change.edges = self._join.settle()
        return change

    def everything(self, at_once: int = _AT_ONCE) -> Iterator[Change]:
        """The whole as changes from nothing, of so many nodes and edges at most; measurements are read from the nodes.

        Nothing may change before the last of them.
        """
        nodes, edges = list(self._reporters), list(self._join.edges())
        for start in range(0, max(len(nodes), len(edges), 1), at_once):
            part = slice(start, start + at_once)
            came = dict.fromkeys(edges[part], EdgeChange.CAME)
            yield Change(nodes=set(nodes[part]), edges=came, templates=not start)

    def facts(self, node: str) -> Facts | None:
        """What is said of a node, None where no probe reports it."""
        facts = self._facts.get(node)
        if facts is None:
            contributions = [merge.facts(probe.state, probe.handles[node]) for probe in self.reporters(node)]
            if not contributions:
                return None
            if len(self._facts) >= _REMEMBERED:
                self._facts.clear()
            facts = self._facts[node] = merge.fold(contributions)
        return facts

    def text(self, node: str, key: str) -> str | None:
        """One of a node's attributes, if it has it as text; cheaper than its facts."""
        reporters = self.reporters(node)
        if len(reporters) == 1:
            return next(iter(reporters)).text(node, key)
        facts = self.facts(node)
        return facts.texts.get(key) if facts else None

    def kind(self, node: str) -> Topology.ValueType | None:
        """What kind of thing a node is."""
        for probe in self._reporters.get(node, _NOBODY).values():
            return probe.kind(node)
        return None

    def parents(self, node: str) -> set[str]:
        """Ids of what a node belongs to, its host among them; cheaper than its facts."""
        found = set[str]()
        for probe in self.reporters(node):
            found.update(probe.parents(node))
        return found

    def label(self, node: str) -> str:
        """What a probe says a node is called; cheaper than its facts."""
        return next((label for probe in self.reporters(node) if (label := probe.label(node))), "")

    def children(self, node: str) -> set[str]:
        """Ids of what belongs to a node, without what belongs to those."""
        return {child for probe in self.reporters(node) for child in probe.children(node)}

    def reporters(self, node: str) -> Collection[Probe]:
        """The probes that report a node."""
        return self._reporters.get(node, _NOBODY).values()

    def quiet(self, node: str) -> bool:
        """Whether none of the probes that report the node was heard of lately."""
        return all(probe.quiet for probe in self.reporters(node))

    def newest(self, node: str, metric: str) -> Newest | None:
        """The newest value of a metric, of whichever probe was heard of last."""
        heard, newest = float("-inf"), None
        for probe in self.reporters(node):
            found = probe.samples.newest(probe.handles[node], metric)
            if found is not None and probe.heard > heard:
                heard, newest = probe.heard, found
        return newest

    def series(self, node: str, metric: str) -> list[tuple[int, float]]:
        """Every sample kept of a metric: when (milliseconds since 1970, by the probe's clock) and how much."""
        probes = self.reporters(node)
        return sorted(pair for probe in probes for pair in probe.samples.series(probe.handles[node], metric))

    def measured(self, node: str) -> tuple[int, ...]:
        """Which states of which probes the newest values of the node follow from; never again the same for others."""
        return tuple([probe.measured for probe in self._reporters.get(node, _NOBODY).values()])

    @property
    def connections(self) -> Join:
        """The connections of all probes."""
        return self._join

    def _above(self, nodes: Iterable[str]) -> set[str]:
        """These nodes and all that they belong to, without hosts."""
        found: set[str] = set()
        waiting = list(nodes)
        while waiting:
            node = waiting.pop()
            if node not in found and self.kind(node) != ids.HOST:
                found.add(node)
                waiting.extend(self.parents(node))
        return found

    def _contribute(self, node: str, probe: Probe) -> None:
        """Notes that what a probe says of a node changed."""
        facts, others = self._facts.pop(node, None), self._reporters.get(node, _NOBODY)
        if facts is not None and probe.id not in others and node in probe.handles:
            # Many probes may report one image: what this one adds is added, not all that the others say put together.
            self._facts[node] = merge.fold([facts, merge.facts(probe.state, probe.handles[node])])
        known = self._reporters.pop(node, probe.alone)
        if known.keys() == probe.alone.keys():
            known = probe.alone if node in probe.handles else {}
        else:
            if len(known) == 1:
                known = {**known}  # it may be some probe's own
            known.pop(probe.id, None)
            if node in probe.handles:
                known[probe.id] = probe
        if known:
            self._reporters[node] = known
        if node.endswith(_NAMESPACE):
            (self.namespaces.add if known else self.namespaces.discard)(node)

    def _settle_addresses(self, nodes: Iterable[str]) -> None:
        """Takes in which addresses and networks nodes have now."""
        for node in nodes:
            if not node.endswith(">"):
                continue  # a process: it has none
            kind = self.kind(node)
            addresses = {address for probe in self.reporters(node) for address in probe.addresses(node)}
            self._join.claim(node, kind, addresses)
            if node.endswith(_HOST):
                facts = self.facts(node)
                self._join.networks.put(node, facts.sets.get(_LOCAL_NETWORKS, ()) if facts else ())

    def _miss(self) -> None:
        """Brings up to date what is missing."""
        self.missing = missing(self.probes.values(), self.unusable)

    def _age(self, now: float, *, patient: bool) -> None:
        for probe in list(self.probes.values()):
            if probe.quiet and probe.samples.trim(now):
                probe.measured = next(self._states)
            if now - probe.heard > self.lifetimes.gone and not patient:
                self._forget(probe)
            elif probe.quiet != (now - probe.heard > self.lifetimes.quiet):
                probe.quiet = not probe.quiet
                self._change.marked.update(probe.handles)

    def _forget(self, probe: Probe) -> None:
        del self.probes[probe.id]
        nodes = set(probe.handles)
        things = (node for node in nodes if probe.kind(node) != ids.PROCESS)
        self._change.families.update(parent for node in things for parent in probe.parents(node))
        probe.handles = {}
        for node in nodes:
            self._contribute(node, probe)
        self._change.nodes |= nodes
        self._join.forget(probe.id)
        self._change.templates |= self.declarations.put(probe.id, b"")


def conflict(probe: Probe, now: float, quiet: float) -> bool:
    """Whether another live probe reports under the same id."""
    return now - probe.contradicted <= quiet


def probes_by_id(model: Model) -> Iterator[Probe]:
    """The probes of an organization in ascending order of id."""
    return (model.probes[name] for name in sorted(model.probes))
