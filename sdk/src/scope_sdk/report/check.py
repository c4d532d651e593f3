"""Whether a report that came from elsewhere can be stored and shown.

It runs for every report, so it asks whole arrays (`len`, `max`) instead of looking at elements.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import chain

from scope.report.v1.report_pb2 import AddressName, Connections, MetricColumn, Node, Plugins, Report, Translations
from scope.report.v1.template_pb2 import Templates
from scope_sdk.report import limits
from scope_sdk.report.check_nodes import Fault, Known, check_nodes, check_references
from scope_sdk.report.errors import ReportError
from scope_sdk.report.templates import check_templates

__all__ = ["Known", "ReportError", "check"]

_ANY = 2**32
"""The length of a string table that is not known."""

_INFINITIES = (b"\x00\x00\x80\x7f", b"\x00\x00\x80\xff")


def check(report: Report, known: Known | None = None) -> None:
    """Raises ReportError naming what is out of bounds or does not fit together.

    Who checks many reports may give a memory of what was good, which makes it faster and changes nothing else.

    What passes has as many values as keys, indexes and handles that lead somewhere and finite numbers. A delta's
    references into its base cannot be seen here: `ProbeState.offer` looks at them.
    """
    _check_order(report)
    _texts(report.strings, limits.STRINGS, limits.KEY_LENGTH, "strings")
    strings = _ANY if report.base else len(report.strings)
    _count(report.nodes, limits.NODES, "nodes")
    nodes = report.nodes[:]
    check_nodes(nodes, strings, known)
    _check_metrics(report, strings)
    if report.HasField("connections"):
        _check_connections(report.connections)
    if report.HasField("templates"):
        _check_templates(report.templates, known)
    if report.HasField("plugins"):
        _check_plugins(report.plugins)
    if not report.base:
        _check_references(report, nodes)


def _check_order(report: Report) -> None:
    for field in ("epoch", "number"):
        if not 0 < getattr(report, field) < limits.SAFE_INTEGER:
            raise ReportError(field, f"must be from 1 to {limits.SAFE_INTEGER - 1}")
    if report.base >= report.number:
        raise ReportError("base", "must be the number of an earlier report")
    if report.removed and not report.base:
        raise ReportError("removed", "must be empty in a full report")
    _count(report.removed, limits.NODES, "removed")
    if not 0 <= report.time_unix_ms < limits.SAFE_INTEGER:
        raise ReportError("time_unix_ms", "must be in milliseconds since 1970")
    offsets = report.sample_offsets_ms
    _count(offsets, limits.SAMPLE_TIMES, "sample_offsets_ms")
    if offsets and (list(offsets) != sorted(set(offsets)) or offsets[-1] - offsets[0] > limits.SAMPLE_SPAN_MS):
        raise ReportError("sample_offsets_ms", "must rise, and lie within one day")


def _check_metrics(report: Report, strings: int) -> None:
    columns = report.metrics[:]
    if not columns:
        return
    _count(columns, limits.METRICS, "metrics")
    metrics = {column.metric for column in columns}
    if len(metrics) != len(columns) or max(metrics) >= strings:
        raise ReportError("metrics", "each must be of a metric of its own, by the string table")
    samples = len(report.sample_offsets_ms)
    if _columns_fault(columns, samples):
        faults = ((index, _columns_fault([column], samples)) for index, column in enumerate(columns))
        index, fault = next((index, fault) for index, fault in faults if fault)
        raise ReportError(f"metrics[{index}].{fault[0]}", fault[1])
    if sum(len(column.values) for column in columns) > limits.METRIC_VALUES:
        raise ReportError("metrics", f"must have at most {limits.METRIC_VALUES} values")


def _columns_fault(columns: Sequence[MetricColumn], samples: int) -> Fault:
    """What is wrong with any of the columns."""
    nodes = [len(column.nodes) for column in columns]
    if [len(column.values) for column in columns] != [count * samples for count in nodes]:
        return "values", "must have one value for each node and sample time"
    maxima = [column.maxima[:] for column in columns]
    fitting = all(len(each) in (0, count) for each, count in zip(maxima, nodes, strict=True))
    if not fitting or not all(map(math.isfinite, chain((column.max for column in columns), *maxima))):
        return "maxima", "must be finite, and one for each node or none"
    return ("values", "must not be infinite") if _has_infinity(columns) else None


def _has_infinity(columns: Sequence[MetricColumn]) -> bool:
    # Reading every value costs twenty times as much as looking for an infinity's bytes first.
    encoded = b"".join(map(MetricColumn.SerializeToString, columns))
    if not any(infinity in encoded for infinity in _INFINITIES):
        return False
    return any(map(math.isinf, chain.from_iterable(column.values for column in columns)))


def _check_templates(templates: Templates, known: Known | None) -> None:
    said = templates.SerializeToString()
    if known is None or known.templates != said:
        check_templates(templates.topologies, "templates.topologies")
    if known is not None:
        known.templates = said


def _check_connections(connections: Connections) -> None:
    addresses = len(connections.addresses)
    _texts(connections.addresses, limits.ADDRESSES, limits.ADDRESS_LENGTH, "connections.addresses")
    rows = len(connections.owners)
    _count(connections.owners, limits.CONNECTIONS, "connections.owners")
    if len(connections.incoming) != rows or len(connections.counts) not in (0, rows):
        raise ReportError("connections", "every column must have one element for each row")
    _columns(connections, ("local_addresses", "remote_addresses"), rows, addresses, "connections")
    _columns(connections, ("local_ports", "remote_ports"), rows, limits.PORT + 1, "connections")
    _check_translations(connections.translations, addresses)
    _count(connections.names, limits.ADDRESSES, "connections.names")
    for index, name in enumerate(connections.names):
        _check_name(name, addresses, f"connections.names[{index}]")


def _check_translations(translations: Translations, addresses: int) -> None:
    rows = len(translations.original_addresses)
    place = "connections.translations"
    _count(translations.original_addresses, limits.CONNECTIONS, place)
    _columns(translations, ("original_addresses", "translated_addresses"), rows, addresses, place)
    _columns(translations, ("original_ports", "translated_ports"), rows, limits.PORT + 1, place)


def _columns(table: Connections | Translations, names: Iterable[str], rows: int, below: int, place: str) -> None:
    for name in names:
        column = getattr(table, name)[:]
        if len(column) != rows or max(column, default=0) >= max(below, 1):
            raise ReportError(f"{place}.{name}", f"must have {rows} elements, each below {below}")


def _check_name(name: AddressName, addresses: int, place: str) -> None:
    if name.address >= addresses:
        raise ReportError(f"{place}.address", f"must be below {addresses}")
    _texts(name.forward, limits.NAMES, limits.KEY_LENGTH, f"{place}.forward")
    _texts(name.reverse, limits.NAMES, limits.KEY_LENGTH, f"{place}.reverse")


def _check_plugins(plugins: Plugins) -> None:
    _count(plugins.plugins, limits.PLUGINS, "plugins")
    for index, plugin in enumerate(plugins.plugins):
        _texts([plugin.id, *plugin.interfaces], limits.NAMES, limits.KEY_LENGTH, f"plugins[{index}]")
        texts = (plugin.label, plugin.description, plugin.api_version, plugin.status)
        _texts(texts, len(texts), limits.LABEL_LENGTH, f"plugins[{index}]")


def _check_references(report: Report, nodes: Sequence[Node]) -> None:
    """Whether handles lead to nodes, which only a full report can be asked."""
    check_references(nodes)
    known = {node.handle for node in nodes}
    if not known.issuperset(report.connections.owners[:]):
        raise ReportError("connections.owners", "must be nodes of this report")
    for index, column in enumerate(report.metrics):
        if not known.issuperset(column.nodes[:]):
            raise ReportError(f"metrics[{index}].nodes", "must be nodes of this report")


def _count(values: Sequence[object], most: int, field: str) -> None:
    if len(values) > most:
        raise ReportError(field, f"must have at most {most} elements")


def _texts(values: Sequence[str], most: int, longest: int, field: str) -> None:
    _count(values, most, field)
    if max(map(len, values), default=0) > longest:
        raise ReportError(field, f"must have at most {longest} characters each")
