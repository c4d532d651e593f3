from typing import Any

import pytest

from tests.load.frames import per_frame


def _event(name: str, ts: float, tdur: float, tid: int = 1) -> dict[str, Any]:
    return {"ph": "X", "name": name, "pid": 7, "tid": tid, "ts": ts, "dur": 99_999, "tdur": tdur}


def test_tasks_belong_to_the_next_frame() -> None:
    events = [
        _event("RunTask", 10, 3_000),  # a movement of the pointer
        _event("RunTask", 20, 5_000),  # draws the first frame, which begins within
        _event("FireAnimationFrame", 21, 4_000),
        _event("RunTask", 40, 1_000),
        _event("FireAnimationFrame", 41, 900),
        _event("RunTask", 60, 8_000),  # of a frame that is not there any more
    ]
    assert per_frame(reversed(events)) == pytest.approx([0.008, 0.001])


def test_a_frame_that_calls_back_several_times_is_one() -> None:
    events = [
        _event("RunTask", 10, 3_000),
        _event("FireAnimationFrame", 11, 900),
        _event("FireAnimationFrame", 12, 800),
    ]
    assert per_frame(events) == pytest.approx([0.003])


def test_other_threads_and_what_is_within_tasks_are_not_counted() -> None:
    events = [
        _event("RunTask", 10, 3_000),
        _event("RunTask", 10, 50_000, tid=2),
        _event("FunctionCall", 11, 2_000),
        _event("FireAnimationFrame", 12, 1_000),
    ]
    assert per_frame(events) == pytest.approx([0.003])


def test_without_frames_there_is_nothing_to_say() -> None:
    assert per_frame([_event("RunTask", 1, 1)]) == []
