"""A node as it is in a topology."""

from collections.abc import Iterable, Iterator

from query.model import Model
from query.node.rows import rows
from query.node.tables import tables
from query.topologies import topology_showing
from query.topologies.definition import Definition, Name
from scope.query.v1.node_pb2 import NodeSummary, Parent
from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT

#: The pseudo nodes: what is outside of all that probes report.
PSEUDO = {
    INTERNET_IN: Name("The Internet", "Inbound connections", INTERNET_IN),
    INTERNET_OUT: Name("The Internet", "Outbound connections", INTERNET_OUT),
}


def summary(
    model: Model, definition: Definition, node: str, adjacency: Iterable[str], *, sensitive: bool
) -> NodeSummary | None:
    """A node without its measurements; None where there is no such node."""
    if node in PSEUDO:
        return _pseudo(node, adjacency)
    facts = model.facts(node)
    if facts is None:
        return None
    declared = model.declarations.of(facts.topology)
    name = definition.named(facts)
    return NodeSummary(
        id=node,
        label=name.label,
        label_minor=name.minor,
        rank=name.rank,
        shape=definition.shape,
        metadata=rows(facts, declared.rows, sensitive=sensitive),
        parents=_parents(model, model.parents(node)),
        tables=tables(facts, declared.tables, sensitive=sensitive),
        adjacency=sorted(adjacency),
        quiet=model.quiet(node),
    )


def named(model: Model, node: str) -> Name | None:
    """What a node is called wherever it is mentioned; None where no topology shows it."""
    if node in PSEUDO:
        return PSEUDO[node]
    facts = model.facts(node)
    definition = topology_showing(facts.topology) if facts else None
    return definition.named(facts) if facts and definition else None


def _pseudo(node: str, adjacency: Iterable[str]) -> NodeSummary:
    name = PSEUDO[node]
    return NodeSummary(
        id=node,
        label=name.label,
        label_minor=name.minor,
        rank=name.rank,
        shape="cloud",
        pseudo=True,
        adjacency=sorted(adjacency),
    )


def _parents(model: Model, nodes: Iterable[str]) -> Iterator[Parent]:
    """Those that a topology shows, in the topologies' order."""
    found = []
    for node in nodes:
        facts = model.facts(node)
        definition = topology_showing(facts.topology) if facts else None
        if facts and definition:
            found.append((definition.rank, definition.named(facts).label, node, definition.id))
    for _, label, node, topology in sorted(found):
        yield Parent(id=node, label=label, topology_id=topology)
