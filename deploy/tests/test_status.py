"""What is said of processes that do and do not do their work."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from deploy.local.status import Process, processes
from deploy.tests.waiting import until


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that does nothing."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as process:
        yield process
        process.kill()


def look(pid: int, name: str = "nats", grpc: str | None = None, http: str | None = None) -> Process:
    entry = {"name": name, "replica": 0, "pid": pid, "deaths": 2, "grpc": grpc, "http": http, "metrics": None}
    [found] = processes({"health": "http://127.0.0.1:9", "processes": [entry]})
    return found


def test_a_process_that_runs(sleeper: subprocess.Popen[bytes]) -> None:
    found = look(sleeper.pid)
    assert (found.state, found.well, found.deaths) == ("running", True, 2)
    assert found.memory is not None
    assert found.up is not None


async def test_a_process_that_was_stopped(sleeper: subprocess.Popen[bytes]) -> None:
    os.kill(sleeper.pid, signal.SIGSTOP)
    await until(lambda: psutil.Process(sleeper.pid).status() == psutil.STATUS_STOPPED)
    assert (look(sleeper.pid).state, look(sleeper.pid).well) == ("stopped", False)


def test_a_process_that_is_gone(sleeper: subprocess.Popen[bytes]) -> None:
    sleeper.kill()
    sleeper.wait()
    assert look(sleeper.pid) == Process(
        "nats", 0, sleeper.pid, "gone, about to start again", None, None, deaths=2, metrics=None
    )


def test_a_service_and_an_edge_that_do_not_answer(sleeper: subprocess.Popen[bytes]) -> None:
    assert look(sleeper.pid, "users", "127.0.0.1:9").state == "no answer"
    assert look(sleeper.pid, "ui-server", http="http://127.0.0.1:9").state == "no answer"
    assert look(sleeper.pid, "envoy").state == "no answer"
