import pytest

from tests.load.outcome import Outcome

OUTCOME = Outcome(
    mode="views",
    setting={"hosts": 10, "seconds": 60.0},
    sections={"latency": {"get_hosts": {"count": 60, "p50_ms": 1.5, "p95_ms": None}}, "reports": {"all": {"lost": 1}}},
    failures=["1 report was lost"],
)


def test_json_says_all_of_it() -> None:
    assert Outcome.read(OUTCOME.json()) == OUTCOME


def test_tables_show_every_figure_and_what_failed(capsys: pytest.CaptureFixture[str]) -> None:
    OUTCOME.print()
    text = capsys.readouterr().out
    for part in ("hosts 10", "get hosts", "p50 ms", "1.5", "lost", "failed: 1 report was lost"):
        assert part in text
