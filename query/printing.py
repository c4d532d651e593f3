"""What readers of a view get to see of its nodes, as messages and as JSON."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

import orjson

from query.model import Model
from query.node.children import children
from query.node.connections import connections
from query.node.controls import controls
from query.node.look import stands_for_a_name
from query.node.measured import above, measured, measures_others
from query.node.metrics import MetricsPrinter, metrics, rounded
from query.node.parents import ancestors, mention, mentioning
from query.node.summary import summary
from query.options import Choice
from query.render import encoder
from query.samples import Arrival, Column
from query.selection import Selection
from scope.query.v1.node_pb2 import Metric, NodeDetails, NodeSummary
from scope.report.v1.topology_pb2 import Topology

#: More measurements of one report than so many bytes are told in several blocks.
_BLOCK_BYTES = 256 * 1024

_encode = encoder(NodeSummary.DESCRIPTOR)


class Printer:
    """Prints the nodes of a selection.

    Args:
        model: the organization.
        selection: the nodes.
        choice: how much of them is printed.
    """

    def __init__(self, model: Model, selection: Selection, choice: Choice) -> None:
        self._model = model
        self._selection = selection
        self._choice = choice
        self._metrics: dict[Topology.ValueType, MetricsPrinter] = {}
        self._mentioned: dict[str, Hashable] = {}
        self._reports = not stands_for_a_name(selection.definition)
        self._measures_others = measures_others(selection.definition)
        # The node whose measurements each shows, where that may be another.
        self._sources: dict[str, str] = {}

    def summary(self, node: str) -> NodeSummary:
        """A node."""
        found = self._bare(node)
        found.metrics.extend(self._measured(node, samples=False))
        return found

    def details(self, node: str) -> NodeDetails:
        """A node with its details."""
        model, selection, sensitive = self._model, self._selection, self._choice.sensitive
        details = NodeDetails.FromString(self._bare(node).SerializeToString())
        details.metrics.extend(self._measured(node, samples=True))
        details.children.extend(children(model, selection, node, sensitive=sensitive))
        details.connections.extend(connections(model, selection, node))
        if self._is_reported(node):
            details.controls.extend(controls(model, node))
        return details

    def static(self, node: str) -> bytes:
        """A node as JSON up to its measurements, which come last."""
        content = _encode(self._bare(node))
        del content["metrics"]
        return orjson.dumps(content)[:-1]

    def metrics(self, nodes: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """The newest measurements of each node as JSON, of those that have any."""
        kinds = defaultdict[Topology.ValueType, list[str]](list)
        for node in nodes:
            kind = self._measured_kind(node)
            if kind is not None:
                kinds[kind].append(node)
        for kind, alike in kinds.items():
            printed = self._metrics_of(kind).print(self._model, map(self._source, alike))
            yield from zip(alike, printed, strict=True)

    def measured(self, node: str) -> tuple[str, tuple[int, ...]]:
        """What the newest measurements of a node follow from; never again the same for others."""
        source = self._source(node) if self._measures_others else node  # it is asked of every node that is answered
        return source, self._model.measured(source)

    def blocks(self, arrival: Arrival) -> Iterator[bytes]:
        """The part of a report's measurements that is about these nodes, as readers get it."""
        if self._choice.graph or not self._reports:
            return iter(())
        nodes = arrival.nodes
        if self._measures_others:
            nodes = [(handle, node) for handle, source in nodes for node in self._showing(source)]
        shown = [(handle, node) for handle, node in nodes if node in self._selection.nodes]
        return _printed(shown, arrival.times, arrival.columns) if shown else iter(())

    def doubt(self, nodes: Iterable[str]) -> None:
        """Takes in that it may differ what belongs to these nodes, or that they are gone."""
        for node in nodes:
            self._sources.pop(node, None)

    def redeclared(self) -> None:
        """Takes in that measurements are declared in another way."""
        self._metrics.clear()

    def renamed(self, nodes: AbstractSet[str]) -> set[str]:
        """The nodes that mention one of these as what they belong to, by what is not right any more."""
        model, mentioned = self._model, self._mentioned
        renamed = {node for node in nodes & mentioned.keys() if mention(model, node) != mentioned[node]}
        for node in renamed:
            del mentioned[node]
        found = (self._selection.shown_as(child) for node in renamed for child in mentioning(model, node))
        return set(chain.from_iterable(found))

    def _bare(self, node: str) -> NodeSummary:
        """A node without its measurements."""
        model, choice = self._model, self._choice
        parents = set[str]() if choice.graph else ancestors(model, node)
        for parent in parents:
            self._mentioned[parent] = mention(model, parent)
        return summary(model, self._selection, node, parents, sensitive=choice.sensitive, drawn=choice.graph)

    def _is_reported(self, node: str) -> bool:
        """Whether a node is something that probes report."""
        return self._reports and node not in self._selection.pseudo

    def _source(self, node: str) -> str:
        """The node whose measurements a node shows."""
        if not self._measures_others:
            return node
        source = self._sources.get(node)
        if source is None:
            source = self._sources[node] = measured(self._model, node)
        return source

    def _showing(self, source: str) -> list[str]:
        """The nodes that show the measurements of a node."""
        shown = self._selection.nodes
        return sorted(node for node in above(self._model, source) if node in shown and self._source(node) == source)

    def _measured_kind(self, node: str) -> Topology.ValueType | None:
        """The kind of a node whose measurements are shown; None where none are."""
        return None if self._choice.graph or not self._is_reported(node) else self._model.kind(node)

    def _metrics_of(self, kind: Topology.ValueType) -> MetricsPrinter:
        if kind not in self._metrics:
            self._metrics[kind] = MetricsPrinter(self._model.declarations.of(kind).metrics)
        return self._metrics[kind]

    def _measured(self, node: str, *, samples: bool) -> Iterator[Metric]:
        kind = self._measured_kind(node)
        if kind is None:
            return iter(())
        templates = self._model.declarations.of(kind).metrics
        return metrics(self._model, self._source(node), templates, samples=samples)


def _printed(shown: Sequence[tuple[int, str]], times: Sequence[int], columns: Mapping[str, Column]) -> Iterator[bytes]:
    """The measurements of some nodes, by the handles they are reported under, in blocks that are small."""
    handles = [handle for handle, _ in shown]
    rows = {name: column.rows(handles) for name, column in columns.items()}
    values = {name: rounded(flat) for name, flat in rows.items() if flat}
    data = orjson.dumps({"nodes": [node for _, node in shown], "times": times, "values": values})
    middle = len(shown) // 2
    if len(data) <= _BLOCK_BYTES or not middle:
        yield bytes(memoryview(data))  # a copy: what orjson answers takes 4 kB, however little it is
    else:
        yield from _printed(shown[:middle], times, columns)
        yield from _printed(shown[middle:], times, columns)
