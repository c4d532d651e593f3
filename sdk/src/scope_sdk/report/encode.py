"""Turns what a builder holds into the report that travels: names become handles and indexes, samples become columns."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from scope.report.v1.report_pb2 import (
    AddressName,
    Connections,
    MetricColumn,
    Node,
    Plugins,
    Report,
    Table,
    TableRow,
    TextSet,
    Translations,
)
from scope.report.v1.template_pb2 import Templates
from scope_sdk.report import ids, limits
from scope_sdk.report.builder import Builder
from scope_sdk.report.errors import ReportError
from scope_sdk.report.nodes import NodeFacts, Sample
from scope_sdk.report.state import difference

_NO_SAMPLE = float("nan")


class Encoder:
    """Makes the reports of one epoch, numbered from 1.

    A node keeps its handle for as long as it is in every full report; no handle is ever given to another node.
    """

    def __init__(self, epoch: int) -> None:
        self.epoch = epoch
        self.number = 0
        self._handles: dict[str, int] = {}
        self._next = 1

    def full(self, builder: Builder) -> Report:
        """A report that stands alone. Raises ReportError where the builder's parts do not fit each other."""
        report = self._encode(builder, ())
        self._handles = {id_: self._handles[id_] for id_ in builder.nodes}
        return report

    def delta(self, builder: Builder, base: Report) -> Report:
        """What differs from `base`, a full report of this encoder. Raises ReportError as `full` does."""
        return difference(base, self._encode(builder, base.strings))

    def _encode(self, builder: Builder, strings: Iterable[str]) -> Report:
        """The full report, its string table continuing `strings`."""
        builder.check()
        self._number_nodes(builder)
        table = _Strings(strings)
        times = _sample_times(builder)
        now = times[-1] if times else time.time_ns() // 1_000_000
        self.number += 1
        return Report(
            epoch=self.epoch,
            number=self.number,
            time_unix_ms=now,
            sample_offsets_ms=[moment - now for moment in times],
            nodes=sorted((self._node(node, builder, table) for node in builder.nodes.values()), key=_handle),
            metrics=self._metrics(builder, times, table),
            connections=self._connections(builder),
            templates=Templates(topologies=(builder.templates[kind] for kind in sorted(builder.templates))),
            plugins=Plugins(plugins=(builder.plugins[id_] for id_ in sorted(builder.plugins))),
            strings=table.strings,  # last: what is above fills it
        )

    def _number_nodes(self, builder: Builder) -> None:
        for id_ in builder.nodes:
            if id_ not in self._handles:
                self._handles[id_] = self._next
                self._next += 1

    def _node(self, node: NodeFacts, builder: Builder, table: _Strings) -> Node:
        texts = {key: value for key, value in node.attributes.items() if isinstance(value, str)}
        numbers = {key: float(value) for key, value in node.attributes.items() if isinstance(value, int | float)}
        sets = {key: value for key, value in node.attributes.items() if not isinstance(value, str | int | float)}
        host = builder.host_of(node)
        return Node(
            handle=self._handles[node.id],
            topology=node.topology,
            id=ids.parts(node.topology, node.id)[1],
            host=self._handles[host] if host else 0,
            label=node.label,
            parents=sorted(self._handles[parent] for parent in node.parents),
            text_keys=table.indexes(sorted(texts)),
            texts=[texts[key] for key in sorted(texts)],
            number_keys=table.indexes(sorted(numbers)),
            numbers=[numbers[key] for key in sorted(numbers)],
            set_keys=table.indexes(sorted(sets)),
            sets=[TextSet(values=sorted(set(sets[key]))) for key in sorted(sets)],
            tables=[_table(id_, node.tables[id_], table) for id_ in sorted(node.tables)],
            controls=table.indexes(sorted(node.controls)),
            addresses=sorted(node.addresses),
        )

    def _metrics(self, builder: Builder, times: Sequence[int], table: _Strings) -> list[MetricColumn]:
        measured: dict[str, list[NodeFacts]] = {}
        for node in builder.nodes.values():
            for metric, samples in node.metrics.items():
                if samples:
                    measured.setdefault(metric, []).append(node)
        if len(measured) > limits.METRICS:
            raise ReportError("metrics", f"a report has at most {limits.METRICS} different ones")
        if sum(map(len, measured.values())) * len(times) > limits.METRIC_VALUES:
            raise ReportError("metrics", f"nodes times sample times must stay below {limits.METRIC_VALUES}")
        return [self._column(metric, measured[metric], times, table) for metric in sorted(measured)]

    def _column(self, metric: str, nodes: Sequence[NodeFacts], times: Sequence[int], table: _Strings) -> MetricColumn:
        maxima = [node.maxima.get(metric, 0.0) for node in nodes]
        alike = len(set(maxima)) == 1
        return MetricColumn(
            metric=table.index(metric),
            nodes=[self._handles[node.id] for node in nodes],
            values=[value for node in nodes for value in _values(node.metrics[metric], times)],
            max=maxima[0] if alike else 0.0,
            maxima=() if alike else maxima,
        )

    def _connections(self, builder: Builder) -> Connections:
        addresses = {address: row for row, address in enumerate(sorted(set(builder.addresses())))}
        if len(addresses) > limits.ADDRESSES:
            raise ReportError("connections", f"a report has at most {limits.ADDRESSES} different addresses")
        rows = sorted(
            (
                self._handles[held.owner],
                addresses[held.local.address],
                held.local.port,
                addresses[held.remote.address],
                held.remote.port,
                held.incoming,
                times,
            )
            for held, times in builder.connections.items()
        )
        owners, locals_, local_ports, remotes, remote_ports, incoming, counts = (
            zip(*rows, strict=True) if rows else [()] * 7
        )
        return Connections(
            addresses=addresses,
            owners=owners,
            local_addresses=locals_,
            local_ports=local_ports,
            remote_addresses=remotes,
            remote_ports=remote_ports,
            incoming=incoming,
            counts=counts if any(times > 1 for times in counts) else (),
            translations=_translations(builder, addresses),
            names=[
                AddressName(address=addresses[address], forward=sorted(names.forward), reverse=sorted(names.reverse))
                for address, names in sorted(builder.names.items())
            ],
        )


