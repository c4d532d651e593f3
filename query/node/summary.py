"""A node as it is in a topology."""

import ipaddress
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from query.model import Model
from query.node.rows import rows
from query.node.tables import tables
from query.pseudo import INTERNETS, is_pseudo
from query.topologies import topology_showing
from scope.query.v1.node_pb2 import NodeSummary, Parent
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.ids import HOST, INTERNET_IN, PROCESS
from scope_sdk.report.merge import Facts

_SHAPES = {HOST: "circle", PROCESS: "square", Topology.TOPOLOGY_CONTAINER: "hexagon"}


class Name(NamedTuple):
    """What a node is called; nodes of one rank are coloured alike."""

    label: str
    minor: str = ""
    rank: str = ""


def summary(model: Model, node: str, adjacency: Iterable[str], *, sensitive: bool) -> NodeSummary:
    """A node without its measurements."""
    facts = model.facts(node)
    if facts is None:
        return _bare(node, adjacency)
    declared = model.declarations.of(facts.topology)
    name = _named(facts)
    return NodeSummary(
        id=node,
        label=name.label,
        label_minor=name.minor,
        rank=name.rank,
        shape=_SHAPES.get(facts.topology, "heptagon"),
        metadata=rows(facts, declared.rows, sensitive=sensitive),
        parents=_parents(model, model.parents(node)),
        tables=tables(facts, declared.tables, sensitive=sensitive),
        adjacency=sorted(adjacency),
        quiet=model.quiet(node),
    )


def named(model: Model, node: str) -> Name | None:
    """What a node is called wherever it is mentioned; None where no topology shows it."""
    facts = model.facts(node)
    if facts is not None:
        return _named(facts) if topology_showing(facts.topology) else None
    return _named_bare(node)


def _named_bare(node: str) -> Name:
    if node in INTERNETS:
        return Name("The Internet", f"{'Inbound' if node == INTERNET_IN else 'Outbound'} connections", node)
    return Name(node, "", node)


def _named(node: Facts) -> Name:
    if node.topology == HOST:
        return _split(node.label or node.id.rpartition(";")[0])
    if node.topology == PROCESS:
        host, _, pid = node.id.partition(";")
        name = node.texts.get("name") or node.label
        return Name(name, f"{host} ({pid})", name) if name else Name(pid, host, host)
    return Name(node.label or node.id, "", node.label)


@lru_cache(maxsize=10_000)
def _split(name: str) -> Name:
    """The first part of the DNS name, and the rest in small print; an address stays whole."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        first, _, rest = name.partition(".")
        return Name(first, rest, rest)
    return Name(name)


def _bare(node: str, adjacency: Iterable[str]) -> NodeSummary:
    """What is only a name: a pseudo node, or all things of one name."""
    pseudo = is_pseudo(node)
    name = _named_bare(node)
    return NodeSummary(
        id=node,
        label=name.label,
        label_minor=name.minor,
        rank=name.rank,
        shape="cloud" if pseudo else "circle",
        pseudo=pseudo,
        stack=not pseudo,
        adjacency=sorted(adjacency),
    )


def _parents(model: Model, nodes: Iterable[str]) -> Iterator[Parent]:
    """Those that a topology shows, in the topologies' order."""
    found = []
    for node in nodes:
        facts = model.facts(node)
        definition = topology_showing(facts.topology) if facts else None
        if facts and definition:
            found.append((definition.rank, _named(facts).label, node, definition.id))
    for _, label, node, topology in sorted(found):
        yield Parent(id=node, label=label, topology_id=topology)
