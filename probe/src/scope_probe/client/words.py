"""Nodes in words and columns, for a terminal."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from scope.query.v1.node_pb2 import MetadataRow, Metric

_WIDEST = 48


def clean(text: str) -> str:
    """The text without what a terminal would obey: what machines and programs are called is not ours to choose."""
    return "".join(one if one.isprintable() else "?" for one in text)


def row(fact: MetadataRow) -> str:
    """A row's value."""
    value = clean(fact.value)[: fact.truncate or None]
    return _FACTS.get(fact.data_type, str)(value) if value else ""


def measured(metric: Metric) -> str:
    """A measurement's newest value."""
    return _MEASURES.get(metric.format, _number)(metric.value)


def columns(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """The lines of a table; a column in which nothing stands is left out."""
    used = [number for number in range(len(titles)) if any(row[number] for row in rows)]
    lines = [[line[number] for number in used] for line in ([title.upper() for title in titles], *rows)]
    widths = [max(len(line[number]) for line in lines) for number in range(len(used))]
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def shortened(text: str) -> str:
    """The text, cut where it is longer than a column shall be."""
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _duration(text: str) -> str:
    """Seconds, roughly."""
    try:
        seconds = int(float(text))
    except (ValueError, OverflowError):
        return text
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _datetime(text: str) -> str:
    """A moment, as UTC to the second."""
    try:
        return f"{datetime.fromisoformat(text).astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    except (ValueError, OverflowError):
        return text


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _size(value: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024:
            return f"{_number(round(value, 1))} {unit}"
        value /= 1024
    return f"{_number(round(value, 1))} TiB"


_FACTS: Mapping[str, Callable[[str], str]] = {"duration": _duration, "datetime": _datetime}
_MEASURES: Mapping[str, Callable[[float], str]] = {
    "percent": lambda value: f"{value:.1f} %",
    "filesize": _size,
    "integer": lambda value: f"{value:.0f}",
}
