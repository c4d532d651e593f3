"""A node as it is in a topology."""

from collections.abc import Iterable

from query.model import Model
from query.node.look import look, look_at, stands_for_a_name
from query.node.names import Name
from query.node.parents import parents
from query.node.rows import rows
from query.node.tables import tables
from query.selection import Selection
from scope.query.v1.node_pb2 import NodeSummary
from scope_sdk.report.merge import Facts


def summary(
    model: Model, selection: Selection, node: str, above: Iterable[str], *, sensitive: bool, drawn: bool = False
) -> NodeSummary:
    """A node without its measurements.

    Args:
        model: the organization.
        selection: the topology.
        node: its id.
        above: what it belongs to (`ancestors`).
        sensitive: whether its reader may see what is marked as sensitive.
        drawn: whether it is only drawn: it has no rows, parents and tables then.
    """
    found = look(model, selection, node)
    shown = outline(node, found.name)
    shown.adjacency[:] = sorted(selection.adjacency(node))
    shown.pseudo = node in selection.pseudo
    shown.quiet = _is_quiet(model, selection, node)
    if found.facts is not None and not drawn:
        declared = model.declarations.of(found.facts.topology)
        shown.metadata.extend(rows(found.facts, declared.rows, found.count, sensitive=sensitive))
        shown.tables.extend(tables(found.facts, declared.tables, sensitive=sensitive))
        shown.parents.extend(parents(model, node, above))
    return shown


def listed(model: Model, node: Facts, *, sensitive: bool) -> NodeSummary:
    """A node where it is listed with others: without measurements, tables and parents."""
    found = look_at(model, node)
    shown = outline(node.id, found.name)
    shown.quiet = model.quiet(node.id)
    shown.metadata.extend(rows(node, model.declarations.of(node.topology).rows, found.count, sensitive=sensitive))
    return shown


def outline(node: str, name: Name) -> NodeSummary:
    """A node's name and looks."""
    return NodeSummary(
        id=node, label=name.label, label_minor=name.minor, rank=name.rank, shape=name.shape, stack=name.stack
    )


def _is_quiet(model: Model, selection: Selection, node: str) -> bool:
    """Whether nobody who reports it, or anything that it stands for, was heard of lately."""
    if node in selection.pseudo:
        return False
    if stands_for_a_name(selection.definition):
        return all(map(model.quiet, selection.bases(node)))
    return model.quiet(node)
