"""A node's attributes as rows."""

from collections.abc import Callable, Iterable, Iterator

from scope.query.v1.node_pb2 import MetadataRow
from scope.report.v1.template_pb2 import DataType, RowTemplate
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids
from scope_sdk.report.merge import Facts

#: How many things of a kind belong to the node.
Count = Callable[[Topology.ValueType], int]

_DATA_TYPES = {number: name.removeprefix("DATA_TYPE_").lower() for name, number in DataType.items() if number}
#: The kinds of which a row of that id says how many there are.
_COUNTED = {ids.topology_name(kind): kind for kind in ids.TOPOLOGIES}


def data_type(value: DataType.ValueType) -> str:
    """A data type as answers name it; empty for text, and for one that is newer than this service."""
    return _DATA_TYPES.get(value, "")


def rows(node: Facts, templates: Iterable[RowTemplate], count: Count, *, sensitive: bool) -> Iterator[MetadataRow]:
    """The rows that a node has, in the templates' order; those that are sensitive only where asked for."""
    for template in templates:
        value = None if template.sensitive and not sensitive else _value(node, template.id, count)
        if value is not None:
            yield MetadataRow(
                id=template.id,
                label=template.label,
                value=value,
                priority=template.priority,
                data_type=data_type(template.data_type),
                truncate=template.truncate,
            )


def text(node: Facts, key: str) -> str | None:
    """An attribute as text, None where the node has none of that key."""
    if key in node.texts:
        return node.texts[key]
    if key in node.numbers:
        number = node.numbers[key]
        return str(int(number)) if number.is_integer() else repr(number)
    if key in node.sets:
        return ", ".join(sorted(node.sets[key]))
    return None


def _value(node: Facts, key: str, count: Count) -> str | None:
    value = text(node, key)
    if value is None and key in _COUNTED:
        return str(count(_COUNTED[key]))
    return value
