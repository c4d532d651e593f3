import logging
import time
from pathlib import Path

import pytest

from scope_sdk.backoff import Backoff
from scope_sdk.state import State


def test_the_probe_id_is_kept(tmp_path: Path) -> None:
    first = State(tmp_path / "new").probe_id()
    assert State(tmp_path / "new").probe_id() == first
    assert State(tmp_path / "other").probe_id() != first
    assert State().probe_id() != State().probe_id()


def test_a_kept_probe_id_must_be_one(tmp_path: Path) -> None:
    (tmp_path / "probe-id").write_text("no id\n")
    with pytest.raises(ValueError, match="probe-id must hold"):
        State(tmp_path).probe_id()


def test_epochs_rise_from_the_clock_whatever_the_clock_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.time_ns() // 1_000_000
    first = State(tmp_path).next_epoch()
    assert before <= first <= time.time_ns() // 1_000_000
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert State(tmp_path).next_epoch() == first + 1
    assert State(tmp_path).epoch_after(first + 100) == first + 101
    assert State(tmp_path).next_epoch() == first + 102
    assert State(tmp_path).epoch_after(5) == first + 103


def test_epochs_rise_without_a_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    state = State()
    assert [state.next_epoch(), state.epoch_after(7), state.next_epoch()] == [1, 8, 9]


@pytest.mark.parametrize("text", ["", "-1", "x", "٣", "9" * 16, "9" * 400])
def test_an_epoch_that_is_none_is_as_good_as_no_epoch(tmp_path: Path, text: str) -> None:
    (tmp_path / "epoch").write_text(text, encoding="utf-8")
    assert State(tmp_path).next_epoch() <= time.time_ns() // 1_000_000


def test_waits_grow_from_next_to_nothing_to_half_a_minute_and_begin_anew() -> None:
    backoff = Backoff()
    waits = [backoff.next() for _ in range(10)]
    bounds = [0.2, 1, 2, 4, 8, 16, 30, 30, 30, 30]
    assert all(wait <= bound for wait, bound in zip(waits, bounds, strict=True))
    assert all(wait >= bound / 2 for wait, bound in zip(waits[1:], bounds[1:], strict=True))
    assert 15 <= backoff.longest() <= 30
    backoff.reset()
    assert backoff.next() <= 0.2


def test_an_epoch_that_cannot_be_kept_holds_for_this_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "state"
    state = State(folder)
    caplog.set_level(logging.WARNING, "scope_sdk")
    first = state.next_epoch()
    (folder / "epoch").unlink()
    folder.rmdir()
    assert state.epoch_after(first + 10) == first + 11
    assert state.epoch_after(first) == first + 12
    assert "could not be kept" in caplog.text
