"""Whether a delta makes sense against its base: what `check` cannot see, because it has only the delta."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

from scope.report.v1.report_pb2 import Node, Report
from scope_sdk.report import ids

Identity = tuple[int, int, str]
"""What makes a node this one within a report: topology, host's handle, own part of its id."""


def identity(node: Node) -> Identity:
    """See Identity."""
    return node.topology, node.host, node.id


class Nodes(Mapping[int, Node]):
    """Nodes by handle, each parsed when it is asked for: all of them parsed take four times the memory.

    Args:
        nodes: what it is made of, and keeps no reference to.
    """

    __slots__ = ("packed",)

    def __init__(self, nodes: Iterable[Node] = ()) -> None:
        #: The serialised nodes by handle; equal nodes are equal bytes.
        self.packed = {node.handle: node.SerializeToString() for node in nodes}

    def after(self, delta: Report) -> Nodes:
        """The nodes that a delta against these leads to."""
        nodes, removed = Nodes(), set(delta.removed)
        # A copy would keep room for what is removed, and take twice as much.
        nodes.packed = {handle: data for handle, data in self.packed.items() if handle not in removed}
        nodes.packed.update(Nodes(delta.nodes).packed)
        return nodes

    def __getitem__(self, handle: int) -> Node:
        return Node.FromString(self.packed[handle])

    def __iter__(self) -> Iterator[int]:
        return iter(self.packed)

    def __len__(self) -> int:
        return len(self.packed)

    def __contains__(self, handle: object) -> bool:
        return handle in self.packed


class Handles:
    """The handles of nodes by identity: a hash leads to them, for to keep the identities takes ten times the memory.

    Args:
        nodes: all of them.
    """

    __slots__ = ("_handles", "_hashes", "_nodes")

    def __init__(self, nodes: Nodes) -> None:
        pairs = sorted((hash(identity(node)), handle) for handle, node in nodes.items())
        self._nodes = nodes
        self._hashes = array("q", [known for known, _ in pairs])
        self._handles = array("I", [handle for _, handle in pairs])

    def of(self, wanted: Identity) -> int | None:
        """The handle of the node that this is; None where there is none."""
        known = hash(wanted)
        at = bisect_left(self._hashes, known)
        while at < len(self._hashes) and self._hashes[at] == known:
            if identity(self._nodes[self._handles[at]]) == wanted:
                return self._handles[at]
            at += 1
        return None


def fits(delta: Report, strings: int, base: Nodes, handles: Handles) -> bool:
    """Whether the delta leads from its base to nodes that can be read.

    Its indexes lie in the joined string table, no handle names another node than in the base and no node has two, and
    every process's host is there.

    Args:
        delta: a delta that `check` has passed.
        strings: how many its base's string table has.
        base: the base's nodes by handle.
        handles: the base's.
    """
    strings += len(delta.strings)
    if any(column.metric >= strings for column in delta.metrics):
        return False
    removed = set(delta.removed)
    nodes = delta.nodes[:]
    if not (_indexed(nodes, strings) and all(_named(node, base, handles, removed) for node in nodes)):
        return False
    return _hosts_known(delta, base, removed)


def _named(node: Node, base: Nodes, handles: Handles, removed: AbstractSet[int]) -> bool:
    if node.handle in base:
        return identity(base[node.handle]) == identity(node)
    handle = handles.of(identity(node))
    return handle is None or handle in removed


def _indexed(nodes: Sequence[Node], strings: int) -> bool:
    # Arrays are sliced into lists: iterating over a message's array takes longer than both.
    arrays = ((node.text_keys[:], node.number_keys[:], node.set_keys[:], node.controls[:]) for node in nodes)
    if max(chain.from_iterable(chain.from_iterable(arrays)), default=-1) >= strings:
        return False
    return all(table.template < strings for node in nodes for table in node.tables[:])


def _hosts_known(delta: Report, base: Nodes, removed: AbstractSet[int]) -> bool:
    """Whether each process's host is among the nodes, and is a host."""
    nodes, changed = base, list(delta.nodes)
    if any(handle in base and base[handle].topology == ids.HOST for handle in removed):
        nodes = base.after(delta)
        changed = list(nodes.values())
    added = {node.handle: node for node in delta.nodes}
    hosts = {node.host for node in changed if node.host}
    found = (added.get(host) or nodes.get(host) for host in hosts)
    return all(node is not None and node.topology == ids.HOST for node in found)
