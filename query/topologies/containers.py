"""Containers, whatever their engine."""

from query.topologies.bases import CONTAINERS
from query.topologies.definition import Definition
from scope_sdk.report.ids import CONTAINER

TOPOLOGY = Definition(
    id="containers",
    name="Containers",
    rank=2,
    base=CONTAINERS,
    kinds=(CONTAINER,),
    options=("system", "stopped", "uncontained", "namespace"),
)
