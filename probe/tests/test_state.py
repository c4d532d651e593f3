import os
from pathlib import Path

import pytest

from scope_probe import state
from scope_probe.state import StateError


def test_an_id_is_made_once(tmp_path: Path) -> None:
    directory = tmp_path / "some" / "where"
    with state.opened(directory):
        first = state.probe_id(directory)
    with state.opened(directory):
        assert state.probe_id(directory) == first
    assert state.PROBE_ID.fullmatch(first)
    assert directory.stat().st_mode & 0o777 == 0o700


def test_two_probes_cannot_hold_one_state(tmp_path: Path) -> None:
    with state.opened(tmp_path), pytest.raises(StateError, match="Another probe"), state.opened(tmp_path):
        pass


def test_a_spoilt_id_is_told(tmp_path: Path) -> None:
    (tmp_path / "probe-id").write_text("no id\n")
    with pytest.raises(StateError, match="probe-id"):
        state.probe_id(tmp_path)


def test_a_directory_that_cannot_be_is_told(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StateError, match="--state"), state.opened(file / "below"):
        pass


@pytest.mark.parametrize(
    ("user", "variable", "expected"),
    [
        (0, "/elsewhere", "/var/lib/scope-probe"),
        (1000, "/elsewhere", "/elsewhere/scope-probe"),
        (1000, "relative", "/home/me/.local/state/scope-probe"),
        (1000, "", "/home/me/.local/state/scope-probe"),
    ],
)
def test_where_state_is_kept(monkeypatch: pytest.MonkeyPatch, user: int, variable: str, expected: str) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setenv("XDG_STATE_HOME", variable)
    monkeypatch.setenv("HOME", "/home/me")
    assert state.default_directory() == Path(expected)
