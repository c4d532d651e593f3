import os
from pathlib import Path

import pytest

from scope_probe import state
from scope_probe.state import StateError


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    directory = tmp_path / "some" / "where"
    with state.opened(directory):
        assert directory.stat().st_mode & 0o777 == 0o700
    with state.opened(directory):
        pass


def test_two_probes_cannot_hold_one_state(tmp_path: Path) -> None:
    with state.opened(tmp_path), pytest.raises(StateError, match="Another probe"), state.opened(tmp_path):
        pass


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
