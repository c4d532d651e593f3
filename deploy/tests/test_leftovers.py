"""What an earlier supervisor left is ended, and nothing else is."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import leftovers
from deploy.local.leftovers import MARK, LockedError, end_left, lock

SLEEP = "import time; print('began', flush=True); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('began', flush=True); time.sleep(600)"
# Starts a child as the supervisor does, says its pid, and waits to be killed.
PARENT = """
import subprocess, sys, time
from deploy.local.command import Command
command = Command(name="child", argv=[sys.executable, "-c", "import time; time.sleep(600)"])
print(subprocess.Popen(command.argv, **command.options()).pid, flush=True)
time.sleep(600)
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin(code: str, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", code], env={**os.environ, **environment}, stdout=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_one_supervisor_for_one_folder(tmp_path: Path) -> None:
    with lock(tmp_path):
        with pytest.raises(LockedError) as error, lock(tmp_path):
            pass
        assert error.value.pid == os.getpid()
    with lock(tmp_path):
        pass


def test_what_belongs_to_the_folder_is_ended_and_nothing_else(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "_PATIENCE", 0.2)
    ours = [start(SLEEP, **{MARK: str(tmp_path)}), start(STUBBORN, **{MARK: str(tmp_path)})]
    others = [start(SLEEP), start(SLEEP, **{MARK: str(tmp_path / "other")})]
    assert [first_line(process) for process in ours + others] == ["began"] * 4
    assert len(end_left(tmp_path)) == 2
    assert None not in [process.poll() for process in ours]
    assert [process.poll() for process in others] == [None, None]
    assert end_left(tmp_path) == []


def test_we_and_our_parents_are_spared(tmp_path: Path, start: Start) -> None:
    code = f"import pathlib, deploy.local.leftovers as l; print(l.end_left(pathlib.Path({str(tmp_path)!r})))"
    assert first_line(start(code, **{MARK: str(tmp_path)})) == "[]"


def test_children_end_when_their_supervisor_is_killed(start: Start) -> None:
    parent = start(PARENT)
    child = psutil.Process(int(first_line(parent)))
    parent.kill()
    assert psutil.wait_procs([child], timeout=5)[1] == [] or child.status() == psutil.STATUS_ZOMBIE
