"""A process under supervision: started again at once, then less and less eagerly; ended in order, else by force."""

import errno
import os
import resource
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from authfe.frontend.envoy import connections
from deploy.local import supervised
from deploy.local.command import Command, open_files, plain_environment
from deploy.local.supervised import NeverReadyError, Pause, Supervised, bound
from deploy.tests.waiting import until

SLEEP = "import time; print('began', flush=True); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('began', flush=True); time.sleep(600)"


@dataclass
class Watched:
    """A process, what was said about it, and how often it was started again."""

    process: Supervised
    said: list[str]
    starts: list[int]


@asynccontextmanager
async def running(
    folder: Path, *argv: str, ready: Callable[[], bool] = lambda: True, changed: Callable[[int], None] | None = None
) -> AsyncIterator[Watched]:
    said: list[str] = []
    starts: list[int] = []
    command = Command(name="thing", argv=argv, ready=ready, environment=plain_environment())
    process = Supervised(command, 0, folder, said.append, lambda: (changed or starts.append)(process.pid))
    process.start()
    try:
        yield Watched(process, said, starts)
    finally:
        await process.stop()


def began(folder: Path) -> int:
    log = folder / "thing-0.log"
    return log.read_text().count("began") if log.exists() else 0


async def test_a_killed_process_is_started_again_in_a_fifth_of_a_second(tmp_path: Path) -> None:
    async with running(tmp_path, sys.executable, "-c", SLEEP) as watched:
        await watched.process.wait_ready(60)
        first = watched.process.pid
        os.kill(first, signal.SIGKILL)
        await until(lambda: watched.process.pid != first)
        await until(lambda: bool(watched.starts))
        assert watched.starts == [watched.process.pid]
        assert "killed by SIGKILL: starts again in 0.2 s" in watched.said[0]
        assert "thing-0.log" in watched.said[0]
    assert not psutil.pid_exists(watched.process.pid)


async def test_one_that_keeps_dying_is_started_less_often_and_given_up_by_who_waits(tmp_path: Path) -> None:
    dying = "print('PORT: is wrong', flush=True); raise SystemExit(3)"
    async with running(tmp_path, sys.executable, "-c", dying, ready=lambda: False) as watched:
        with pytest.raises(NeverReadyError, match="keeps dying: PORT: is wrong"):
            await watched.process.wait_ready(60)
        assert [line.split("starts again in ")[1].split()[0] for line in watched.said[:3]] == ["0.2", "0.4", "0.8"]
        assert "ended with status 3" in watched.said[0]


async def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    async with running(tmp_path, str(tmp_path / "nothing")) as watched:
        await until(lambda: bool(watched.said))
        assert "cannot start" in watched.said[0]


async def test_one_that_never_gets_ready_is_said(tmp_path: Path) -> None:
    async with running(tmp_path, sys.executable, "-c", SLEEP, ready=lambda: False) as watched:
        with pytest.raises(NeverReadyError, match=r"thing-0\.log"):
            await watched.process.wait_ready(0.1)


async def test_one_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "PATIENCE", 0.1)
    async with running(tmp_path, sys.executable, "-c", STUBBORN) as watched:
        await until(lambda: began(tmp_path) == 1)
    assert not psutil.pid_exists(watched.process.pid)
    assert "killed" in watched.said[0]


async def test_one_whose_successor_cannot_be_announced_is_started_again(tmp_path: Path) -> None:
    seen: list[int] = []

    def refuse_once(pid: int) -> None:
        seen.append(pid)
        if len(seen) == 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async with running(tmp_path, sys.executable, "-c", SLEEP, changed=refuse_once) as watched:
        await watched.process.wait_ready(60)
        os.kill(watched.process.pid, signal.SIGKILL)
        await until(lambda: len(seen) == 2)
        assert watched.process.pid == seen[1]
        assert psutil.pid_exists(seen[1])
        assert not psutil.pid_exists(seen[0])
        assert "No space left" in watched.said[1]


async def test_a_process_may_open_as_many_files_as_the_machine_lets_it(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        code = "import resource; print(resource.getrlimit(resource.RLIMIT_NOFILE), flush=True)"
        async with running(tmp_path, sys.executable, "-c", code) as watched:
            await until(lambda: watched.process.deaths > 0)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert watched.process.log.read_text().startswith(f"({open_files(256, hard)}, {hard})")


def test_files_are_bounded_and_never_fewer_than_before() -> None:
    without = resource.RLIM_INFINITY
    assert open_files(256, 4096) == 4096
    assert open_files(256, 1 << 30) == open_files(256, without) == 65_536
    assert open_files(100_000, 1 << 30) == open_files(100_000, without) == 100_000
    assert open_files(without, without) == without


@pytest.mark.parametrize(
    ("files", "taken"), [(512, 384), (4096, 3584), (20_000, 17_500), (65_536, 20_000), (resource.RLIM_INFINITY, 20_000)]
)
def test_an_edge_takes_fewer_connections_than_it_may_open_files(files: int, taken: int) -> None:
    assert connections(files) == taken


def test_the_pause_doubles_up_to_a_bound_and_starts_afresh_after_a_long_life() -> None:
    pause = Pause()
    pauses = [pause.after(lived=0.1) for _ in range(12)]
    assert pauses[:4] == [0.2, 0.4, 0.8, 1.6]
    assert pauses[-1] == 30
    assert pause.after(lived=60) == 0.2
    assert pause.after(lived=0.1) == 0.4


def test_a_log_is_bounded_while_its_writer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "LOG_BYTES", 10)
    log = tmp_path / "thing-0.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"short")
        bound(log)
        assert log.read_bytes() == b"short"
        writer.write(b" and then long")
        bound(log)
        writer.write(b"again")
    assert log.read_bytes() == b"again"
    assert (tmp_path / "thing-0.log.1").read_bytes() == b"short and then long"


async def test_a_log_that_cannot_be_kept_is_emptied_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "LOG_BYTES", 10)
    (tmp_path / "thing-0.log.1").mkdir()
    async with running(tmp_path, sys.executable, "-c", SLEEP) as watched:
        await until(lambda: began(tmp_path) == 1)
        with watched.process.log.open("ab") as log:
            log.write(b"longer than the bound")
        watched.process.bound_log()
        assert watched.process.log.read_bytes() == b""
        assert "thing-0.log cannot be kept" in watched.said[0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_on_a_full_disk_nothing_is_left_of_the_previous_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervised, "LOG_BYTES", 10)
    (tmp_path / "thing-0.log").write_bytes(b"longer than the bound")
    (tmp_path / "thing-0.log.1").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        bound(tmp_path / "thing-0.log")
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("thing-0.log", 0)]
