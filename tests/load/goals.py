"""What the figures are meant to be."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tests.load.outcome import Outcome

Figures = Mapping[str, Outcome]
"""What was measured, by run."""

_Measure = Callable[[Figures], float | None]


@dataclass(frozen=True)
class Goal:
    """One figure and its bound.

    Attributes:
        text: what it is, with its unit.
        measure: reads it; None where it was not measured.
        bound: what it must stay at or below, or reach.
        reach: whether more is better.
    """

    text: str
    measure: _Measure
    bound: float
    reach: bool = False

    def met(self, figures: Figures) -> bool | None:
        """Whether it is met; None where it was not measured."""
        value = self.measure(figures)
        if value is None:
            return None
        return value >= self.bound if self.reach else value <= self.bound


@dataclass(frozen=True)
class Verdict:
    """A goal and what became of it; `far` is by how many percent it was missed."""

    text: str
    bound: str
    measured: float | None
    met: bool | None
    far: float


def at(run: str, section: str, row: str, column: str) -> _Measure:
    """One figure of one run."""

    def read(figures: Figures) -> float | None:
        outcome = figures.get(run)
        return outcome.sections.get(section, {}).get(row, {}).get(column) if outcome else None

    return read


def ratio(above: _Measure, below: _Measure) -> _Measure:
    """One figure in terms of another."""

    def read(figures: Figures) -> float | None:
        top, bottom = above(figures), below(figures)
        return round(top / bottom, 2) if top is not None and bottom else None

    return read


def _cost(run: str) -> _Measure:
    return at(run, "cost_in_query", "one_full_in_20", "us_per_report")


def _frame(nodes: int, moving: str) -> tuple[str, str, str, str]:
    return f"ui-{nodes}", "main_thread_per_frame", moving, "p95_ms"


def _direct(which: Callable[[Iterable[float]], float]) -> _Measure:
    """Of the two replicas that are asked directly: the one that has the probe's stream is the faster."""

    def read(figures: Figures) -> float | None:
        both = [at("control", "calls", f"replica_{number}_16", "per_second")(figures) for number in (0, 1)]
        return which([value for value in both if value is not None]) if None not in both else None

    return read


def _largest(run: str, section: str, unit: str) -> _Measure:
    """The largest figure of a unit in a section of one row."""

    def read(figures: Figures) -> float | None:
        rows = figures[run].sections.get(section, {}).values() if run in figures else ()
        return max(
            (value for row in rows for name, value in row.items() if name.endswith(unit) and value), default=None
        )

    return read


_EVENT = ("views-1000", "latency", "report_to_hosts_event")

GOALS = (
    Goal(
        "reports/s that the whole machine takes in", at("ingest", "reports", "fastest", "per_second"), 3000, reach=True
    ),
    Goal(
        "1,000 hosts, `hosts` and `containers` watched: acknowledged reports lost",
        at("views-1000", "reports", "all", "lost"),
        0,
    ),
    Goal("reports that no event showed", at(*_EVENT, "unseen"), 0),
    Goal("reports that an event showed after more than 1 s", at(*_EVENT, "late"), 0),
    Goal("report to event, p95, ms", at(*_EVENT, "p95_ms"), 400),
    Goal("GET `hosts`, p95, ms", at("views-1000", "latency", "get_hosts", "p95_ms"), 50),
    Goal("GET `processes`, 10,000 of them, p95, ms", at("views-100", "latency", "get_processes", "p95_ms"), 100),
    Goal("GET `/api/topology` at 100 hosts, p95, ms", at("views-100", "latency", "get_topologies", "p95_ms"), 30),
    Goal("GET `/api/topology` at 1,000 hosts, p95, ms", at("views-1000", "latency", "get_topologies", "p95_ms"), 30),
    Goal("query, % of a core", at("views-1000", "usage", "query-0", "cpu_percent"), 40),
    Goal("query, MB", at("views-1000", "usage", "query-0", "rss_mb"), 400),
    Goal("taking in a report at 1,000 hosts, times that at 10", ratio(_cost("views-1000"), _cost("views-10")), 1.5),
    Goal("100 watchers of `hosts`, times one in query", at("watchers", "of_many", "hosts", "query_times"), 2),
    Goal("an event to a watcher, us of Envoy", at("watchers", "of_many", "hosts", "envoy_us_per_event"), 1000),
    Goal("a control through the edge, one at a time, p50, ms", at("control", "calls", "rest_1", "p50_ms"), 5),
    Goal("controls/s through the edge, 16 at once", at("control", "calls", "rest_16", "per_second"), 500, reach=True),
    Goal("controls/s at the replica that has the probe", _direct(max), 1500, reach=True),
    Goal("controls/s across two replicas", _direct(min), 1000, reach=True),
    Goal("a key typed into a terminal and back, p50, ms", at("pipe", "echo", "edge", "p50_ms"), 3),
    Goal("a key typed into a terminal and back, p99, ms", at("pipe", "echo", "edge", "p99_ms"), 15),
    Goal("MB/s of a pipe, read in 64 KiB", at("pipe", "one_way", "edge_64_kib", "mb_per_second"), 50, reach=True),
    Goal("an idle terminal, kB of the service that takes most", _largest("pipe", "idle_terminals", "_kb"), 524),
    Goal("the map's first picture at 1,000 nodes, ms", at("ui-1000", "latency", "first_picture", "max_ms"), 1000),
    Goal("100 changes on the map at 1,000 nodes, p95, ms", at("ui-1000", "latency", "change", "p95_ms"), 100),
    Goal("the page's memory, growth in MB", at("ui-1000", "memory", "heap", "growth_mb"), 5),
    *(
        Goal(f"the page's main thread, a frame {moving} {nodes:,} nodes, p95, ms", at(*_frame(nodes, moving)), bound)
        for nodes, bound in ((2000, 8), (10_000, 16))
        for moving in ("panning", "zooming")
    ),
)


def verdicts(figures: Figures) -> list[Verdict]:
    """What became of every goal."""
    return [_verdict(goal, figures) for goal in GOALS]


def _verdict(goal: Goal, figures: Figures) -> Verdict:
    value = goal.measure(figures)
    bound = f"{'at least' if goal.reach else 'at most'} {goal.bound:,g}"
    return Verdict(goal.text, bound, value, goal.met(figures), _far(goal, value))


def _far(goal: Goal, value: float | None) -> float:
    if value is None or not goal.bound:
        return 0.0
    by = (goal.bound - value if goal.reach else value - goal.bound) / goal.bound * 100
    return round(max(by, 0.0), 1)
