import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scope_probe import connections, proc
from scope_probe.processes import Process, ProcessReporter, describe

DEADLINE = 60


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, "the condition never came true"
        time.sleep(0.01)


@contextmanager
def child(program: str, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python child that runs `program` once it has said that it started."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"print('.', flush=True)\n{program}", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def used(pid: int) -> int:
    """Ticks of a processor that a process has used so far."""
    stat = proc.stat(pid)
    assert stat is not None
    return stat.cpu


def now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def percent(ticks: int, seconds: float) -> float:
    return 100 * ticks / proc.TICKS / seconds


def look(reporter: ProcessReporter) -> dict[int, Process]:
    return {process.pid: process for process in reporter.collect(connections.collect().open_files)}


def test_a_child_shows_with_what_it_is() -> None:
    reporter = ProcessReporter()
    with child("import threading; threading.Thread(target=input).start()", "hello", "world") as process:
        wait_until(lambda: len(list(Path(f"/proc/{process.pid}/task").iterdir())) == 2)
        reporter.sample(1000)
        reporter.sample(2000)
        found = look(reporter)[process.pid]
    assert found.name == sys.executable
    assert found.cmdline.startswith(f"{sys.executable} -c ")
    assert found.cmdline.endswith(" hello world")
    assert found.ppid == os.getpid()
    assert found.threads == 2
    assert found.open_files is not None
    assert found.open_files >= 3
    assert found.open_files_max is not None
    assert [usage.time_ms for usage in found.usage] == [1000, 2000]
    assert found.usage[0].cpu is None
    assert found.usage[1].cpu is not None
    assert all(usage.memory > 1_000_000 for usage in found.usage)


def test_arguments_can_be_left_out() -> None:
    reporter = ProcessReporter(arguments=False)
    with child("input()", "hush") as process:
        reporter.sample(1000)
        found = look(reporter)[process.pid]
    assert (found.name, found.cmdline) == (sys.executable, sys.executable)


def test_a_busy_process_uses_a_processor() -> None:
    reporter = ProcessReporter()
    with child("while True: pass") as process:
        before, began = used(process.pid), now()
        reporter.sample(1000)
        first, between = used(process.pid), now()
        wait_until(lambda: used(process.pid) >= first + 30)
        last, ending = used(process.pid), now()
        reporter.sample(2000)
        after, ended = used(process.pid), now()
        cpu = look(reporter)[process.pid].usage[-1].cpu
    assert cpu is not None
    assert percent(last - first, ended - began) <= cpu <= percent(after - before, ending - between)


def test_a_process_born_between_two_looks_has_its_share() -> None:
    reporter = ProcessReporter()
    began = now()
    reporter.sample(1000)
    with child("while True: pass") as process:
        wait_until(lambda: used(process.pid) >= 20)
        reporter.sample(2000)
        ended = now()
        [usage] = look(reporter)[process.pid].usage
    assert usage.cpu is not None
    assert usage.cpu >= percent(20, ended - began)


def test_usage_is_reported_once() -> None:
    reporter = ProcessReporter()
    reporter.sample(1000)
    look(reporter)
    reporter.sample(2000)
    assert [usage.time_ms for usage in look(reporter)[os.getpid()].usage] == [2000]


def test_zombies_are_left_out() -> None:
    reporter = ProcessReporter()
    process = subprocess.Popen([sys.executable, "-c", ""])
    try:
        wait_until(lambda: (stat := proc.stat(process.pid)) is not None and stat.state == "Z")
        reporter.sample(1000)
        assert process.pid not in look(reporter)
    finally:
        process.wait()


def test_a_process_that_ends_between_look_and_report_is_left_out() -> None:
    reporter = ProcessReporter()
    with child("input()") as process:
        reporter.sample(1000)
    assert process.pid not in look(reporter)


def test_open_files_are_counted() -> None:
    reporter = ProcessReporter()
    with child("import socket; input(); two = socket.socket(), socket.socket(); print(flush=True); input()") as process:
        reporter.sample(1000)
        before = look(reporter)[process.pid].open_files
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        process.stdout.readline()
        after = look(reporter)[process.pid].open_files
    assert before is not None
    assert after == before + 2


def test_files_that_may_not_be_counted_are_unknown() -> None:
    reporter = ProcessReporter()
    reporter.sample(1000)
    found = {process.pid: process for process in reporter.collect({})}[os.getpid()]
    assert found.open_files is None
    assert found.open_files_max is None


@pytest.mark.parametrize(
    ("arguments", "name", "cmdline", "dropped"),
    [
        (["/bin/sh", "-c", "x y"], "/bin/sh", "/bin/sh -c x y", "/bin/sh"),
        ([], "[comm]", "", ""),
        (["", "x"], "[comm]", "x", ""),
        (["postgres: writer"], "postgres: writer", "postgres: writer", "postgres:"),
        (["/opt/My App/run"], "/opt/My App/run", "/opt/My App/run", "/opt/My"),
        (["/opt/chrome --type=x --key=y"], "/opt/chrome", "/opt/chrome --type=x --key=y", "/opt/chrome"),
    ],
)
def test_names_and_command_lines(arguments: list[str], name: str, cmdline: str, dropped: str) -> None:
    assert describe("comm", arguments, whole=True) == (name, cmdline)
    assert describe("comm", arguments, whole=False)[1] == dropped


def test_a_process_that_started_since_the_last_sample() -> None:
    reporter = ProcessReporter()
    reporter.sample(1_000)
    with child("input()") as process:
        reporter.look()
        [found] = [one for one in reporter.collect({}) if one.pid == process.pid]
        assert found.usage == []
        reporter.sample(2_000)
        [found] = [one for one in reporter.collect({}) if one.pid == process.pid]
    assert [look.time_ms for look in found.usage] == [2_000]
