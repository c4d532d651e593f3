"""What probes say about one node: decoded, and folded across probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from scope.report.v1.report_pb2 import Table
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.state import ProbeState

Rows = Mapping[str, tuple[str, ...]]
"""Rows of a table: cells by the row's id."""


@dataclass(frozen=True, slots=True)
class Facts:
    """The slow facts about one node (measurements and connections are columns of their own).

    Attributes:
        id: as in answers.
        topology: what kind of thing it is.
        label: what to call it.
        parents: ids of the nodes it belongs to.
        texts: attributes with one text.
        numbers: attributes with one number.
        sets: attributes with several texts.
        tables: rows by the template's id.
        controls: ids of what can be done to it now.
        addresses: those that reach it and nothing else.
    """

    id: str
    topology: Topology.ValueType
    label: str = ""
    parents: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, float] = field(default_factory=dict)
    sets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    tables: Mapping[str, Rows] = field(default_factory=dict)
    controls: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()


def facts(state: ProbeState, handle: int) -> Facts:
    """What one probe says about a node. KeyError where no node has that handle."""
    node = state.nodes()[handle]
    strings = state.strings()
    known = state.nodes()
    # Arrays are sliced into lists: iterating over a message's array takes longer than both.
    return Facts(
        id=state.id_of(handle),
        topology=node.topology,
        label=node.label,
        parents=frozenset(state.id_of(parent) for parent in node.parents[:] if parent in known),
        texts={strings[key]: text for key, text in zip(node.text_keys[:], node.texts[:], strict=True)},
        numbers={strings[key]: number for key, number in zip(node.number_keys[:], node.numbers[:], strict=True)},
        sets={strings[key]: frozenset(held.values) for key, held in zip(node.set_keys[:], node.sets[:], strict=True)},
        tables={strings[table.template]: _rows(table) for table in node.tables[:]},
        controls=frozenset(strings[control] for control in node.controls[:]),
        addresses=frozenset(node.addresses),
    )


def fold(contributions: Sequence[Facts]) -> Facts:
    """One node of what several probes say about it, the earlier first; at least one.

    Of a label, a text or a number the later wins (a text also over a number of its key, and the other way round); sets,
    parents, controls, addresses and the rows of tables unite, of rows with the same id the later wins. Associative and
    idempotent; commutative where no two say different things under one key.
    """
    folded = contributions[0]
    for more in contributions[1:]:
        folded = _join(folded, more)
    return folded


def _join(known: Facts, more: Facts) -> Facts:
    return Facts(
        id=known.id,
        topology=known.topology,
        label=more.label or known.label,
        parents=known.parents | more.parents,
        texts={**{key: text for key, text in known.texts.items() if key not in more.numbers}, **more.texts},
        numbers={**{key: number for key, number in known.numbers.items() if key not in more.texts}, **more.numbers},
        sets={
            key: known.sets.get(key, frozenset()) | more.sets.get(key, frozenset())
            for key in known.sets.keys() | more.sets.keys()
        },
        tables={
            key: {**known.tables.get(key, {}), **more.tables.get(key, {})}
            for key in known.tables.keys() | more.tables.keys()
        },
        controls=known.controls | more.controls,
        addresses=known.addresses | more.addresses,
    )


def _rows(table: Table) -> Rows:
    return {row.id: tuple(row.cells) for row in table.rows}
