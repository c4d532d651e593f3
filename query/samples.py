"""The measurements of one probe over the last while, kept as the columns they came in."""

import math
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from scope.report.v1.report_pb2 import MetricColumn, Report


class Column:
    """One metric over many nodes, at the times of its block."""

    __slots__ = ("_column", "_peaks", "_steps", "positions")

    def __init__(self, column: MetricColumn, steps: int, positions: dict[int, int]) -> None:
        self._column = column
        self._steps = steps
        self._peaks: dict[int, float] = {}
        #: By the node's handle, where it comes in the column.
        self.positions = positions

    def values(self, handle: int) -> Sequence[float]:
        """The node's values, oldest first; NaN where there is none."""
        start = self.positions[handle] * self._steps
        return self._column.values[start : start + self._steps]

    def rows(self, handles: Sequence[int]) -> list[float]:
        """The values of several nodes, node by node, NaN where there is none; empty where none has any."""
        if self.positions.keys().isdisjoint(handles):
            return []
        flat, steps, absent = list(self._column.values), self._steps, [math.nan] * self._steps
        found = (self.positions.get(handle) for handle in handles)
        return [value for at in found for value in (absent if at is None else flat[at * steps : at * steps + steps])]

    def newest(self, handle: int) -> float | None:
        """The node's newest value; None where it has none."""
        position = self.positions.get(handle)
        if position is None:
            return None
        start = position * self._steps
        for index in range(start + self._steps - 1, start - 1, -1):
            value = self._column.values[index]
            if not math.isnan(value):
                return value
        return None

    def declared_max(self, handle: int) -> float:
        """The largest value there can be for the node; 0 where that is not known."""
        if self._column.maxima:
            return self._column.maxima[self.positions[handle]]
        return self._column.max

    def peak(self, handle: int) -> float:
        """The largest value here for the node; 0 where none is larger."""
        peak = self._peaks.get(handle)
        if peak is None:
            if handle not in self.positions:
                return 0.0
            # Whatever is compared with NaN is not smaller than it, so the 0 in front keeps NaN out.
            peak = self._peaks[handle] = max(0.0, *self.values(handle))
        return peak


@dataclass(frozen=True, slots=True)
class Block:
    """The measurements of one report."""

    #: When it arrived, by the clock of this process.
    arrived: float
    #: When the samples were taken, by the probe's clock, in milliseconds since 1970.
    times: list[int]
    #: By metric id.
    columns: dict[str, Column]


class Newest(NamedTuple):
    """A node's newest value of a metric, and the largest there can be or was."""

    value: float
    max: float


class Samples:
    """The measurements of one probe; handles are those of its present epoch.

    Args:
        kept: how long they are kept, in seconds.
    """

    def __init__(self, kept: float) -> None:
        self._kept = kept
        self._blocks: deque[Block] = deque()

    def add(self, report: Report, strings: Sequence[str], now: float) -> Block | None:
        """Takes in a report's measurements; None where it has none."""
        steps = len(report.sample_offsets_ms)
        if not steps or not report.metrics:
            return None
        times = [report.time_unix_ms + offset for offset in report.sample_offsets_ms]
        known = self._blocks[-1].columns if self._blocks else {}
        columns = {}
        for column in report.metrics:
            name = strings[column.metric]
            columns[name] = Column(column, steps, _positions(column, known.get(name)))
        block = Block(now, times, columns)
        self._blocks.append(block)
        return block

    def trim(self, now: float) -> bool:
        """Drops what is too old; says whether anything was."""
        before = len(self._blocks)
        while self._blocks and self._blocks[0].arrived < now - self._kept:
            self._blocks.popleft()
        return len(self._blocks) < before

    def clear(self) -> None:
        """Drops everything: handles have a new meaning."""
        self._blocks.clear()

    def newest(self, handle: int, metric: str) -> Newest | None:
        """The newest value that the node has of the metric."""
        for block in reversed(self._blocks):
            column = block.columns.get(metric)
            value = column.newest(handle) if column is not None else None
            if column is not None and value is not None:
                return Newest(value, column.declared_max(handle) or self._peak(handle, metric))
        return None

    def series(self, handle: int, metric: str) -> Iterator[tuple[int, float]]:
        """Every sample that the node has of the metric: when (milliseconds since 1970) and how much; oldest first."""
        for block in self._blocks:
            column = block.columns.get(metric)
            if column is not None and handle in column.positions:
                pairs = zip(block.times, column.values(handle), strict=True)
                yield from (pair for pair in pairs if not math.isnan(pair[1]))

    def _peak(self, handle: int, metric: str) -> float:
        columns = (block.columns.get(metric) for block in self._blocks)
        return max((column.peak(handle) for column in columns if column is not None), default=0.0)


def _positions(column: MetricColumn, before: Column | None) -> dict[int, int]:
    """Where each node comes; most columns list the very nodes of the one before and share its answer."""
    nodes = list(column.nodes)
    if before is not None and list(before.positions) == nodes:
        return before.positions
    return {handle: position for position, handle in enumerate(nodes)}
