"""Which nodes of a probe belong to which."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from scope.report.v1.report_pb2 import Node
from scope_sdk.report.fit import Nodes
from scope_sdk.report.ids import PROCESS


class Children:
    """The nodes that name another as a parent or as their host, all by their handles."""

    def __init__(self) -> None:
        # In ascending order: a set of so few numbers takes ten times the memory, and most nodes are one's child.
        self._of: dict[int, array[int]] = {}

    def of(self, parent: int) -> Sequence[int]:
        """The children of a node, in ascending order."""
        return self._of.get(parent, ())

    def update(self, handles: Iterable[int], before: Nodes, now: Nodes) -> set[int]:
        """Takes in that these nodes are not what they were; answers whose children they were and are.

        Processes say nothing about what they belong to.
        """
        families: set[int] = set()
        for handle in handles:
            node_before, node_now = before.get(handle), now.get(handle)
            old, new = _parents(node_before), _parents(node_now)
            if not any(node.topology == PROCESS for node in (node_before, node_now) if node):
                families |= old | new
            for parent in old - new:
                self._remove(parent, handle)
            for parent in new - old:
                children = self._of.setdefault(parent, array("I"))
                children.insert(bisect_left(children, handle), handle)
        return families

    def _remove(self, parent: int, child: int) -> None:
        children = self._of[parent]
        del children[bisect_left(children, child)]
        if not children:
            del self._of[parent]


def _parents(node: Node | None) -> set[int]:
    """The handles of what a node belongs to; none for no node."""
    if node is None:
        return set()
    parents = set(node.parents[:])
    return parents | {node.host} if node.host else parents
