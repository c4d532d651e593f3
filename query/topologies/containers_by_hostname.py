"""Containers, those of one hostname together."""

from query.model import Model
from query.topologies.bases import CONTAINERS
from query.topologies.definition import Definition
from query.topologies.mapping import group_by


def _hostname(model: Model, container: str) -> str | None:
    return model.text(container, "docker_container_hostname")


TOPOLOGY = Definition(
    id="containers-by-hostname",
    name="by DNS name",
    rank=2,
    parent="containers",
    base=CONTAINERS,
    group=group_by(_hostname),
    options=("system", "stopped", "uncontained", "namespace"),
)
