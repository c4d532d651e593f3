import pytest

from tests.load.goals import GOALS, Goal, at, ratio, verdicts
from tests.load.outcome import Outcome


def _outcome(value: float | None) -> Outcome:
    return Outcome("views", {}, {"usage": {"query-0": {"cpu_percent": value}}})


CPU = at("views-10", "usage", "query-0", "cpu_percent")


def test_a_figure_is_found_where_it_was_measured() -> None:
    assert CPU({"views-10": _outcome(12.5)}) == 12.5
    assert CPU({"views-10": _outcome(None)}) is None
    assert CPU({"views-10": Outcome("views", {}, {})}) is None
    assert CPU({}) is None


def test_one_figure_in_terms_of_another() -> None:
    figures = {"views-10": _outcome(12.5), "views-100": _outcome(25.0), "views-300": _outcome(0)}
    more = at("views-100", "usage", "query-0", "cpu_percent")
    assert ratio(more, CPU)(figures) == 2
    assert ratio(more, at("views-300", "usage", "query-0", "cpu_percent"))(figures) is None
    assert ratio(more, CPU)({"views-100": _outcome(1)}) is None


@pytest.mark.parametrize(
    ("value", "reach", "met"),
    [
        (10, False, True),
        (10.1, False, False),
        (9, False, True),
        (10, True, True),
        (9.9, True, False),
        (None, True, None),
    ],
)
def test_a_goal_is_met_at_its_bound(value: float | None, reach: bool, met: bool | None) -> None:
    assert Goal("CPU", CPU, 10, reach=reach).met({"views-10": _outcome(value)}) is met


def test_a_missed_goal_says_by_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "tests.load.goals.GOALS", (Goal("a", CPU, 10), Goal("b", CPU, 16, reach=True), Goal("c", CPU, 0))
    )
    said = [(verdict.bound, verdict.met, verdict.far) for verdict in verdicts({"views-10": _outcome(12)})]
    assert said == [("at most 10", False, 20), ("at least 16", False, 25), ("at most 0", False, 0)]


def test_without_figures_every_goal_was_not_measured() -> None:
    assert [verdict.met for verdict in verdicts({})] == [None] * len(GOALS)
