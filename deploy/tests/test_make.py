"""The commands that a person types first, and what they install."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ["up", "down", "login", "status", "ui", "test", "lint", "gen", "bench", "clean"]


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
