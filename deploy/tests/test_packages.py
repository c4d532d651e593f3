"""What tests need beside Python."""

import os
import subprocess
import sys
from pathlib import Path

from deploy import packages


def ask(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """Of a machine with nothing, where nothing can be installed."""
    return subprocess.run(
        [sys.executable, packages.__file__, *arguments],
        env={**os.environ, "PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_missing_is_said_with_how_to_install_it() -> None:
    answer = ask()
    assert answer.returncode == 1
    assert answer.stderr.startswith("missing: busybox-static chromium git ")
    assert "podman" in answer.stderr
    assert "; as root: apt-get install busybox-static chromium git " in answer.stderr


def test_units_need_no_containers() -> None:
    assert ask("unit").stderr == "missing: git make; as root: apt-get install git make\n"


def test_pages_need_a_browser_and_no_containers() -> None:
    assert ask("ui").stderr == "missing: chromium git make; as root: apt-get install chromium git make\n"


def test_what_is_there_is_not_missing(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.touch(mode=0o755)
    assert packages.missing({str(here): "one", str(tmp_path / "not-here"): "other"}) == ["other"]
