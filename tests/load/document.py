"""Figures as Markdown, and their place in a document."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.load.goals import Figures, Verdict
from tests.load.machine import Reference, spread
from tests.load.outcome import Outcome, Row, cell

BEGIN = "<!-- Figures: written by `make bench` -->"
END = "<!-- End of the figures -->"


def put(path: Path, figures: str) -> None:
    """Replaces what a document says between the marks. ValueError where it has none."""
    text = path.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path}: has not the marks between which figures belong")
    path.write_text(f"{before}{BEGIN}\n\n{figures.strip()}\n\n{END}{after}")


def markdown(
    machine: Mapping[str, str], references: Sequence[Reference], goals: Iterable[Verdict], figures: Figures
) -> str:
    """All of it."""
    parts = ["### The machine", _machine(machine, references), "### Goals", _goals(goals)]
    for name, outcome in figures.items():
        parts += [f"### {name}", *_outcome(outcome)]
    return "\n\n".join(parts)


def _machine(machine: Mapping[str, str], references: Sequence[Reference]) -> str:
    took = [each.milliseconds for each in references]
    idle = [each.idle_percent for each in references]
    steady = (
        f"The reference, a fixed piece of work of one core, took {min(took):g} to {max(took):g} ms before and after "
        f"the runs: {spread([*references]):g} % between the fastest and the slowest. Before each run {min(idle):g} to "
        f"{max(idle):g} % of the machine was idle."
    )
    return f"{', '.join(f'{name}: {value}' for name, value in machine.items())}.\n\n{steady}"


def _goals(goals: Iterable[Verdict]) -> str:
    rows = [[goal.text, goal.bound, cell(goal.measured), _met(goal)] for goal in goals]
    return _table(["goal", "bound", "measured", ""], rows)


def _met(goal: Verdict) -> str:
    if goal.met is None:
        return "not measured"
    if goal.met:
        return "met"
    return f"missed by {goal.far:g} %" if goal.far else "missed"


def _outcome(outcome: Outcome) -> Iterable[str]:
    setting = ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in outcome.setting.items())
    yield f"With {setting}."
    for title, rows in outcome.sections.items():
        yield f"{title.replace('_', ' ').capitalize()}:\n\n{_section(rows)}"
    yield from (f"**Failed:** {failure}" for failure in outcome.failures)


def _section(rows: Mapping[str, Row]) -> str:
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    lines = [[name, *(cell(row.get(column)) for column in columns)] for name, row in rows.items()]
    return _table(["", *columns], [[text.replace("_", " ") for text in line] for line in lines])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [[text.replace("_", " ") for text in head], ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
