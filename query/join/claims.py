"""Which node an address reaches."""

from collections.abc import Iterable

from query.join.bags import Bags
from scope.report.v1.topology_pb2 import Topology

#: The kinds of nodes that have addresses of their own, the most particular first.
_KINDS = (
    Topology.TOPOLOGY_CONTAINER,
    Topology.TOPOLOGY_POD,
    Topology.TOPOLOGY_SERVICE,
    Topology.TOPOLOGY_HOST,
)
_RANKS = {kind: rank for rank, kind in enumerate(_KINDS)}
_NOTHING: tuple[int, tuple[str, ...]] = (0, ())


class Claims:
    """The addresses of all nodes."""

    def __init__(self) -> None:
        # By node, the rank of its kind and its addresses.
        self._of_node: dict[str, tuple[int, tuple[str, ...]]] = {}
        self._nodes: Bags[str, str] = Bags()
        # Who alone claims an address, of those that several do: any number of connections may ask for one of them.
        self._alone: dict[str, str | None] = {}

    def put(self, node: str, kind: Topology.ValueType | None, addresses: Iterable[str]) -> set[str]:
        """Replaces the addresses of a node; answers those that may reach another node now."""
        rank = _RANKS.get(kind) if kind is not None else None
        new = (rank, tuple(sorted(set(addresses)))) if rank is not None else _NOTHING
        old = self._of_node.pop(node, _NOTHING)
        if new[1]:
            self._of_node[node] = new
        if new == old:
            return set()
        for address in old[1]:
            self._nodes.remove(address, node)
        for address in new[1]:
            self._nodes.add(address, node)
        concerned = {*old[1], *new[1]}
        for address in concerned:
            self._alone.pop(address, None)
        return concerned

    def of(self, address: str) -> str | None:
        """The node that alone of its kind claims the address, of the most particular kind where there are several."""
        nodes = self._nodes.of(address)
        if len(nodes) <= 1:
            return next(iter(nodes), None)
        if address not in self._alone:
            self._alone[address] = self._find(nodes)
        return self._alone[address]

    def _find(self, nodes: Iterable[str]) -> str | None:
        claiming: list[list[str]] = [[] for _ in _KINDS]
        for node in nodes:
            claiming[self._of_node[node][0]].append(node)
        return next((alike[0] for alike in claiming if len(alike) == 1), None)
