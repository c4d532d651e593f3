"""The state that a probe's reports add up to: its newest full report and the newest delta against it."""

from __future__ import annotations

import sys
from functools import lru_cache
from typing import Literal

from google.protobuf.message import Message

from scope.report.v1.report_pb2 import Connections, Plugins, Report
from scope.report.v1.template_pb2 import Templates
from scope_sdk.report import ids
from scope_sdk.report.fit import Handles, Nodes, fits

Part = Literal["connections", "templates", "plugins"]
"""What a report has beside nodes and measurements; a delta only where it differs from its base's."""


class Rest:
    """What is kept of a report beside its nodes; nothing of its measurements.

    Its parts are bytes: parsed they take several times the memory, and a part of a message keeps all of it in memory.
    """

    __slots__ = ("connections", "epoch", "number", "plugins", "strings", "templates")

    def __init__(self, report: Report) -> None:
        self.epoch = report.epoch
        self.number = report.number
        self.strings = list(map(sys.intern, report.strings[:]))  # nearly all probes use the same
        self.connections = report.connections.SerializeToString() if report.HasField("connections") else None
        self.templates = _shared(report.templates.SerializeToString()) if report.HasField("templates") else None
        self.plugins = report.plugins.SerializeToString() if report.HasField("plugins") else None


class ProbeState:
    """One probe's register, ordered by epoch, number of the full report and number of the delta.

    It takes reports that `check` has passed, and keeps none of them as it was parsed. The nodes and strings that it
    hands out are shared and must not be changed; all else is parsed whenever it is asked for. Parents, owners of
    connections and nodes of metric columns may lead to handles that are not among the nodes: readers pass over them.
    """

    __slots__ = ("_base", "_handles", "_ids", "_nodes", "_strings", "delta", "full")

    def __init__(self) -> None:
        self.full: Rest | None = None
        self.delta: Rest | None = None
        self._base = self._nodes = Nodes()
        self._handles: Handles | None = None
        self._strings: list[str] = []
        self._ids: dict[int, str] = {}

    def offer(self, report: Report) -> bool:
        """Takes a report, in any order and any number of times.

        True: it is part of the state now. False: it is older than what is here, repeated, or a delta whose base is not
        here or which does not fit its base; then nothing has changed.
        """
        return self._offer_delta(report) if report.base else self._offer_full(report)

    def nodes(self) -> Nodes:
        """The nodes by handle."""
        return self._nodes

    def strings(self) -> list[str]:
        """The string table."""
        return self._strings

    def connections(self) -> Connections:
        """The connections."""
        return Connections.FromString(self.packed("connections"))

    def templates(self) -> Templates:
        """How to show what the nodes carry."""
        return Templates.FromString(self.packed("templates"))

    def plugins(self) -> Plugins:
        """The probe's plugins."""
        return Plugins.FromString(self.packed("plugins"))

    def packed(self, part: Part) -> bytes:
        """One of these, serialised."""
        said = (getattr(rest, part) for rest in (self.delta, self.full) if rest is not None)
        return next((data for data in said if data is not None), b"")

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
        self.full, self.delta = Rest(report), None
        self._base = self._nodes = Nodes(report.nodes)
        self._handles = None
        self._strings = self.full.strings
        self._ids = {}
        return True

    def _offer_delta(self, report: Report) -> bool:
        full = self.full
        if full is None or (report.epoch, report.base) != (full.epoch, full.number):
            return False
        if self.delta is not None and report.number <= self.delta.number:
            return False
        if self._handles is None:
            self._handles = Handles(self._base)
        if not fits(report, len(full.strings), self._base, self._handles):
            return False
        self.delta = Rest(report)
        self._nodes = self._base.after(report)
        self._strings = [*full.strings, *self.delta.strings] if self.delta.strings else full.strings
        self._ids = {}
        return True


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


@lru_cache(maxsize=64)
def _shared(data: bytes) -> bytes:
    """The same bytes, one object for all probes that declare the same."""
    return data


def _same(one: Message | None, other: Message) -> bool:
    # By their bytes: `==` takes 0.0 for -0.0, and is no faster.
    return one is not None and one.SerializeToString() == other.SerializeToString()