class _Strings:
    """The string table as it grows."""

    def __init__(self, strings: Iterable[str]) -> None:
        self._indexes = {string: index for index, string in enumerate(strings)}
        self.strings = self._indexes.keys()

    def index(self, string: str) -> int:
        return self._indexes.setdefault(string, len(self._indexes))

    def indexes(self, strings: Iterable[str]) -> list[int]:
        return [self.index(string) for string in strings]


def _handle(node: Node) -> int:
    return node.handle


def _sample_times(builder: Builder) -> list[int]:
    """Every moment at which something was sampled, oldest first."""
    times = sorted(
        {moment for node in builder.nodes.values() for samples in node.metrics.values() for moment, _ in samples}
    )
    if len(times) > limits.SAMPLE_TIMES:
        raise ReportError("metrics", f"a report has samples of at most {limits.SAMPLE_TIMES} different moments")
    if times and times[-1] - times[0] > limits.SAMPLE_SPAN_MS:
        raise ReportError("metrics", "the samples of a report must lie within one day")
    return times


def _values(samples: Sequence[Sample], times: Sequence[int]) -> Iterable[float]:
    taken = dict(samples)
    return [taken.get(moment, _NO_SAMPLE) for moment in times]


def _table(id_: str, rows: Mapping[str, Sequence[str]], table: _Strings) -> Table:
    return Table(template=table.index(id_), rows=[TableRow(id=row, cells=rows[row]) for row in sorted(rows)])


def _translations(builder: Builder, addresses: Mapping[str, int]) -> Translations:
    pairs = sorted(builder.translations)
    return Translations(
        original_addresses=[addresses[original.address] for original, _ in pairs],
        original_ports=[original.port for original, _ in pairs],
        translated_addresses=[addresses[translated.address] for _, translated in pairs],
        translated_ports=[translated.port for _, translated in pairs],
    )
