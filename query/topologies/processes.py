"""Processes."""

from query.topologies.bases import PROCESSES
from query.topologies.definition import Definition
from scope_sdk.report.ids import PROCESS

TOPOLOGY = Definition(
    id="processes",
    name="Processes",
    rank=1,
    hide_if_empty=True,
    base=PROCESSES,
    kinds=(PROCESS,),
    options=("unconnected",),
)
