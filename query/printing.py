"""What readers of a view get to see of its nodes, as messages and as JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

import orjson

from query.model import Model
from query.node.connections import connections
from query.node.metrics import MetricsPrinter, metrics, rounded
from query.node.summary import named, summary
from query.options import Choice
from query.render import encoder
from query.samples import Block, Column
from query.selection import Selection
from scope.query.v1.node_pb2 import NodeDetails, NodeSummary
from scope.report.v1.template_pb2 import MetricTemplate
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
        self._mentioned: dict[str, str | None] = {}

    def summary(self, node: str) -> NodeSummary:
        """A node."""
        found = self._bare(node)
        found.metrics.extend(metrics(self._model, node, self._templates(node), samples=False))
        return found

    def details(self, node: str) -> NodeDetails:
        """A node with its details."""
        selection = self._selection
        details = NodeDetails.FromString(self._bare(node).SerializeToString())
        details.metrics.extend(metrics(self._model, node, self._templates(node), samples=True))
        members = selection.members(node)
        details.connections.extend(connections(self._model, selection.definition.id, node, members, selection.placed))
        return details

    def static(self, node: str) -> bytes:
        """A node as JSON up to its measurements, which come last."""
        content = _encode(self._bare(node))
        del content["metrics"]
        return orjson.dumps(content)[:-1]

    def metrics(self, node: str) -> bytes:
        """The newest measurements of a node as JSON."""
        kind = None if self._choice.graph else self._model.kind(node)
        if kind is None:
            return b"[]"
        if kind not in self._metrics:
            self._metrics[kind] = MetricsPrinter(self._model.declarations.of(kind).metrics)
        return self._metrics[kind].print(self._model, node)

    def blocks(self, ids: Mapping[int, str], block: Block) -> Iterator[bytes]:
        """The part of a report's measurements that is about these nodes, as readers get it."""
        if self._choice.graph:
            return iter(())
        columns = block.columns()
        found = dict.fromkeys(chain.from_iterable(column.nodes for column in columns.values()))
        handles = [handle for handle in found if ids.get(handle) in self._selection.nodes]
        return _printed(ids, block.times, columns, handles) if handles else iter(())

    def redeclared(self) -> None:
        """Takes in that measurements are declared in another way."""
        self._metrics.clear()

    def renamed(self, nodes: Iterable[str]) -> set[str]:
        """The nodes that mention one of these as their parent, by a label that is not right any more."""
        renamed = {node for node in nodes if node in self._mentioned and self._label(node) != self._mentioned[node]}
        if not renamed:
            return set()
        for node in renamed:
            del self._mentioned[node]
        return {node for node in self._selection.nodes if not renamed.isdisjoint(self._model.parents(node))}

    def _bare(self, node: str) -> NodeSummary:
        """A node without its measurements."""
        selection = self._selection
        adjacency = selection.adjacency(node)
        found = summary(self._model, node, adjacency, sensitive=self._choice.sensitive)
        for parent in self._model.parents(node):
            self._mentioned[parent] = self._label(parent)
        return found

    def _label(self, node: str) -> str | None:
        name = named(self._model, node)
        return name.label if name else None

    def _templates(self, node: str) -> Iterable[MetricTemplate]:
        kind = None if self._choice.graph else self._model.kind(node)
        return self._model.declarations.of(kind).metrics if kind is not None else ()


def _printed(
    ids: Mapping[int, str], times: Sequence[int], columns: Mapping[str, Column], handles: Sequence[int]
) -> Iterator[bytes]:
    """The measurements of some nodes, in as many blocks as keep each of them small."""
    rows = {name: column.rows(handles) for name, column in columns.items()}
    values = {name: rounded(flat) for name, flat in rows.items() if flat}
    data = orjson.dumps({"nodes": [ids[handle] for handle in handles], "times": times, "values": values})
    middle = len(handles) // 2
    if len(data) <= _BLOCK_BYTES or not middle:
        yield bytes(memoryview(data))  # a copy: what orjson answers takes 4 kB, however little it is
    else:
        yield from _printed(ids, times, columns, handles[:middle])
        yield from _printed(ids, times, columns, handles[middle:])
