"""The state that a probe's reports add up to: its newest full report and the newest delta against it."""

from __future__ import annotations

from google.protobuf.message import Message

from scope.report.v1.report_pb2 import Connections, Plugins, Report
from scope.report.v1.template_pb2 import Templates
from scope_sdk.report import ids
from scope_sdk.report.fit import Identity, Nodes, fits, handles_by_identity


class ProbeState:
    """One probe's register, ordered by epoch, number of the full report and number of the delta.

    It takes reports that `check` has passed. Of the full report, which may stay for long, it keeps the nodes as bytes
    and a copy of the rest; the delta is kept as it was parsed. What it hands out is shared and must not be changed; it
    is made when first asked for after a change. Parents, owners of connections and nodes of metric columns may lead to
    handles that are not among the nodes: readers pass over them.
    """

    __slots__ = ("_base", "_handles", "_ids", "_nodes", "_strings", "delta", "full")

    def __init__(self) -> None:
        #: Without nodes and measurements.
        self.full: Report | None = None
        self.delta: Report | None = None
        self._base = Nodes()
        self._handles: dict[Identity, int] | None = None
        self._nodes: Nodes | None = None
        self._strings: list[str] | None = None
        self._ids: dict[int, str] = {}

    def offer(self, report: Report) -> bool:
        """Takes a report, in any order and any number of times.

        True: it is part of the state now. False: it is older than what is here, repeated, or a delta whose base is not
        here or which does not fit its base; then nothing has changed.
        """
        return self._offer_delta(report) if report.base else self._offer_full(report)

    def nodes(self) -> Nodes:
        """The nodes by handle."""
        if self._nodes is None:
            self._nodes = self._base if self.delta is None else self._base.after(self.delta)
        return self._nodes

    def strings(self) -> list[str]:
        """The string table."""
        if self._strings is None:
            self._strings = [*(self.full.strings if self.full else ()), *(self.delta.strings if self.delta else ())]
        return self._strings

    def connections(self) -> Connections:
        """The connections."""
        if self.delta is not None and self.delta.HasField("connections"):
            return self.delta.connections
        return self.full.connections if self.full is not None else Connections()

    def templates(self) -> Templates:
        """How to show what the nodes carry."""
        if self.delta is not None and self.delta.HasField("templates"):
            return self.delta.templates
        return self.full.templates if self.full is not None else Templates()

    def plugins(self) -> Plugins:
        """The probe's plugins."""
        if self.delta is not None and self.delta.HasField("plugins"):
            return self.delta.plugins
        return self.full.plugins if self.full is not None else Plugins()

    def id_of(self, handle: int) -> str:
        """The id of a node, as in answers. KeyError where no node has that handle."""
        known = self._ids.get(handle)
        if known is None:
            node = self.nodes()[handle]
            known = ids.node_id(node.topology, node.id, self.nodes()[node.host].id if node.host else "")
            self._ids[handle] = known
        return known

    def _offer_full(self, report: Report) -> bool:
        if self.full is not None and (report.epoch, report.number) <= (self.full.epoch, self.full.number):
            return False
        self.full = _rest(report)
        self._base = Nodes(report.nodes)
        self._handles = None
        self._set_delta(None)
        return True

    def _offer_delta(self, report: Report) -> bool:
        full = self.full
        if full is None or (report.epoch, report.base) != (full.epoch, full.number):
            return False
        if self.delta is not None and report.number <= self.delta.number:
            return False
        if self._handles is None:
            self._handles = handles_by_identity(self._base)
        if not fits(report, full, self._base, self._handles):
            return False
        self._set_delta(report)
        return True

    def _set_delta(self, delta: Report | None) -> None:
        self.delta = delta
        self._nodes = self._strings = None
        self._ids = {}


def difference(full: Report, now: Report) -> Report:
    """Makes the delta against `full` that leads to `now`: applied to `full` it gives `now` again.

    Both are full reports of one epoch, and the string table of `now` begins with that of `full`; else ValueError.
    """
    kept = len(full.strings)
    if now.epoch != full.epoch or now.number <= full.number or now.strings[:kept] != full.strings:
        raise ValueError("a delta leads to a later report of the same epoch whose string table continues the base's")
    known = {node.handle: node for node in full.nodes}
    handles = {node.handle for node in now.nodes}
    delta = Report(
        epoch=now.epoch,
        number=now.number,
        base=full.number,
        time_unix_ms=now.time_unix_ms,
        sample_offsets_ms=now.sample_offsets_ms,
        strings=now.strings[kept:],
        nodes=[node for node in now.nodes if not _same(known.get(node.handle), node)],
        removed=[handle for handle in known if handle not in handles],
        metrics=now.metrics,
    )
    if not _same(full.connections, now.connections):
        delta.connections.CopyFrom(now.connections)
    if not _same(full.templates, now.templates):
        delta.templates.CopyFrom(now.templates)
    if not _same(full.plugins, now.plugins):
        delta.plugins.CopyFrom(now.plugins)
    return delta


def apply(full: Report, delta: Report) -> Report:
    """The full report that a delta leads to, its nodes ordered by handle. ValueError where `full` is not its base."""
    if (delta.epoch, delta.base) != (full.epoch, full.number):
        raise ValueError("a delta applies to the full report that it names")
    nodes = Nodes(full.nodes).after(delta)
    return Report(
        epoch=delta.epoch,
        number=delta.number,
        time_unix_ms=delta.time_unix_ms,
        sample_offsets_ms=delta.sample_offsets_ms,
        strings=[*full.strings, *delta.strings],
        nodes=[nodes[handle] for handle in sorted(nodes)],
        metrics=delta.metrics,
        connections=delta.connections if delta.HasField("connections") else full.connections,
        templates=delta.templates if delta.HasField("templates") else full.templates,
        plugins=delta.plugins if delta.HasField("plugins") else full.plugins,
    )


def _rest(full: Report) -> Report:
    """A copy without nodes and measurements: a part of a message keeps all of it in memory."""
    return Report(
        epoch=full.epoch,
        number=full.number,
        time_unix_ms=full.time_unix_ms,
        strings=full.strings,
        connections=full.connections,
        templates=full.templates,
        plugins=full.plugins,
    )


def _same(one: Message | None, other: Message) -> bool:
    # By their bytes: `==` takes 0.0 for -0.0, and is no faster.
    return one is not None and one.SerializeToString() == other.SerializeToString()
