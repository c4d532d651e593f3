"""How nodes are shown: bounds of what probes declare, and how declarations of the same id replace each other."""

import math
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from scope.report.v1.template_pb2 import ArgumentTemplate, ControlTemplate, TopologyTemplates
from scope_sdk.report import ids, limits
from scope_sdk.report.errors import ReportError, within


class _Declared(Protocol):
    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...


_D = TypeVar("_D", bound=_Declared)


def check_templates(templates: Sequence[TopologyTemplates], place: str) -> None:
    """Raises ReportError where a topology is unknown or repeated, there are too many, or one is out of bounds."""
    seen = set()
    for index, kind in enumerate(templates):
        with within(f"{place}[{index}]"):
            check_kind(kind)
        if kind.topology in seen:
            raise ReportError(f"{place}[{index}].topology", "must be another than those before")
        seen.add(kind.topology)
    if sum(map(_size, templates)) > limits.TEMPLATES:
        raise ReportError(place, f"must have at most {limits.TEMPLATES} declarations")


def check_kind(kind: TopologyTemplates) -> None:
    """Raises ReportError, the place as seen from the declarations of one topology, where one is out of bounds."""
    if kind.topology not in ids.TOPOLOGIES:
        raise ReportError("topology", "must be a kind of node")
    _check_declared(kind.rows, "rows")
    _check_declared(kind.metrics, "metrics")
    _check_declared(kind.tables, "tables")
    _check_declared(kind.controls, "controls")
    _check_lengths([metric.group for metric in kind.metrics], "metrics")
    if max((row.truncate for row in kind.rows), default=0) > limits.TEXT_LENGTH:
        raise ReportError("rows", f"a text cannot be cut beyond its {limits.TEXT_LENGTH} characters")
    for index, control in enumerate(kind.controls):
        with within(f"controls[{index}]"):
            _check_control(control)
    for index, table in enumerate(kind.tables):
        _check_declared(table.columns, f"tables[{index}].columns")
        if len(table.columns) > limits.COLUMNS:
            raise ReportError(f"tables[{index}].columns", f"must have at most {limits.COLUMNS} elements")
    for place, shown in (("rows", kind.rows), ("metrics", kind.metrics), ("tables", kind.tables)):
        if not all(math.isfinite(one.priority) for one in shown):
            raise ReportError(place, "a priority must be a finite number")


def merge_templates(known: TopologyTemplates, more: TopologyTemplates) -> TopologyTemplates:
    """Both, of one topology, ordered by id; the later replace the earlier of the same id."""
    return TopologyTemplates(
        topology=more.topology,
        rows=_by_id(known.rows, more.rows),
        metrics=_by_id(known.metrics, more.metrics),
        tables=_by_id(known.tables, more.tables),
        controls=_by_id(known.controls, more.controls),
    )


def _by_id(known: Iterable[_D], more: Iterable[_D]) -> list[_D]:
    joined = {declared.id: declared for declared in (*known, *more)}
    return [joined[key] for key in sorted(joined)]


def _size(kind: TopologyTemplates) -> int:
    columns = sum(len(table.columns) for table in kind.tables)
    arguments = sum(len(control.arguments) for control in kind.controls)
    return len(kind.rows) + len(kind.metrics) + len(kind.tables) + columns + len(kind.controls) + arguments


def _check_control(control: ControlTemplate) -> None:
    for field in ("icon", "confirmation", "permission"):
        _check_lengths([getattr(control, field)], field)
    if len(control.arguments) > limits.ARGUMENTS:
        raise ReportError("arguments", f"must have at most {limits.ARGUMENTS} elements")
    _check_ids([argument.name for argument in control.arguments], "arguments", "a name")
    for index, argument in enumerate(control.arguments):
        with within(f"arguments[{index}]"):
            _check_argument(argument)


def _check_argument(argument: ArgumentTemplate) -> None:
    if len(argument.choices) > limits.CHOICES:
        raise ReportError("choices", f"must have at most {limits.CHOICES} elements")
    _check_lengths([argument.label], "label")
    _check_lengths([argument.default_value], "default_value")
    _check_lengths(argument.choices, "choices")
    if argument.choices and argument.default_value and argument.default_value not in argument.choices:
        raise ReportError("default_value", "must be one of the choices")


def _check_declared(declared: Sequence[_Declared], place: str) -> None:
    _check_ids([one.id for one in declared], place, "an id")
    _check_lengths([one.label for one in declared], place)


def _check_ids(names: Sequence[str], place: str, what: str) -> None:
    if not all(names) or len(set(names)) != len(names):
        raise ReportError(place, f"each must have {what} of its own")
    if max(map(len, names), default=0) > limits.KEY_LENGTH:
        raise ReportError(place, f"{what} must have at most {limits.KEY_LENGTH} characters")


def _check_lengths(texts: Sequence[str], place: str) -> None:
    if max(map(len, texts), default=0) > limits.LABEL_LENGTH:
        raise ReportError(place, f"a text must have at most {limits.LABEL_LENGTH} characters")
