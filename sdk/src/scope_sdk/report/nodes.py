"""What is said about one node, before it is encoded."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report import ids, limits
from scope_sdk.report.addresses import scoped
from scope_sdk.report.errors import ReportError

Attribute = str | float | Collection[str]
"""A text, a number, or several texts. What is a number here is shown and compared as one."""

Sample = tuple[int, float]
"""When (milliseconds since 1970, by the clock of whoever took it) and how much."""

LARGEST_SAMPLE = 3.4028234663852886e38
"""Samples travel as 32 bit floating point numbers; this is the largest."""


@dataclass(slots=True)
class NodeFacts:
    """One node.

    Attributes:
        topology: what kind of thing it is.
        id: its id as in answers (`scope_sdk.report.ids`): `myhost;<host>`, `myhost;4711`, `abc;<container>`.
        label: what to call it.
        parents: ids of the nodes it belongs to, each in the same report.
        attributes: a text, a number or several texts by key.
        metrics: samples by metric id.
        maxima: the largest value a metric can have (a capacity, a limit), by metric id; left out where unknown.
        tables: rows by template id: the cells, in the order of the template's columns, by the row's id.
        controls: ids of the controls that can be used on it now.
        addresses: those that reach it and nothing else: `ADDRESS`, or `SCOPE;ADDRESS` where it means something on one
            host only.
    """

    topology: Topology.ValueType
    id: str
    label: str = ""
    parents: Collection[str] = ()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    metrics: Mapping[str, Sequence[Sample]] = field(default_factory=dict)
    maxima: Mapping[str, float] = field(default_factory=dict)
    tables: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    controls: Collection[str] = ()
    addresses: Collection[str] = ()


def check_node(node: NodeFacts) -> None:
    """Raises ReportError, the place named as seen from the node, where it cannot be part of any report."""
    _, own = _parts(node)
    text(own, limits.ID_LENGTH, "id")
    text(node.label, limits.LABEL_LENGTH, "label")
    count(node.parents, limits.PARENTS, "parents")
    keys(node.controls, limits.CONTROLS, "controls")
    count(node.addresses, limits.NODE_ADDRESSES, "addresses")
    for position, address in enumerate(node.addresses):
        scoped(address, "", f"addresses[{position}]")
    keys(node.attributes, limits.ATTRIBUTES, "attributes")
    for key, value in node.attributes.items():
        _check_attribute(value, f"attributes.{key}")
    keys(node.metrics, limits.METRICS, "metrics")
    for metric, samples in node.metrics.items():
        _check_samples(samples, f"metrics.{metric}")
    keys(node.maxima, limits.METRICS, "maxima")
    for metric, largest in node.maxima.items():
        _check_value(largest, f"maxima.{metric}")
    keys(node.tables, limits.TABLES, "tables")
    for template, rows in node.tables.items():
        _check_rows(rows, f"tables.{template}")


def _parts(node: NodeFacts) -> tuple[str, str]:
    if node.topology not in ids.TOPOLOGIES:
        raise ReportError("topology", "is not a kind of node")
    return ids.parts(node.topology, node.id)


def text(value: object, longest: int, place: str) -> None:
    """Raises ReportError where a text is none, too long, or cannot be written as UTF-8."""
    if not isinstance(value, str):
        raise ReportError(place, "must be a text")
    if len(value) > longest:
        raise ReportError(place, f"must have at most {longest} characters")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ReportError(place, "must be valid Unicode (it holds half of a surrogate pair)") from None


def count(values: Collection[object], most: int, place: str) -> None:
    """Raises ReportError where there are too many."""
    if len(values) > most:
        raise ReportError(place, f"must have at most {most} elements")


def keys(values: Iterable[str], most: int, place: str) -> None:
    """Raises ReportError where there are too many, or one is empty or too long."""
    held = list(values)
    count(held, most, place)
    for key in held:
        text(key, limits.KEY_LENGTH, f"{place}.{key!s:.40}")
        if not key:
            raise ReportError(place, "a key must not be empty")


def finite(value: object, place: str) -> None:
    """Raises ReportError where this is no number, infinite or not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise ReportError(place, "must be a finite number")


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond any floating point one
        return False


def _check_attribute(value: object, place: str) -> None:
    if isinstance(value, str):
        text(value, limits.TEXT_LENGTH, place)
    elif isinstance(value, int | float):
        finite(value, place)
    elif isinstance(value, Collection) and not isinstance(value, bytes | Mapping):
        count(value, limits.SET_VALUES, place)
        _each(value, lambda member, at: text(member, limits.TEXT_LENGTH, at), place)
    else:
        raise ReportError(place, "must be a text, a number or a list of texts")


def _check_samples(samples: Sequence[Sample], place: str) -> None:
    count(samples, limits.SAMPLE_TIMES, place)
    for position, (moment, value) in enumerate(samples):
        if not 0 <= moment < limits.SAFE_INTEGER:
            raise ReportError(f"{place}[{position}]", "its time must be in milliseconds since 1970")
        _check_value(value, f"{place}[{position}]")


def _check_value(value: float, place: str) -> None:
    finite(value, place)
    if abs(value) > LARGEST_SAMPLE:
        raise ReportError(place, "is too large")


def _check_rows(rows: Mapping[str, Sequence[str]], place: str) -> None:
    count(rows, limits.ROWS, place)
    for row, cells in rows.items():
        text(row, limits.ID_LENGTH, f"{place}.{row!s:.40}")
        count(cells, limits.COLUMNS, f"{place}.{row:.40}")
        _each(cells, lambda cell, at: text(cell, limits.TEXT_LENGTH, at), f"{place}.{row:.40}")


def _each(values: Collection[str], check: Callable[[str, str], None], place: str) -> None:
    for position, value in enumerate(values):
        check(value, f"{place}[{position}]")
