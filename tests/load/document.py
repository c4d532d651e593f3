"""Figures as Markdown, and their place in a document."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.load.goals import Figures, Verdict
from tests.load.machine import Reference, spread
from tests.load.outcome import Outcome, Row, cell

BEGIN = "<!-- Figures: written by `make bench` -->"
END = "<!-- End of the figures -->"

_MACHINE = "The machine"
_GOALS = "Goals"
_STEADY = "The reference"
_NOT_MEASURED = "not measured"


def put(path: Path, figures: str) -> None:
    """Replaces what a document says between the marks. ValueError where it has none."""
    before, _, after = _parts(path)
    path.write_text(f"{before}{BEGIN}\n\n{figures.strip()}\n\n{END}{after}")


def get(path: Path) -> str:
    """What a document says between the marks. ValueError where it has none."""
    return _parts(path)[1].strip()


def _parts(path: Path) -> tuple[str, str, str]:
    before, begin, rest = path.read_text().partition(BEGIN)
    figures, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{path}: has not the marks between which figures belong")
    return before, figures, after


def merged(before: str, now: str, order: Sequence[str]) -> str:
    """Figures of some runs among those of others, in this order.

    The others stay, and with them what they say of goals that were not measured now; the machine is said for all of
    them by `before`, and by each run of `now` for itself.
    """
    old, new = _sections(before), _sections(now)
    about = [line for line in new[_MACHINE].splitlines() if line.startswith(_STEADY)]
    runs = {name: "\n\n".join([text, *about]) for name, text in new.items() if name not in {_MACHINE, _GOALS}}
    goals = _kept(old.get(_GOALS, ""), new[_GOALS])
    every = {**new, **old, **runs, _GOALS: goals}
    return "\n\n".join(f"### {name}\n\n{every[name]}" for name in (_MACHINE, _GOALS, *order) if name in every)


def _sections(figures: str) -> dict[str, str]:
    """What follows each title."""
    parts = (part.partition("\n") for part in f"\n{figures}".split("\n### ")[1:])
    return {name: text.strip() for name, _, text in parts}


def _kept(before: str, now: str) -> str:
    """The goals, each as it was where it was not measured now, and has the same bound."""
    old = {_goal(line): line for line in before.splitlines()}
    return "\n".join(old.get(_goal(line), line) if _NOT_MEASURED in line else line for line in now.splitlines())


def _goal(line: str) -> Sequence[str]:
    """What a line is about, and its bound."""
    return tuple(line.split(" | ")[:2])


def markdown(
    machine: Mapping[str, str], references: Sequence[Reference], goals: Iterable[Verdict], figures: Figures
) -> str:
    """All of it."""
    parts = [f"### {_MACHINE}", _machine(machine, references), f"### {_GOALS}", _goals(goals)]
    for name, outcome in figures.items():
        parts += [f"### {name}", *_outcome(outcome)]
    return "\n\n".join(parts)


def _machine(machine: Mapping[str, str], references: Sequence[Reference]) -> str:
    took = [each.milliseconds for each in references]
    idle = [each.idle_percent for each in references]
    steady = (
        f"{_STEADY}, a fixed piece of work of one core, took {min(took):g} to {max(took):g} ms before and after "
        f"the runs: {spread([*references]):g} % between the fastest and the slowest. Before each run {min(idle):g} to "
        f"{max(idle):g} % of the machine was idle."
    )
    return f"{', '.join(f'{name}: {value}' for name, value in machine.items())}.\n\n{steady}"


def _goals(goals: Iterable[Verdict]) -> str:
    rows = [[goal.text, goal.bound, cell(goal.measured), _met(goal)] for goal in goals]
    return _table(["goal", "bound", "measured", ""], rows)


def _met(goal: Verdict) -> str:
    if goal.met is None:
        return _NOT_MEASURED
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
