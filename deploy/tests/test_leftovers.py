"""What an earlier supervisor left is ended, and nothing else is."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local import leftovers
from deploy.local.leftovers import MARK, LockedError, end_left, holder, lock
from deploy.tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
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

# Locks a folder without saying who does, and says who after a line of input.
SILENT = """
import fcntl, os, sys, time
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("began", flush=True)
sys.stdin.readline()
print(os.getpid(), file=file, end="", flush=True)
time.sleep(600)
"""
# Looks who has a folder, and does not look away before a line of input.
LOOKING = """
import fcntl, sys
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_SH)
print("began", flush=True)
sys.stdin.readline()
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def begin(code: str, *arguments: str, **environment: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            assert pipe is not None
            pipe.close()


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def next_line(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


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
    monkeypatch.setattr(leftovers, "_PATIENCE", 1.0)
    ours = [start(SLEEP, **{MARK: str(tmp_path)}), start(STUBBORN, **{MARK: str(tmp_path)})]
    others = [start(SLEEP), start(SLEEP, **{MARK: str(tmp_path / "other")})]
    assert [first_line(process) for process in ours + others] == ["began"] * 4
    assert len(end_left(tmp_path)) == 2
    assert all(process.wait(60) < 0 for process in ours)  # by a signal
    assert [process.poll() for process in others] == [None, None]
    assert end_left(tmp_path) == []


def test_we_and_our_parents_are_spared(tmp_path: Path, start: Start) -> None:
    code = f"import pathlib, deploy.local.leftovers as l; print(l.end_left(pathlib.Path({str(tmp_path)!r})))"
    assert first_line(start(code, **{MARK: str(tmp_path)})) == "[]"


async def test_children_end_when_their_supervisor_is_killed(start: Start) -> None:
    parent = start(PARENT)
    child = psutil.Process(int(first_line(parent)))
    parent.kill()
    await until(lambda: not leftovers._lives(child))


def test_who_looks_learns_who_has_the_folder_and_leaves_no_trace(tmp_path: Path) -> None:
    assert holder(tmp_path / "nowhere") is None
    assert holder(tmp_path) is None
    assert list(tmp_path.iterdir()) == []
    with lock(tmp_path):
        assert holder(tmp_path) == os.getpid()
    kept = (tmp_path / "lock").read_bytes()
    assert holder(tmp_path) is None
    assert (tmp_path / "lock").read_bytes() == kept


def test_who_looks_waits_until_the_holder_says_who_it_is(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = start(SILENT, str(tmp_path / "lock"))
    assert first_line(silent) == "began"
    monkeypatch.setattr(leftovers, "_SAYS_WHO", 0.1)
    assert holder(tmp_path) == 0
    with pytest.raises(LockedError) as error, lock(tmp_path):
        pass
    assert error.value.pid == 0
    monkeypatch.setattr(leftovers, "_SAYS_WHO", 30.0)
    next_line(silent)
    assert holder(tmp_path) == silent.pid


def test_a_dead_process_or_none_is_never_taken_for_the_holder(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "_SAYS_WHO", 0.1)
    dead = start("")
    dead.wait()
    with lock(tmp_path):
        for text in (str(dead.pid), "0", "-1", "nonsense"):
            (tmp_path / "lock").write_text(text)
            assert holder(tmp_path) == 0


def test_down_ends_nobody_where_the_holder_does_not_say_who_it_is(tmp_path: Path, start: Start) -> None:
    silent = start(SILENT, str(tmp_path / "lock"))
    assert first_line(silent) == "began"
    # A group of its own: a signal to process 0 would reach it, and none of ours.
    down = subprocess.run(
        [sys.executable, "-m", "deploy.local", "down"],
        cwd=ROOT,
        env={**os.environ, "DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        process_group=0,
        check=False,
    )
    assert (down.returncode, down.stdout) == (1, "")
    assert "does not say which it is" in down.stderr
    assert silent.poll() is None


def test_who_looks_is_in_the_way_of_nobody(tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "_PATIENCE", 60.0)
    with lock(tmp_path):
        pass
    looking = start(LOOKING, str(tmp_path / "lock"))
    assert first_line(looking) == "began"
    assert holder(tmp_path) is None
    looks_away = threading.Timer(0.1, next_line, [looking])
    looks_away.start()
    with lock(tmp_path):
        assert looking.wait(60) == 0
    looks_away.join()
