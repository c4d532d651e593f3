"""The supervisor of a whole mesh goes on, and ends all of it, whatever a file or a process refuses."""

import asyncio
import io
import os
import signal
import sys
from pathlib import Path
from typing import cast

import psutil
import pytest

from deploy.local import supervised, supervisor
from deploy.local.command import Command
from deploy.local.files import read_json
from deploy.local.layout import lay_out
from deploy.local.options import Options
from deploy.local.screen import Screen
from deploy.local.supervised import Supervised
from deploy.local.supervisor import Supervisor
from deploy.tests.waiting import until

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
# No system has so many signals.
NO_SIGNAL = cast(signal.Signals, 999)


@pytest.fixture
def mesh(tmp_path: Path) -> Supervisor:
    """A supervisor without processes, which counts as ready: what starts again is announced."""
    mesh = Supervisor(lay_out(Options(data=tmp_path, port=0)), Screen())
    mesh._ready = True
    return mesh


async def begin(mesh: Supervisor, name: str, ending: signal.Signals = signal.SIGTERM) -> Supervised:
    mesh._add(Command(name=name, argv=SLEEP, ending=ending))
    process = mesh._processes[-1]
    await process.wait_ready(60)
    return process


def lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_run_json_that_cannot_be_written_is_said_and_written_later(
    mesh: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "_LOOK_AT_FILES_SECONDS", 0.01)
    (tmp_path / "run.json").mkdir()
    process = await begin(mesh, "thing")
    looking = asyncio.create_task(mesh._look_after_files())
    first = process.pid
    os.kill(first, signal.SIGKILL)
    await until(lambda: process.pid != first and mesh._run_is_old)
    assert process.deaths == 1
    (tmp_path / "run.json").rmdir()
    await until(lambda: not mesh._run_is_old)
    assert [entry["pid"] for entry in read_json(tmp_path / "run.json")["processes"]] == [process.pid]
    looking.cancel()
    await mesh._end()
    assert "run.json cannot be written" in capsys.readouterr().out


async def test_a_log_that_cannot_be_kept_does_not_end_the_mesh(
    mesh: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "_LOOK_AT_FILES_SECONDS", 0.01)
    monkeypatch.setattr(supervised, "LOG_BYTES", 10)
    (tmp_path / "logs" / "first-0.log.1").mkdir()
    logs = [(await begin(mesh, name)).log for name in ("first", "second")]
    looking = asyncio.create_task(mesh._look_after_files())
    for _ in range(2):
        for log in logs:
            with log.open("ab") as file:
                file.write(b"longer than the bound")
        await until(lambda: looking.done() or not any(log.stat().st_size for log in logs))
    assert not looking.done()
    looking.cancel()
    await mesh._end()


async def test_all_are_ended_although_one_cannot_be_and_run_json_stays(
    mesh: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run.json").mkdir()
    endings = {"first": signal.SIGTERM, "second": NO_SIGNAL, "third": signal.SIGTERM}
    pids = [(await begin(mesh, name, ending)).pid for name, ending in endings.items()]
    await mesh._end()
    assert [pid for pid in pids if lives(pid)] == []
    said = capsys.readouterr().out
    assert "run.json cannot be removed" in said
    assert "second-0 does not end in order" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_line_that_cannot_be_written_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with io.TextIOWrapper(io.FileIO("/dev/full", "w"), write_through=True) as full:
        monkeypatch.setattr(sys, "stdout", full)
        screen = Screen()
        with screen.step("ending"):
            screen.say("a process died")
