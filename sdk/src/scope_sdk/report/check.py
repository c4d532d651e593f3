"""Whether a report that came from elsewhere can be stored and shown.

It runs for every report, so it asks whole arrays (`len`, `max`) instead of looking at elements, and looks for the
culprit only once something is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain

from scope.report.v1.report_pb2 import AddressName, Connections, MetricColumn, Node, Plugins, Report, Translations
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids, limits
from scope_sdk.report.errors import ReportError
from scope_sdk.report.templates import check_templates

__all__ = ["ReportError", "check"]

_INFINITIES = (b"\x00\x00\x80\x7f", b"\x00\x00\x80\xff")


def check(report: Report) -> None:
    """Raises ReportError naming what is out of bounds or does not fit together.

    What passes has as many values as keys, indexes and handles that lead somewhere and finite numbers. A delta's
    references into its base cannot be seen here: `ProbeState.offer` looks at them.
    """
    _check_order(report)
    _texts(report.strings, limits.STRINGS, limits.KEY_LENGTH, "strings")
    strings = 0 if report.base else len(report.strings)
    _check_nodes(report, strings)
    _check_metrics(report, strings)
    if report.HasField("connections"):
        _check_connections(report.connections)
    if report.HasField("templates"):
        check_templates(report.templates.topologies, "templates.topologies")
    if report.HasField("plugins"):
        _check_plugins(report.plugins)
    if not report.base:
        _check_references(report)


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


def _check_nodes(report: Report, strings: int) -> None:
    nodes = report.nodes
    _count(nodes, limits.NODES, "nodes")
    handles = {node.handle for node in nodes}
    if 0 in handles or len(handles) != len(nodes):
        raise ReportError("nodes", "each must have a handle of its own, from 1")
    for index, node in enumerate(nodes):
        fault = _fault(node, strings)
        if fault:
            raise ReportError(f"nodes[{index}].{fault[0]}", fault[1])


def _fault(node: Node, strings: int) -> tuple[str, str] | None:
    """What is wrong with the node, if anything: the field and why. `strings` of 0: the table is not known."""
    topology, own = node.topology, node.id
    if topology not in ids.TOPOLOGIES:
        return "topology", "is not a kind of node"
    if not 0 < len(own) <= limits.ID_LENGTH or not ids.is_own_part(topology, own):
        return "id", f"must be printable, of 1 to {limits.ID_LENGTH} characters, without ';'"
    if (topology == Topology.TOPOLOGY_PROCESS) != bool(node.host):
        return "host", "is what processes have, and nothing else"
    if len(node.label) > limits.LABEL_LENGTH:
        return "label", f"must have at most {limits.LABEL_LENGTH} characters"
    if len(node.parents) > limits.PARENTS:
        return "parents", f"must have at most {limits.PARENTS} elements"
    return _attributes_fault(node, strings) or _tables_fault(node, strings) or _controls_fault(node, strings)


def _attributes_fault(node: Node, strings: int) -> tuple[str, str] | None:
    if keys := node.text_keys:
        texts = node.texts
        if len(keys) != len(texts) or not _keyed(keys, strings, limits.ATTRIBUTES):
            return "text_keys", "must have a key of the string table for each text"
        if max(map(len, texts)) > limits.TEXT_LENGTH:
            return "texts", f"must have at most {limits.TEXT_LENGTH} characters each"
    elif node.texts:
        return "text_keys", "must have a key for each text"
    return _numbers_fault(node, strings) or _sets_fault(node, strings)


def _numbers_fault(node: Node, strings: int) -> tuple[str, str] | None:
    keys, numbers = node.number_keys, node.numbers
    if not keys and not numbers:
        return None
    if len(keys) != len(numbers) or not _keyed(keys, strings, limits.ATTRIBUTES):
        return "number_keys", "must have a key of the string table for each number"
    return None if all(map(math.isfinite, numbers)) else ("numbers", "must be finite")


def _sets_fault(node: Node, strings: int) -> tuple[str, str] | None:
    keys, sets = node.set_keys, node.sets
    if not keys and not sets:
        return None
    if len(keys) != len(sets) or not _keyed(keys, strings, limits.ATTRIBUTES):
        return "set_keys", "must have a key of the string table for each set"
    if any(len(held.values) > limits.SET_VALUES for held in sets):
        return "sets", f"must have at most {limits.SET_VALUES} values each"
    if max((len(value) for held in sets for value in held.values), default=0) > limits.TEXT_LENGTH:
        return "sets", f"must have at most {limits.TEXT_LENGTH} characters each"
    return None


def _tables_fault(node: Node, strings: int) -> tuple[str, str] | None:
    tables = node.tables
    if not tables:
        return None
    if not _keyed([table.template for table in tables], strings, limits.TABLES):
        return "tables", "each must name a template of its own, by the string table"
    if any(len(table.rows) > limits.ROWS for table in tables):
        return "tables", f"must have at most {limits.ROWS} rows each"
    rows = list(chain.from_iterable(table.rows for table in tables))
    if any(len(row.id) > limits.ID_LENGTH or len(row.cells) > limits.COLUMNS for row in rows):
        return "tables", f"row ids have at most {limits.ID_LENGTH} characters, rows at most {limits.COLUMNS} cells"
    if max((len(cell) for row in rows for cell in row.cells), default=0) > limits.TEXT_LENGTH:
        return "tables", f"cells must have at most {limits.TEXT_LENGTH} characters"
    return None


def _controls_fault(node: Node, strings: int) -> tuple[str, str] | None:
    controls = node.controls
    if controls and not _keyed(controls, strings, limits.CONTROLS):
        return "controls", "must be different ones of the string table"
    return None


def _keyed(keys: Sequence[int], strings: int, most: int) -> bool:
    """Whether keys are few enough, different, and in the string table (as far as that is known)."""
    if len(keys) > most or (strings and max(keys) >= strings):
        return False
    return len(set(keys)) == len(keys)


def _check_metrics(report: Report, strings: int) -> None:
    columns = report.metrics
    if not columns:
        return
    _count(columns, limits.METRICS, "metrics")
    if not _keyed([column.metric for column in columns], strings, limits.METRICS):
        raise ReportError("metrics", "each must be of a metric of its own, by the string table")
    samples = len(report.sample_offsets_ms)
    for index, column in enumerate(columns):
        fault = _column_fault(column, samples)
        if fault:
            raise ReportError(f"metrics[{index}].{fault[0]}", fault[1])
    if sum(len(column.values) for column in columns) > limits.METRIC_VALUES:
        raise ReportError("metrics", f"must have at most {limits.METRIC_VALUES} values")


def _column_fault(column: MetricColumn, samples: int) -> tuple[str, str] | None:
    nodes = len(column.nodes)
    if len(set(column.nodes)) != nodes:
        return "nodes", "must be different ones"
    if len(column.values) != nodes * samples:
        return "values", "must have one value for each node and sample time"
    if len(column.maxima) not in (0, nodes) or not all(map(math.isfinite, (column.max, *column.maxima))):
        return "maxima", "must be finite, and one for each node or none"
    return ("values", "must not be infinite") if _has_infinity(column) else None


def _has_infinity(column: MetricColumn) -> bool:
    # Reading every value costs twenty times as much as looking for an infinity's bytes first.
    encoded = column.SerializeToString()
    return any(infinity in encoded for infinity in _INFINITIES) and any(map(math.isinf, column.values))


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
        column = getattr(table, name)
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


def _check_references(report: Report) -> None:
    """Whether handles lead to nodes, which only a full report can be asked."""
    nodes = report.nodes
    known = {node.handle for node in nodes}
    hosts = {node.handle for node in nodes if node.topology == Topology.TOPOLOGY_HOST}
    _lead(lambda node: (node.host,) if node.host else (), nodes, hosts, "host")
    _lead(lambda node: node.parents, nodes, known, "parents")
    if not known.issuperset(report.connections.owners):
        raise ReportError("connections.owners", "must be nodes of this report")
    for index, column in enumerate(report.metrics):
        if not known.issuperset(column.nodes):
            raise ReportError(f"metrics[{index}].nodes", "must be nodes of this report")


def _lead(handles: Callable[[Node], Iterable[int]], nodes: Sequence[Node], known: Collection[int], field: str) -> None:
    used = set(chain.from_iterable(map(handles, nodes)))
    if used.issubset(known):
        return
    index = next(index for index, node in enumerate(nodes) if not set(handles(node)).issubset(known))
    raise ReportError(f"nodes[{index}].{field}", "must be nodes of this report (and a process's host a host)")


def _count(values: Sequence[object], most: int, field: str) -> None:
    if len(values) > most:
        raise ReportError(field, f"must have at most {most} elements")


def _texts(values: Sequence[str], most: int, longest: int, field: str) -> None:
    _count(values, most, field)
    if max(map(len, values), default=0) > longest:
        raise ReportError(field, f"must have at most {longest} characters each")
