"""What can be done to a node now, and by which probe."""

from collections.abc import Iterator

from query.model import Model
from scope.query.v1.node_pb2 import NodeControl, NodeControlArgument
from scope.report.v1.template_pb2 import ArgumentTemplate, ControlTemplate
from scope_sdk.report.standard import needed_permission


def controls(model: Model, node: str) -> Iterator[NodeControl]:
    """What probes offer to do to a node, in ascending order of rank; the one heard of last where several offer it.

    One that was not heard of lately can hardly be reached.
    """
    offered: dict[str, tuple[str, ControlTemplate]] = {}
    heard = (probe for probe in model.reporters(node) if not probe.quiet)
    for probe in sorted(heard, key=lambda probe: (probe.heard, probe.id)):
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
            permission=needed_permission(control.id, control.permission),
            arguments=map(_argument, control.arguments),
        )


def _argument(argument: ArgumentTemplate) -> NodeControlArgument:
    return NodeControlArgument(
        name=argument.name,
        label=argument.label,
        choices=argument.choices,
        default_value=argument.default_value,
    )
