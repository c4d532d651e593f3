import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from probe.tests.controls.line import call
from probe.tests.waiting import until
from scope_probe import proc
from scope_probe.controls import Active
from scope_probe.controls.policy import Policy
from scope_probe.controls.process import ProcessControls, may_be_signalled
from scope_probe.processes import ProcessReporter
from scope_sdk.controls import ControlError, Controls

HOST = "engine-1"
REPORTS = (
    "import signal, sys; signal.signal(signal.SIGUSR1, lambda *_: print('heard', flush=True)); print(flush=True)\n"
)
WAITS = "while True: signal.pause()"


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen([sys.executable, "-c", REPORTS + WAITS], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def reporter() -> ProcessReporter:
    return ProcessReporter()


@pytest.fixture
def controls(reporter: ProcessReporter) -> Controls:
    controls = Controls()
    ProcessControls(HOST, reporter.started).register(controls)
    return controls


async def test_a_signal_is_sent(
    controls: Controls, reporter: ProcessReporter, program: "subprocess.Popen[str]"
) -> None:
    reporter.sample(0)
    said = await call(controls, "process_signal", f"{HOST};{program.pid}", signal="USR1")
    assert said == f"SIGUSR1 was sent to process {program.pid}"
    assert program.stdout
    assert program.stdout.readline() == "heard\n"
    await call(controls, "process_signal", f"{HOST};{program.pid}")
    assert program.wait() == -signal.SIGTERM


async def test_a_process_that_took_the_pid_of_another_hears_nothing(
    reporter: ProcessReporter, program: "subprocess.Popen[str]"
) -> None:
    reporter.sample(0)
    controls = Controls()
    ProcessControls(HOST, lambda pid: (reporter.started(pid) or 0) - 1).register(controls)
    with pytest.raises(ControlError, match="another one"):
        await call(controls, "process_signal", f"{HOST};{program.pid}", signal="KILL")
    assert program.poll() is None


async def test_a_process_that_was_not_reported_hears_nothing(
    controls: Controls, program: "subprocess.Popen[str]"
) -> None:
    with pytest.raises(ControlError, match="another one"):
        await call(controls, "process_signal", f"{HOST};{program.pid}", signal="KILL")
    assert program.poll() is None


async def test_a_process_that_has_ended_is_said_to(
    controls: Controls, reporter: ProcessReporter, program: "subprocess.Popen[str]"
) -> None:
    reporter.sample(0)
    program.kill()
    await until(lambda: psutil.Process(program.pid).status() == psutil.STATUS_ZOMBIE)  # nobody has heard of it yet
    with pytest.raises(ControlError, match="has ended"):
        await call(controls, "process_signal", f"{HOST};{program.pid}")
    program.wait()
    with pytest.raises(ControlError, match="has ended"):
        await call(controls, "process_signal", f"{HOST};{program.pid}")


def a_kernel_thread() -> int:
    found = [pid for pid in proc.pids() if proc.is_kernel_thread(pid)]
    if not found:
        pytest.skip("no thread of the kernel is seen from here")
    return found[0]


@pytest.mark.parametrize("which", ["first", "probe", "kernel"])
async def test_what_must_stay_is_refused(controls: Controls, reporter: ProcessReporter, which: str) -> None:
    pid = {"first": lambda: 1, "probe": os.getpid, "kernel": a_kernel_thread}[which]()
    reporter.sample(0)
    assert not may_be_signalled(pid)
    with pytest.raises(ControlError, match="it stays"):
        await call(controls, "process_signal", f"{HOST};{pid}", signal="CONT")


@pytest.mark.parametrize(
    "node", ["other;4711", f"{HOST};", f"{HOST};-1", f"{HOST};x", f"{HOST};<host>", f"{HOST};\u0661"]
)
async def test_what_is_no_process_of_this_host_is_refused(controls: Controls, node: str) -> None:
    with pytest.raises(ControlError, match="no process of the host"):
        await call(controls, "process_signal", node)


async def test_other_signals_are_refused(controls: Controls) -> None:
    with pytest.raises(ControlError, match="signal must be one of TERM, KILL"):
        await call(controls, "process_signal", f"{HOST};4711", signal="SEGV")


def test_signals_are_offered_to_who_asked_for_them(controls: Controls, program: "subprocess.Popen[str]") -> None:
    assert Active(controls).of_process(program.pid) == ["process_signal"]
    assert not Active(controls).of_process(1)
    controls.restrict(Policy().allows)
    assert not Active(controls).of_process(program.pid)
