import pytest

from tests.load import original
from tests.load.pipe import counted, failures
from tests.load.sessions import content

READ = {"wrong": 0, "bridged_percent": 0.0}


def test_what_a_probe_says_goes_on_where_it_was_cut() -> None:
    whole = content(65_000, 65_536)
    assert len(whole) == 65_536
    assert content(65_000, 1_000) + content(66_000, 64_536) == whole
    assert content(0, 64) != content(65_536, 64)


def test_the_frames_of_all_replicas_are_counted_by_way() -> None:
    lines = [
        "# HELP scope_pipe_frames_total Frames taken from ends.",
        'scope_pipe_frames_total{otel_scope_name="pipe",path="spliced"} 25.0',
        'scope_pipe_bytes_total{path="spliced"} 1.0e+06',
        'scope_pipe_frames_total{path="spliced",service="pipe"} 1.0e+06',
        'scope_pipe_frames_total{path="bridged"} 2.0',
    ]
    assert counted("\n".join(lines)) == {"spliced": 1_000_025, "bridged": 2}
    assert counted("") == {"spliced": 0, "bridged": 0}


@pytest.mark.parametrize(
    ("way", "row", "held", "said"),
    [
        ("edge", READ, 5, []),
        ("bridged_64_kib", {**READ, "bridged_percent": 100.0}, 5, []),
        ("edge", READ, 4, ["of 5 idle terminals 4 answered"]),
        ("edge", {**READ, "wrong": 2}, 5, ["edge: 2 times other bytes came than were sent"]),
        ("spliced", {**READ, "bridged_percent": 60.0}, 5, ["spliced: of the frames 60.0 % went over the bus"]),
        ("bridged_64_kib", READ, 5, ["bridged_64_kib: of the frames 0.0 % went over the bus"]),
    ],
)
def test_what_was_not_as_promised_is_said(way: str, row: dict[str, float], held: int, said: list[str]) -> None:
    assert failures({}, {way: row}, {"held": held}, 5) == said


def test_as_fast_as_the_original_is_a_hundred_percent() -> None:
    assert original.duration(0.3, 3) == {"the_original": 300, "here": 3000, "speed_percent": 10}
    assert original.rate(70, 35) == {"the_original": 70, "here": 35, "speed_percent": 50}
    assert original.duration(0.3, None)["speed_percent"] is None
    assert original.rate(70, None)["speed_percent"] is None
