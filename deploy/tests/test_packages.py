"""What tests need beside Python."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
    absent, asked = answer.stderr.strip().removeprefix("missing: ").split("; as root: apt-get install ")
    assert absent == asked
    assert {"busybox-static", "chromium", "git", "podman"} <= set(absent.split())


def test_units_need_no_containers() -> None:
    assert ask("unit").stderr == "missing: git make; as root: apt-get install git make\n"


def test_pages_need_a_browser_and_no_containers() -> None:
    assert ask("ui").stderr == "missing: chromium git make; as root: apt-get install chromium git make\n"


def test_scripts_need_what_looks_at_them() -> None:
    assert ask("lint").stderr == "missing: shellcheck; as root: apt-get install shellcheck\n"


def test_what_is_there_is_not_missing(tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.touch(mode=0o755)
    assert packages.missing({str(here): "one", str(tmp_path / "not-here"): "other"}) == ["other"]


def pretend_kubectl(folder: Path, version: str) -> Path:
    program = folder / "kubectl"
    program.write_text(f"""#!/bin/sh\necho '{{"clientVersion": {{"gitVersion": "v{version}"}}}}'\n""")
    program.chmod(0o755)
    return program


def test_the_machines_kubectl_is_taken_if_it_is_new_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = pretend_kubectl(tmp_path, "1.27.1-vendor")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert packages.kubectl() == str(program)


def test_one_that_is_too_old_is_not_and_one_is_fetched_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend_kubectl(tmp_path, "1.20.2")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(packages, "_KUBECTL", tmp_path / "kept")
    with pytest.raises(RuntimeError, match=r"kubectl 1\.27 or newer is needed and not here: install it"):
        packages.kubectl()  # there is no apt-get here
    kept = tmp_path / "kept" / "usr" / "bin" / "kubectl"
    kept.parent.mkdir(parents=True)
    kept.touch()
    assert packages.kubectl() == str(kept)


def test_sources_of_the_next_release_are_those_of_this_machine(tmp_path: Path) -> None:
    apt, found = tmp_path / "apt", tmp_path / "found"
    (apt / "sources.list.d").mkdir(parents=True)
    found.mkdir()
    (apt / "sources.list").write_text("deb http://mirror.example/debian bookworm main\n")
    (apt / "sources.list.d" / "debian.sources").write_text("Suites: bookworm bookworm-updates bookworm-security\n")
    (apt / "sources.list.d" / "vendor.list").write_text("deb http://vendor.example/apt vendor-bookworm main\n")
    packages.sources(apt, "bookworm", found)
    assert {file.name: file.read_text() for file in found.iterdir()} == {
        "sources.list": "deb http://mirror.example/debian trixie main\n",
        "debian.sources": "Suites: trixie trixie-updates trixie-security\n",
    }
    packages.sources(apt, "forky", found)
    assert "trixie" in (found / "sources.list").read_text()
