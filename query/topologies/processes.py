"""Processes."""

from query.topologies.definition import Definition, Name
from query.topologies.mapping import owner_of
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.merge import Facts


def _named(node: Facts) -> Name:
    """What it calls itself, and in small print where it runs."""
    host, _, pid = node.id.partition(";")
    name = node.texts.get("name") or node.label
    return Name(name, f"{host} ({pid})", name) if name else Name(pid, host, host)


TOPOLOGY = Definition(
    id="processes",
    name="Processes",
    rank=1,
    hide_if_empty=True,
    kind=Topology.TOPOLOGY_PROCESS,
    shape="square",
    named=_named,
    place=owner_of(Topology.TOPOLOGY_PROCESS),
)
