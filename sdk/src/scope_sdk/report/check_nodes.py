"""Whether the nodes of a report that came from elsewhere hold what they may.

Every rule is asked of all nodes at once, a column at a time, which costs a part of asking each node; only when one is
broken are they asked again one by one.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from itertools import chain, islice

from scope.report.v1.report_pb2 import Node, Table, TextSet
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids, limits
from scope_sdk.report.errors import ReportError
from scope_sdk.report.fit import identity

Fault = tuple[str, str] | None
"""The field of a node that breaks a rule, and the rule."""

_KEYED = f"must have one key of the string table for each value, at most {limits.ATTRIBUTES}"

_flat = chain.from_iterable

# Some 20 MB at most.
_KNOWN = 40_000
_KNOWN_BYTES = 400


class Known:
    """What broke no rule: most nodes of a delta were in the one before it too, and templates are those of a program.

    Each node is remembered by all that it says, with the shortest string table that was long enough for it. There is a
    bound to how many they are; when it is reached the memory begins anew.
    """

    def __init__(self) -> None:
        self._long_enough: dict[bytes, int] = {}
        #: The templates that were good last, serialised.
        self.templates = b""

    def others(self, nodes: Sequence[Node], strings: int) -> dict[bytes, Node]:
        """The nodes that must be looked at, by what they say."""
        long_enough = self._long_enough.get
        said = zip(map(Node.SerializeToString, nodes), nodes, strict=True)
        return {body: node for body, node in said if long_enough(body, math.inf) > strings}

    def remember(self, bodies: Collection[bytes], strings: int) -> None:
        """These nodes are good where the string table is so long, or longer."""
        if len(self._long_enough) + len(bodies) > _KNOWN:
            self._long_enough.clear()
        small = (body for body in bodies if len(body) <= _KNOWN_BYTES)
        self._long_enough.update(dict.fromkeys(islice(small, _KNOWN), strings))


def check_nodes(nodes: Sequence[Node], strings: int, known: Known | None = None) -> None:
    """Raises ReportError naming the first node that breaks a rule; indexes must lie below `strings`."""
    handles = {node.handle for node in nodes}
    if 0 in handles or len(handles) != len(nodes):
        raise ReportError("nodes", "each must have a handle of its own, from 1")
    if len(set(map(identity, nodes))) != len(nodes):
        raise ReportError("nodes", "each must have an id of its own")
    others = known.others(nodes, strings) if known else {}
    unknown = list(others.values()) if known else nodes
    if unknown and _fault(unknown, strings):
        index, fault = next((index, fault) for index, node in enumerate(nodes) if (fault := _fault([node], strings)))
        raise ReportError(f"nodes[{index}].{fault[0]}", fault[1])
    if known:
        known.remember(others, strings)


def check_references(nodes: Sequence[Node]) -> None:
    """Raises ReportError naming the first node whose host or parents are not among the nodes."""
    hosts = {node.handle for node in nodes if node.topology == ids.HOST} | {0}
    if not hosts.issuperset([node.host for node in nodes]):
        index = next(index for index, node in enumerate(nodes) if node.host not in hosts)
        raise ReportError(f"nodes[{index}].host", "must be a host of this report")
    known = {node.handle for node in nodes}
    if not known.issuperset(_flat([node.parents[:] for node in nodes])):
        index = next(index for index, node in enumerate(nodes) if not known.issuperset(node.parents))
        raise ReportError(f"nodes[{index}].parents", "must be nodes of this report")


def _fault(nodes: Sequence[Node], strings: int) -> Fault:
    """What is wrong with any of the nodes. Every rule is one that holds for all exactly if it holds for each.

    Arrays are sliced into lists first: iterating over a list is several times faster than over a message's array.
    """
    return (
        _identity_fault(nodes)
        or _texts_fault([node.text_keys[:] for node in nodes], [node.texts[:] for node in nodes], strings)
        or _numbers_fault([node.number_keys[:] for node in nodes], [node.numbers[:] for node in nodes], strings)
        or _sets_fault([node.set_keys[:] for node in nodes], [node.sets[:] for node in nodes], strings)
        or _tables_fault([node.tables[:] for node in nodes], strings)
        or _controls_fault([node.controls[:] for node in nodes], strings)
        or _addresses_fault([node.addresses[:] for node in nodes])
    )


def _identity_fault(nodes: Sequence[Node]) -> Fault:
    topologies = [node.topology for node in nodes]
    owns = [node.id for node in nodes]
    if not ids.TOPOLOGIES.issuperset(topologies):
        return "topology", "must be a kind of node"
    if not all(owns) or _longest(owns) > limits.ID_LENGTH or not _printable(topologies, owns):
        return "id", f"must be printable, of 1 to {limits.ID_LENGTH} characters, without ';', and not 'pseudo:...'"
    if [topology == ids.PROCESS for topology in topologies] != [node.host > 0 for node in nodes]:
        return "host", "is what processes have, and nothing else"
    if _longest([node.label for node in nodes]) > limits.LABEL_LENGTH:
        return "label", f"must have at most {limits.LABEL_LENGTH} characters"
    if _longest([node.parents for node in nodes]) > limits.PARENTS:
        return "parents", f"must have at most {limits.PARENTS} elements"
    return None


def _printable(topologies: Sequence[Topology.ValueType], owns: Sequence[str]) -> bool:
    together = "".join(owns)
    if together.isprintable() and ";" not in together and ids.PSEUDO not in together:
        return True
    return all(ids.is_own_part(topology, own) for topology, own in zip(topologies, owns, strict=True))


def _texts_fault(keys: Sequence[list[int]], texts: Sequence[list[str]], strings: int) -> Fault:
    if not _keyed(keys, texts, strings):
        return "text_keys", _KEYED
    if _longest(_flat(texts)) > limits.TEXT_LENGTH:
        return "texts", f"must have at most {limits.TEXT_LENGTH} characters each"
    return None


def _numbers_fault(keys: Sequence[list[int]], numbers: Sequence[list[float]], strings: int) -> Fault:
    if not _keyed(keys, numbers, strings):
        return "number_keys", _KEYED
    return None if all(map(math.isfinite, _flat(numbers))) else ("numbers", "must be finite")


def _sets_fault(keys: Sequence[list[int]], sets: Sequence[list[TextSet]], strings: int) -> Fault:
    if not _keyed(keys, sets, strings):
        return "set_keys", _KEYED
    values = [held.values[:] for held in _flat(sets)]
    if _longest(values) > limits.SET_VALUES or _longest(_flat(values)) > limits.TEXT_LENGTH:
        return "sets", f"must have at most {limits.SET_VALUES} values of {limits.TEXT_LENGTH} characters"
    return None


def _keyed(keys: Sequence[list[int]], values: Sequence[Sequence[object]], strings: int) -> bool:
    same = list(map(len, keys)) == list(map(len, values))
    return same and _longest(keys) <= limits.ATTRIBUTES and max(_flat(keys), default=-1) < strings


def _tables_fault(tables: Sequence[list[Table]], strings: int) -> Fault:
    if _longest(tables) > limits.TABLES:
        return "tables", f"must have at most {limits.TABLES} elements"
    held = list(_flat(tables))
    if any(table.template >= strings or len(table.rows) > limits.ROWS for table in held):
        return "tables", f"must name their template in the string table, and have at most {limits.ROWS} rows"
    rows = [row for table in held for row in table.rows]
    if any(len(row.id) > limits.ID_LENGTH or len(row.cells) > limits.COLUMNS for row in rows):
        return "tables", f"row ids have at most {limits.ID_LENGTH} characters, rows at most {limits.COLUMNS} cells"
    if _longest(_flat([row.cells for row in rows])) > limits.TEXT_LENGTH:
        return "tables", f"cells must have at most {limits.TEXT_LENGTH} characters"
    return None


def _controls_fault(controls: Sequence[list[int]], strings: int) -> Fault:
    if _longest(controls) > limits.CONTROLS or max(_flat(controls), default=-1) >= strings:
        return "controls", f"must lie in the string table, at most {limits.CONTROLS}"
    return None


def _addresses_fault(addresses: Sequence[list[str]]) -> Fault:
    if _longest(addresses) > limits.NODE_ADDRESSES or _longest(_flat(addresses)) > limits.ADDRESS_LENGTH:
        return "addresses", f"must be at most {limits.NODE_ADDRESSES}, of {limits.ADDRESS_LENGTH} characters"
    return None


def _longest(values: Iterable[Collection[object]]) -> int:
    return max(map(len, values), default=0)
