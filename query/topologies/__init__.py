"""The topologies: every module here with a TOPOLOGY is one."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from query.topologies.definition import Definition
from scope.report.v1.topology_pb2 import Topology


@cache
def topologies() -> Mapping[str, Definition]:
    """Every topology by id, in ascending order of rank, each before those that show it in another way."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found: list[Definition] = [module.TOPOLOGY for module in modules if hasattr(module, "TOPOLOGY")]
    return {topology.id: topology for topology in sorted(found, key=_order)}


@cache
def topology_showing(kind: Topology.ValueType) -> Definition | None:
    """The topology to look at for nodes of a kind; None where none shows them."""
    return next((topology for topology in topologies().values() if kind in topology.kinds), None)


def _order(topology: Definition) -> tuple[int, str, str]:
    return topology.rank, topology.parent, topology.name
