"""What can be done to a node now, and by which probe."""

from collections.abc import Iterator

from query.model import Model
from scope.query.v1.node_pb2 import NodeControl
from scope.report.v1.template_pb2 import ControlTemplate


def controls(model: Model, node: str) -> Iterator[NodeControl]:
    """What probes offer to do to a node, in ascending order of rank; the one heard of last where several offer it."""
    offered: dict[str, tuple[str, ControlTemplate]] = {}
    for probe in sorted(model.reporters(node), key=lambda probe: (probe.heard, probe.id)):
        offered.update((control.id, (probe.id, control)) for control in probe.controls(node))
    for probe_id, control in sorted(offered.values(), key=lambda found: (found[1].rank, found[1].id)):
        yield NodeControl(
            probe_id=probe_id,
            node_id=node,
            id=control.id,
            human=control.label,
            icon=control.icon,
            confirmation=control.confirmation,
            rank=control.rank,
        )
