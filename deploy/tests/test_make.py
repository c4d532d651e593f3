"""The commands that a person types first, and what they install."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ["up", "down", "login", "status", "ui", "test", "lint", "gen", "bench", "render", "images", "clean"]


def make(*arguments: str) -> "subprocess.CompletedProcess[str]":
    # Under `make test` these would make it the inner make of that one, which says more.
    environment = {
        name: value for name, value in os.environ.items() if name not in {"MAKEFLAGS", "MAKELEVEL", "MFLAGS"}
    }
    return subprocess.run(["make", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_make_alone_lists_the_targets_with_a_line_each() -> None:
    lines = make().stdout.splitlines()[1:]
    assert [line.split()[0] for line in lines] == TARGETS
    assert all(len(line.split()) > 3 for line in lines)


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    old = tmp_path / "old python"
    pretend = "import sys; sys.version_info = (3, 9); sys.version = '3.9.1'; $2"
    old.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{pretend}"\n')
    old.chmod(0o755)
    answer = make("up", f"PYTHON='{old}'")
    assert answer.returncode != 0
    assert "3.11 or newer is needed and this is 3.9.1" in answer.stderr


@pytest.mark.parametrize("which", ["-build", "", "-probe", "-edge", "-local", "-node", "-dev"])
def test_what_is_installed_is_pinned_by_its_hash_and_names_no_host(which: str) -> None:
    text = (ROOT / f"requirements{which}.txt").read_text()
    packages = re.findall(r"^[\w.\[\]-]+==.*?(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    assert packages
    assert all("--hash=sha256:" in package for package in packages)
    assert "://" not in text


def test_every_script_is_looked_at() -> None:
    (line,) = [line for line in make("--dry-run", "lint").stdout.splitlines() if line.startswith("shellcheck ")]
    parts = (ROOT / "deploy").rglob("*")
    scripts = {str(part.relative_to(ROOT)) for part in parts if part.is_file() and b"sh\n" in part.read_bytes()[:25]}
    assert {script for script in scripts if not script.endswith(".py")} | {".ci/run"} <= set(line.split()[1:])


def test_manifests_of_what_is_not_there_are_not_rendered() -> None:
    for arguments in ((), ("ENV=production",)):
        answer = make("render", *arguments)
        assert answer.returncode == 2
        assert "one of local dev prod probe/local" in answer.stderr


def test_without_kubectl_it_is_said_what_to_install(tmp_path: Path) -> None:
    for tool in ("sh", "sed"):
        (tmp_path / tool).symlink_to(shutil.which(tool) or "")
    answer = make("render", "ENV=probe/prod", f"PATH={tmp_path}")
    assert answer.returncode != 0
    assert "apt-get install kubectl" in answer.stderr
