"""The measurements of one probe over the last while, kept as the columns they came in."""

import math
from collections import deque
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import chain, islice, repeat
from typing import NamedTuple

from scope.report.v1.report_pb2 import MetricColumn, Report

_NONE: Mapping[int, float] = {}

#: A value, the largest there can be (0: not known), and when the block arrived that it came in.
_Found = tuple[float, float, float]


class Column:
    """One metric over many nodes, at the times of its block.

    Args:
        column: as it came.
        steps: how many values each node has, NaN where there is none.
    """

    def __init__(self, column: MetricColumn, steps: int) -> None:
        #: The nodes' handles.
        self.nodes: list[int] = column.nodes[:]
        self._column = column
        self._steps = steps

    def rows(self, handles: Sequence[int]) -> list[float]:
        """The values of several nodes, node by node, oldest first; empty where none has any."""
        if set(handles).isdisjoint(self.nodes):
            return []
        flat, steps = self._column.values[:], self._steps
        if handles == self.nodes:
            return flat
        places = {handle: place for place, handle in enumerate(self.nodes)}
        absent = [math.nan] * steps
        found = (places.get(handle) for handle in handles)
        return [value for at in found for value in (absent if at is None else flat[at * steps : at * steps + steps])]

    def newest(self, arrived: float) -> Iterator[tuple[int, _Found]]:
        """What is newest of each node that has any value, with its handle."""
        flat, steps = self._column.values[:], self._steps
        newest = flat[steps - 1 :: steps]
        for step in range(steps - 2, -1, -1):
            if not any(map(math.isnan, newest)):
                break
            older = flat[step::steps]
            newest = [before if math.isnan(value) else value for value, before in zip(newest, older, strict=True)]
        largest: Iterable[float] = self._column.maxima[:] or repeat(self._column.max)
        found = zip(newest, largest, repeat(arrived), strict=False)
        return (pair for pair in zip(self.nodes, found, strict=False) if not math.isnan(pair[1][0]))

    def peaks(self) -> dict[int, float]:
        """By handle, the largest value; 0 where none is larger."""
        flat = iter(self._column.values[:])
        # Whatever is compared with NaN is not smaller than it, so the 0 in front keeps NaN out.
        return {handle: max(0.0, *islice(flat, self._steps)) for handle in self.nodes}


class Block:
    """The measurements of one report.

    Args:
        arrived: when it arrived, by the clock of this process.
        taken: when the report was, by the probe's clock, in milliseconds since 1970.
        offsets: and its samples after that.
        columns: by metric id, serialised: as long as one is kept parsed all of its report stays in memory.
    """

    __slots__ = ("_columns", "_offsets", "_peaks", "_taken", "arrived")

    def __init__(self, arrived: float, taken: int, offsets: Sequence[int], columns: dict[str, bytes]) -> None:
        self.arrived = arrived
        self._taken = taken
        self._offsets = offsets
        self._columns = columns
        self._peaks: dict[str, Mapping[int, float]] | None = None

    @property
    def times(self) -> list[int]:
        """When the samples were taken, by the probe's clock, in milliseconds since 1970."""
        return [self._taken + offset for offset in self._offsets]

    def keep(self, wanted: Container[str]) -> None:
        """Keeps the columns of these metrics alone."""
        self._columns = {name: column for name, column in self._columns.items() if name in wanted}

    def columns(self) -> dict[str, Column]:
        """Every column by metric id."""
        return {name: column for name in self._columns if (column := self.column(name))}

    def column(self, metric: str) -> Column | None:
        """The column of a metric; None where there is none."""
        packed = self._columns.get(metric)
        return None if packed is None else Column(MetricColumn.FromString(packed), len(self._offsets))

    def peak(self, handle: int, metric: str) -> float:
        """The largest value that the node has of the metric; 0 where none is larger."""
        if self._peaks is None:
            self._peaks = {}
        peaks = self._peaks.get(metric)
        if peaks is None:
            column = self.column(metric)
            peaks = self._peaks[metric] = column.peaks() if column is not None else _NONE
        return peaks.get(handle, 0.0)


