"""Processes, those of one name together."""

from query.model import Model
from query.topologies.bases import PROCESSES
from query.topologies.definition import Definition
from query.topologies.mapping import group_by


def _name(model: Model, process: str) -> str | None:
    name = model.text(process, "name")
    if name:
        return name
    facts = model.facts(process)
    return facts.label if facts else None


TOPOLOGY = Definition(
    id="processes-by-name",
    name="by name",
    rank=1,
    parent="processes",
    hide_if_empty=True,
    base=PROCESSES,
    group=group_by(_name),
    options=("unconnected",),
)
