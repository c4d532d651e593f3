"""Machines."""

import ipaddress
from functools import lru_cache

from query.topologies.definition import Definition, Name
from query.topologies.mapping import parent_of
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.merge import Facts


def _named(node: Facts) -> Name:
    return _split(node.label or node.id.rpartition(";")[0])


@lru_cache(maxsize=10_000)
def _split(name: str) -> Name:
    """The first part of the DNS name, and the rest in small print; an address stays whole."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        first, _, rest = name.partition(".")
        return Name(first, rest, rest)
    return Name(name)


TOPOLOGY = Definition(
    id="hosts",
    name="Hosts",
    rank=4,
    kind=Topology.TOPOLOGY_HOST,
    shape="circle",
    named=_named,
    place=parent_of(Topology.TOPOLOGY_HOST),
)
