"""What probes say at one moment, together, as plain data."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import NamedTuple

from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import merge
from scope_sdk.report.merge import Facts
from scope_sdk.report.state import ProbeState

#: An address, with its scope if it has one, and a port.
End = tuple[str, int]


class Row(NamedTuple):
    """One end of a connection, as a probe reports it."""

    client: End
    server: End
    #: Whether it is the listening end that is reported.
    incoming: bool
    owner: str
    times: int

    @property
    def key(self) -> tuple[End, End]:
        """The connection that it is an end of."""
        return self.client, self.server

    @property
    def local(self) -> End:
        """The end that is held."""
        return self.server if self.incoming else self.client


@dataclass(frozen=True)
class Probe:
    """What one probe says.

    Attributes:
        state: its reports.
        changed: by node, a number that is larger the later the probe changed what it says of it.
        quiet: whether it was not heard of lately.
    """

    state: ProbeState
    changed: Mapping[str, int]
    quiet: bool


@dataclass(frozen=True)
class Said:
    """What all of them say.

    Attributes:
        nodes: what is said of each node.
        quiet: the nodes of which no probe was heard lately.
        rows: all ends of connections whose owner is reported.
        translations: where what is addressed to an end is delivered, everything that is said of it.
        names: the names of each address: those that resolve to it, and those that it resolves to.
    """

    nodes: Mapping[str, Facts]
    quiet: frozenset[str]
    rows: Sequence[Row]
    translations: Mapping[End, frozenset[End]]
    names: Mapping[str, tuple[frozenset[str], frozenset[str]]]

    def kind(self, node: str) -> Topology.ValueType | None:
        """What kind of thing a node is; None where nobody reports it."""
        return self.nodes[node].topology if node in self.nodes else None

    def of_kind(self, *kinds: Topology.ValueType) -> list[str]:
        """The nodes of some kinds."""
        return [node for node, facts in self.nodes.items() if facts.topology in kinds]

    def parents(self, node: str, *kinds: Topology.ValueType) -> list[str]:
        """What a node belongs to, of some kinds, by id; nothing where it is not reported."""
        named = self.nodes[node].parents if node in self.nodes else ()
        return sorted(parent for parent in named if self.kind(parent) in kinds)


def said(probes: Sequence[Probe]) -> Said:
    """What they say together."""
    contributions: dict[str, list[tuple[int, Facts, bool]]] = defaultdict(list)
    translations: dict[End, set[End]] = defaultdict(set)
    names: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for probe in probes:
        for handle in probe.state.nodes():
            facts = merge.facts(probe.state, handle)
            contributions[facts.id].append((probe.changed[facts.id], facts, probe.quiet))
        connections = probe.state.connections()
        for original, translated in _translations(probe):
            translations[original].add(translated)
        for name in connections.names:
            forward, reverse = names[connections.addresses[name.address]]
            forward.update(name.forward)
            reverse.update(name.reverse)
    return Said(
        nodes={node: _folded(told) for node, told in contributions.items()},
        quiet=frozenset(node for node, told in contributions.items() if all(quiet for _, _, quiet in told)),
        rows=[row for probe in probes for row in _rows(probe)],
        translations={end: frozenset(translated) for end, translated in translations.items()},
        names={address: (frozenset(forward), frozenset(reverse)) for address, (forward, reverse) in names.items()},
    )


def _folded(told: Iterable[tuple[int, Facts, bool]]) -> Facts:
    return merge.fold([facts for _, facts, _ in sorted(told, key=lambda one: one[0])])


def _rows(probe: Probe) -> Iterator[Row]:
    said = probe.state.connections()
    for row, (handle, times) in enumerate(zip(said.owners, said.counts or repeat(1), strict=False)):
        if handle in probe.state.nodes():
            local = (said.addresses[said.local_addresses[row]], said.local_ports[row])
            remote = (said.addresses[said.remote_addresses[row]], said.remote_ports[row])
            incoming = said.incoming[row]
            client, server = (remote, local) if incoming else (local, remote)
            yield Row(client, server, incoming, probe.state.id_of(handle), times)


def _translations(probe: Probe) -> Iterator[tuple[End, End]]:
    said = probe.state.connections()
    pairs = said.translations
    columns = (pairs.original_addresses, pairs.original_ports, pairs.translated_addresses, pairs.translated_ports)
    for original, original_port, translated, translated_port in zip(*columns, strict=True):
        yield (said.addresses[original], original_port), (said.addresses[translated], translated_port)
