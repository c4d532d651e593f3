"""Reports as people write them (`scope.report.v1.Document`), and what builders make of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from google.protobuf.struct_pb2 import ListValue, Value

from scope.report.v1.document_pb2 import (
    Document,
    DocumentConnection,
    DocumentNames,
    DocumentNode,
    DocumentTable,
    DocumentTranslation,
)
from scope.report.v1.report_pb2 import TableRow
from scope_sdk.report import ids, limits
from scope_sdk.report.addresses import format_endpoint, parse_endpoint
from scope_sdk.report.errors import ReportError, within
from scope_sdk.report.nodes import Attribute, NodeFacts, Sample
from scope_sdk.report.standard import STANDARD

if TYPE_CHECKING:
    from scope_sdk.report.builder import Builder


def load(document: Document, builder: Builder) -> None:
    """Adds what the document says to the builder and checks the whole; ReportError names the place in the document."""
    for index, node in enumerate(document.nodes):
        with within(f"nodes[{index}]"):
            _load_node(node, builder)
    for index, connection in enumerate(document.connections):
        with within(f"connections[{index}]"):
            _load_connection(connection, builder)
    declared: set[int] = set()
    for index, templates in enumerate(document.templates):
        with within(f"templates[{index}]"):
            if templates.topology in declared:  # joining costs as much as all that is known already
                raise ReportError("topology", "must be another than those before")
            declared.add(templates.topology)
            builder.template(templates)
    _declare_standard(builder)
    for index, translation in enumerate(document.translations):
        with within(f"translations[{index}]"):
            original = parse_endpoint(translation.original, "original")
            builder.translate(original, parse_endpoint(translation.translated, "translated"))
    for address, names in document.names.items():
        with within(f"names.{address:.80}"):
            builder.name(address, names.forward, names.reverse)
    for index, plugin in enumerate(document.plugins):
        with within(f"plugins[{index}]"):
            builder.plugin(plugin)
    builder.check()


def _declare_standard(builder: Builder) -> None:
    """Declares what is usual for the kinds of node that nothing was declared for."""
    for kind in {node.topology for node in builder.nodes.values()} - builder.templates.keys():
        if kind in STANDARD:
            builder.template(STANDARD[kind])


def write(builder: Builder) -> Document:
    """The document that says what the builder does."""
    return Document(
        nodes=map(_write_node, builder.nodes.values()),
        connections=(
            DocumentConnection(
                owner=connection.owner,
                local=format_endpoint(connection.local),
                remote=format_endpoint(connection.remote),
                incoming=connection.incoming,
                count=times if times > 1 else 0,
            )
            for connection, times in builder.connections.items()
        ),
        templates=builder.templates.values(),
        translations=(
            DocumentTranslation(original=format_endpoint(original), translated=format_endpoint(translated))
            for original, translated in sorted(builder.translations)
        ),
        names={
            address: DocumentNames(forward=sorted(names.forward), reverse=sorted(names.reverse))
            for address, names in builder.names.items()
        },
        plugins=builder.plugins.values(),
    )


def _load_node(node: DocumentNode, builder: Builder) -> None:
    if node.id in builder.nodes:
        raise ReportError("id", "is the id of another node of this report")
    try:
        topology = ids.topology_of(node.topology)
    except KeyError:
        raise ReportError("topology", "must be a kind of node in lower case, such as host or process") from None
    builder.add(
        NodeFacts(
            topology=topology,
            id=node.id,
            label=node.label,
            parents=node.parents,
            attributes={key: _attribute(value, f"attributes.{key:.40}") for key, value in node.attributes.items()},
            metrics={key: _samples(values, f"metrics.{key:.40}") for key, values in node.metrics.items()},
            maxima=node.maxima,
            tables={key: _rows(table, f"tables.{key:.40}") for key, table in node.tables.items()},
            controls=node.controls,
            addresses=node.addresses,
        )
    )


def _attribute(value: Value, place: str) -> Attribute:
    kind = value.WhichOneof("kind")
    if kind == "string_value":
        return value.string_value
    if kind == "number_value":
        return value.number_value
    if kind == "list_value" and all(one.WhichOneof("kind") == "string_value" for one in value.list_value.values):
        return [one.string_value for one in value.list_value.values]
    raise ReportError(place, "must be a text, a number or a list of texts")


def _samples(values: ListValue, place: str) -> list[Sample]:
    return [_sample(value, f"{place}[{index}]") for index, value in enumerate(values.values)]


def _sample(value: Value, place: str) -> Sample:
    pair = value.list_value.values
    if len(pair) != 2 or any(one.WhichOneof("kind") != "number_value" for one in pair):
        raise ReportError(place, "must be [milliseconds since 1970, value], two numbers")
    moment = pair[0].number_value
    if not 0 <= moment <= limits.SAFE_INTEGER:  # also where it is not a number
        raise ReportError(place, "its time must be in milliseconds since 1970")
    return round(moment), pair[1].number_value


def _rows(table: DocumentTable, place: str) -> dict[str, Sequence[str]]:
    rows: dict[str, Sequence[str]] = {row.id: row.cells for row in table.rows}
    if len(rows) != len(table.rows):
        raise ReportError(f"{place}.rows", "each must have an id of its own")
    return rows


def _load_connection(connection: DocumentConnection, builder: Builder) -> None:
    if connection.owner not in builder.nodes:
        raise ReportError("owner", "must be a node of this report")
    builder.connect(
        connection.owner,
        parse_endpoint(connection.local, "local"),
        parse_endpoint(connection.remote, "remote"),
        incoming=connection.incoming,
        times=connection.count or 1,
    )


def _write_node(node: NodeFacts) -> DocumentNode:
    return DocumentNode(
        topology=ids.topology_name(node.topology),
        id=node.id,
        label=node.label,
        parents=node.parents,
        attributes={key: _value(value) for key, value in node.attributes.items()},
        metrics={key: _list([_list(sample) for sample in samples]) for key, samples in node.metrics.items()},
        maxima=node.maxima,
        tables={
            template: DocumentTable(rows=[TableRow(id=row, cells=cells) for row, cells in rows.items()])
            for template, rows in node.tables.items()
        },
        controls=node.controls,
        addresses=node.addresses,
    )


def _value(attribute: Attribute) -> Value:
    if isinstance(attribute, str):
        return Value(string_value=attribute)
    if isinstance(attribute, int | float):
        return Value(number_value=attribute)
    return Value(list_value=_list(sorted(set(attribute))))


def _list(values: Iterable[ListValue | str | float]) -> ListValue:
    held = ListValue()
    held.extend(values)
    return held