class Arrival:
    """A block that has just arrived. It is parsed once for all views, and not kept: parsed it takes much memory.

    Args:
        block: the block.
        ids: the ids of nodes by handle.
    """

    def __init__(self, block: Block, ids: Mapping[int, str]) -> None:
        self._block = block
        self._ids = ids

    @cached_property
    def times(self) -> list[int]:
        """See Block."""
        return self._block.times

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """Every column by metric id."""
        return self._block.columns()

    @cached_property
    def nodes(self) -> list[tuple[int, str]]:
        """The nodes that have any: their handles and ids."""
        handles = dict.fromkeys(chain.from_iterable(column.nodes for column in self.columns.values()))
        return [(handle, self._ids[handle]) for handle in handles if handle in self._ids]


class Newest(NamedTuple):
    """A node's newest value of a metric, and the largest there can be or was."""

    value: float
    max: float


class _Latest:
    """What is newest of one metric, up to some block."""

    def __init__(self) -> None:
        self.blocks = 0
        self.of: dict[int, _Found] = {}
        #: With how many nodes it is time to forget those that are gone.
        self.room = 0


class Samples:
    """The measurements of one probe, those that are read; handles are those of its present epoch.

    Of a metric that nobody has asked for there is what the newest report says.

    Args:
        kept: how long they are kept, in seconds.
    """

    def __init__(self, kept: float) -> None:
        self._kept = kept
        self._blocks: deque[Block] = deque()
        self._added = 0
        # Those of the newest report, which most have.
        self._offsets: list[int] = []
        # By metric; only of those that were asked for. Of all others the newest report is kept and no older one.
        self._latest: dict[str, _Latest] = {}

    def add(self, report: Report, strings: Sequence[str], now: float) -> Block | None:
        """Takes in a report's measurements, and drops what is too old then; None where it has none."""
        self.trim(now)
        if not report.sample_offsets_ms or not report.metrics:
            return None
        if self._blocks:
            self._blocks[-1].keep(self._latest)
        offsets = report.sample_offsets_ms[:]
        if offsets != self._offsets:
            self._offsets = offsets
        columns = {strings[column.metric]: column.SerializeToString() for column in report.metrics[:]}
        block = Block(now, report.time_unix_ms, self._offsets, columns)
        self._blocks.append(block)
        self._added += 1
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
        self._latest = {metric: _Latest() for metric in self._latest}

    def newest(self, handle: int, metric: str) -> Newest | None:
        """The newest value that the node has of the metric."""
        found = self._newest_of(metric).get(handle)
        if found is None or not self._blocks or found[2] < self._blocks[0].arrived:
            return None
        return Newest(found[0], found[1] or self._peak(handle, metric))

    def series(self, handle: int, metric: str) -> Iterator[tuple[int, float]]:
        """Every sample that the node has of the metric: when (milliseconds since 1970) and how much; oldest first."""
        for block in self._blocks:
            column = block.column(metric)
            if column is not None:
                pairs = zip(block.times, column.rows([handle]), strict=False)
                yield from (pair for pair in pairs if not math.isnan(pair[1]))

    def _newest_of(self, metric: str) -> Mapping[int, _Found]:
        latest = self._latest.setdefault(metric, _Latest())
        if latest.blocks != self._added:
            self._bring_up_to_date(latest, metric)
        return latest.of

    def _bring_up_to_date(self, latest: _Latest, metric: str) -> None:
        """Takes in the blocks that came since, and forgets what was only in those that are gone."""
        news = min(self._added - latest.blocks, len(self._blocks))
        latest.blocks = self._added
        for block in islice(self._blocks, len(self._blocks) - news, None):
            column = block.column(metric)
            if column is not None:
                latest.of.update(column.newest(block.arrived))
        if len(latest.of) > latest.room:
            oldest = self._blocks[0].arrived if self._blocks else math.inf
            latest.of = {handle: found for handle, found in latest.of.items() if found[2] >= oldest}
            latest.room = 2 * len(latest.of)

    def _peak(self, handle: int, metric: str) -> float:
        return max((block.peak(handle, metric) for block in self._blocks), default=0.0)
