"""How to show what nodes carry: what all probes of an organization declare, together."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from scope.report.v1.template_pb2 import MetricTemplate, RowTemplate, TableTemplate, Templates
from scope.report.v1.topology_pb2 import Topology


class Declared:
    """What is declared for one kind of node, in the order it is shown in."""

    def __init__(self) -> None:
        self.rows: list[RowTemplate] = []
        self.metrics: list[MetricTemplate] = []
        self.tables: list[TableTemplate] = []


class Declarations:
    """The declarations of all probes. Most probes declare the same, so they are counted by their bytes.

    Where two declare the same id in different ways the one with the higher priority wins; what one of them calls
    sensitive is sensitive.
    """

    def __init__(self) -> None:
        self._of_probe: dict[str, bytes] = {}
        self._held: Counter[bytes] = Counter()
        self._kinds: dict[Topology.ValueType, Declared] = {}

    def put(self, probe: str, new: bytes) -> bool:
        """Replaces what a probe declares, as serialised Templates; says whether that changes how anything is shown."""
        old = self._of_probe.pop(probe, b"")
        if new:
            self._of_probe[probe] = new
        if new == old:
            return False
        before = set(self._held)
        self._held[new] += bool(new)
        self._held[old] -= bool(old)
        self._held = +self._held
        if before == set(self._held):
            return False
        self._join()
        return True

    def of(self, kind: Topology.ValueType) -> Declared:
        """What is declared for a kind of node."""
        return self._kinds.get(kind) or Declared()

    def _join(self) -> None:
        kinds: dict[Topology.ValueType, Declared] = {}
        for data in sorted(self._held):
            for one in Templates.FromString(data).topologies:
                kind = kinds.setdefault(one.topology, Declared())
                kind.rows.extend(one.rows)
                kind.metrics.extend(one.metrics)
                kind.tables.extend(one.tables)
        for kind in kinds.values():
            kind.rows = _distinct(kind.rows)
            kind.metrics = _distinct(kind.metrics)
            kind.tables = _distinct(kind.tables)
        self._kinds = kinds


def _distinct(templates: Iterable[Any]) -> list[Any]:
    """One template for each id, in ascending order of priority."""
    found: dict[str, Any] = {}
    sensitive: set[str] = set()
    for template in templates:
        known = found.get(template.id)
        if known is None or known.priority < template.priority:
            found[template.id] = template
        if getattr(template, "sensitive", False):
            sensitive.add(template.id)
    for name in sensitive:
        found[name].sensitive = True
    return sorted(found.values(), key=lambda template: (template.priority, template.id))
