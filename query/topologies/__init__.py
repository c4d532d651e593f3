"""The topologies: every module here with a TOPOLOGY is one."""

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache

from query.topologies.definition import Definition
from scope.report.v1.topology_pb2 import Topology


@cache
def topologies() -> Mapping[str, Definition]:
    """Every topology by id, in ascending order of rank."""
    modules = [importlib.import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    found: list[Definition] = [module.TOPOLOGY for module in modules if hasattr(module, "TOPOLOGY")]
    return {topology.id: topology for topology in sorted(found, key=lambda topology: (topology.rank, topology.id))}


@cache
def topology_showing(kind: Topology.ValueType) -> Definition | None:
    """The first topology that shows nodes of a kind; None where none does."""
    return next((topology for topology in topologies().values() if topology.kind == kind), None)
