"""A node's tables."""

from collections.abc import Iterable, Iterator

from query.node.rows import data_type
from scope.query.v1.node_pb2 import Column, NodeTable, NodeTableRow
from scope.report.v1.template_pb2 import TableTemplate, TableType
from scope_sdk.report.merge import Facts, Rows


def tables(node: Facts, templates: Iterable[TableTemplate], *, sensitive: bool) -> Iterator[NodeTable]:
    """The tables that a node has, in the templates' order; those that are sensitive only where asked for."""
    for template in templates:
        rows = node.tables.get(template.id)
        if rows and (sensitive or not template.sensitive):
            yield NodeTable(
                id=template.id,
                label=template.label,
                type="multicolumn-table" if template.type == TableType.TABLE_TYPE_MULTICOLUMN else "property-list",
                columns=[
                    Column(id=column.id, label=column.label, data_type=data_type(column.data_type))
                    for column in template.columns
                ],
                rows=_rows(rows, [column.id for column in template.columns]),
            )


def _rows(rows: Rows, columns: list[str]) -> Iterator[NodeTableRow]:
    for name in sorted(rows):
        yield NodeTableRow(id=name, entries=dict(zip(columns, rows[name], strict=False)))
