from pathlib import Path

import pytest

from tests.load import __main__ as command
from tests.load.bench import _DOCUMENT, RUNS
from tests.load.document import BEGIN, END, get, markdown, merged, put
from tests.load.goals import Verdict
from tests.load.machine import Reference, description, spread
from tests.load.modes import MODES
from tests.load.outcome import Outcome

OUTCOME = Outcome(
    "views",
    {"hosts": 10},
    {"usage_paced": {"query-0": {"cpu_percent": 12.5, "rss_mb": None}, "envoy-0": {"us_per_report": 1_234.5}}},
    ["1 report was lost"],
)


def test_figures_replace_those_between_the_marks_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):
        put(path, "new\n")
        assert path.read_text() == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"


def test_a_document_without_marks_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{BEGIN}\n")
    with pytest.raises(ValueError, match="marks"):
        put(path, "new")
    assert path.read_text() == f"before\n{BEGIN}\n"


def test_markdown_says_the_machine_the_goals_and_every_figure() -> None:
    references = [Reference(100.0, 90.0), Reference(125.0, 99.0)]
    goals = [
        Verdict("speed", "at least 10", 8.0, False, 20.0),
        Verdict("lost", "at most 0", 0, True, 0.0),
        Verdict("size", "at most 5", None, None, 0.0),
    ]
    text = markdown({"cores": "2"}, references, goals, {"views-10": OUTCOME})
    for part in (
        "cores: 2.",
        "took 100 to 125 ms",
        "25 % between",
        "90 to 99 % of the machine was idle",
        "| speed | at least 10 | 8.0 | missed by 20 % |",
        "| lost | at most 0 | 0 | met |",
        "| size | at most 5 | - | not measured |",
        "### views-10",
        "With hosts 10.",
        "Usage paced:",
        "|  | cpu percent | rss mb | us per report |",
        "| query-0 | 12.5 | - | - |",
        "| envoy-0 | - | - | 1,234.5 |",
        "**Failed:** 1 report was lost",
    ):
        assert part in text


def test_figures_of_some_runs_leave_those_of_others_as_they_were(tmp_path: Path) -> None:
    def figures(milliseconds: float, hosts: int, *runs: str, speed: float | None, size: float | None) -> str:
        goals = [
            Verdict(text, "at least 10", value, None if value is None else value >= 10, 0.0)
            for text, value in (("speed", speed), ("size", size))
        ]
        outcomes = {run: Outcome("views", {"hosts": hosts}, {}) for run in runs}
        return markdown({"cores": "2"}, [Reference(milliseconds, 99.0)], goals, outcomes)

    path = tmp_path / "performance.md"
    path.write_text(f"{BEGIN}\n{END}\n")
    put(path, figures(100, 1, "views-10", "streams", speed=12.0, size=5.0))
    now = figures(125, 2, "views-20", "streams", speed=None, size=11.0)
    put(path, merged(get(path), now, ["views-10", "views-20", "streams"]))
    text = get(path)
    assert [line for line in text.splitlines() if line.startswith(("###", "With"))] == [
        "### The machine",
        "### Goals",
        *("### views-10", "With hosts 1."),
        *("### views-20", "With hosts 2."),
        *("### streams", "With hosts 2."),
    ]
    assert "| speed | at least 10 | 12.0 | met |" in text
    assert "| size | at least 10 | 11.0 | met |" in text
    assert (text.count("took 100 to 100 ms"), text.count("took 125 to 125 ms")) == (1, 2)
    assert merged(text, now, ["views-10", "views-20", "streams"]) == text


def test_the_spread_is_that_of_the_slowest_and_the_fastest() -> None:
    assert spread([Reference(110, 0), Reference(100, 0), Reference(104, 0)]) == 10


def test_a_machine_is_described_without_its_name() -> None:
    assert description().keys() == {"cores", "processor", "memory", "system", "Python"}


def test_the_document_has_room_for_figures() -> None:
    text = _DOCUMENT.read_text()
    assert text.count(BEGIN) == text.count(END) == 1


def test_every_mode_is_run() -> None:
    assert set(MODES) < set(command.__all__)
    assert {run.mode for run in RUNS} == set(MODES)
