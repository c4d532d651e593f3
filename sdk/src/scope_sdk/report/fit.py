"""Whether a delta makes sense against its base: what `check` cannot see, because it has only the delta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

from scope.report.v1.report_pb2 import Node, Report
from scope_sdk.report import ids

Identity = tuple[int, int, str]
"""What makes a node this one within a report: topology, host's handle, own part of its id."""


def identity(node: Node) -> Identity:
    """See Identity."""
    return node.topology, node.host, node.id


def handles_by_identity(full: Report) -> dict[Identity, int]:
    """The handle of each node."""
    return {identity(node): node.handle for node in full.nodes}


def fits(delta: Report, full: Report, base: Mapping[int, Node], handles: Mapping[Identity, int]) -> bool:
    """Whether the delta leads from its base to nodes that can be read.

    Its indexes lie in the joined string table, no handle names another node than in the base and no node has two, and
    every process's host is there.

    Args:
        delta: a delta that `check` has passed.
        full: its base.
        base: the base's nodes by handle.
        handles: the base's handles by identity.
    """
    strings = len(full.strings) + len(delta.strings)
    if any(column.metric >= strings for column in delta.metrics):
        return False
    removed = set(delta.removed)
    nodes = delta.nodes[:]
    if not (_indexed(nodes, strings) and all(_named(node, base, handles, removed) for node in nodes)):
        return False
    return _hosts_known(delta, base, removed)


def effective(base: Mapping[int, Node], delta: Report) -> dict[int, Node]:
    """The nodes that a delta leads to, by handle."""
    nodes = dict(base)
    for handle in delta.removed:
        nodes.pop(handle, None)
    nodes.update((node.handle, node) for node in delta.nodes)
    return nodes


def _named(node: Node, base: Mapping[int, Node], handles: Mapping[Identity, int], removed: AbstractSet[int]) -> bool:
    handle = handles.get(identity(node))
    if node.handle in base:
        return handle == node.handle
    return handle is None or handle in removed


def _indexed(nodes: Sequence[Node], strings: int) -> bool:
    # Arrays are sliced into lists: iterating over a message's array takes longer than both.
    arrays = ((node.text_keys[:], node.number_keys[:], node.set_keys[:], node.controls[:]) for node in nodes)
    if max(chain.from_iterable(chain.from_iterable(arrays)), default=-1) >= strings:
        return False
    return all(table.template < strings for node in nodes for table in node.tables[:])


def _hosts_known(delta: Report, base: Mapping[int, Node], removed: AbstractSet[int]) -> bool:
    """Whether each process's host is among the nodes, and is a host."""
    nodes, changed = base, list(delta.nodes)
    if any(handle in base and base[handle].topology == ids.HOST for handle in removed):
        nodes = effective(base, delta)
        changed = list(nodes.values())
    added = {node.handle: node for node in delta.nodes}
    hosts = {node.host for node in changed if node.host}
    found = (added.get(host) or nodes.get(host) for host in hosts)
    return all(node is not None and node.topology == ids.HOST for node in found)
