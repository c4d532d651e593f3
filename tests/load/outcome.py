"""What a mode measured: one JSON object, or tables."""

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

_WIDTH = 160

Row = Mapping[str, float | int | None]
"""Figures by name, the unit at the name's end."""


@dataclass(frozen=True)
class Outcome:
    """The figures of one run.

    Attributes:
        mode: which mode it was.
        setting: what it was run with, and the figures that stand by themselves.
        sections: tables by title; each has a row of figures by what was measured.
        failures: what was not as promised, one sentence each; empty where all was.
    """

    mode: str
    setting: Mapping[str, float | int]
    sections: Mapping[str, Mapping[str, Row]]
    failures: Collection[str] = ()

    def json(self) -> str:
        """All of it as one JSON object in one line."""
        return orjson.dumps(
            {"mode": self.mode, **self.setting, **self.sections, "failures": list(self.failures)}
        ).decode()

    @staticmethod
    def read(text: str) -> "Outcome":
        """The inverse of `json`."""
        content: dict[str, Any] = orjson.loads(text)
        mode, failures = content.pop("mode"), content.pop("failures")
        sections = {key: value for key, value in content.items() if isinstance(value, dict)}
        setting = {key: value for key, value in content.items() if key not in sections}
        return Outcome(mode, setting, sections, failures)

    def print(self) -> None:
        """A table for each section, then what was not as promised; no terminal, no narrow columns."""
        console = Console(width=None if sys.stdout.isatty() else _WIDTH)
        setting = ", ".join(f"{name} {value:g}" for name, value in self.setting.items())
        console.print(f"[bold]{self.mode}[/]: {setting}")
        for title, rows in self.sections.items():
            console.print(_table(title, rows))
        for failure in self.failures:
            console.print(f"[red]failed:[/] {failure}")


def _table(title: str, rows: Mapping[str, Row]) -> Table:
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    table = Table(title=title.replace("_", " "), title_justify="left", box=SIMPLE)
    table.add_column(no_wrap=True)
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right", no_wrap=True)
    for name, row in rows.items():
        table.add_row(name.replace("_", " "), *(cell(row.get(column)) for column in columns))
    return table


def cell(value: float | None) -> str:
    """A figure as a table shows it."""
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
