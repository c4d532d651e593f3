"""Command lines are for those who may see them, whoever else looks at the same map at the same time."""

import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.client import Api, Mesh, wait_for

SECRET = "--password=hunter2"
_PROCESSES = "processes?unconnected=show"


@pytest.fixture
def process() -> Iterator[str]:
    """The node of a process that has a secret in its command line."""
    child = subprocess.Popen([sys.executable, "-c", "input()", SECRET], stdin=subprocess.PIPE)
    try:
        yield f"{socket.gethostname()};{child.pid}"
    finally:
        child.kill()
        child.communicate()


def narrowed(mesh: Mesh) -> Api:
    """The first administrator, by a token that may look and no more."""
    made = mesh.api().post("/api/users/tokens", {"name": "looks", "permissions": ["report.view"]})
    assert made.status == 200, made
    return mesh.anybody().bearer(made.json()["token"])


def test_arguments_are_in_no_answer_to_who_may_not_see_them(mesh: Mesh, process: str) -> None:
    everything, little = mesh.api(), narrowed(mesh)
    paths = (f"/api/topology/{_PROCESSES}", f"/api/topology/processes/{process}")
    with everything.watch(_PROCESSES), little.watch(_PROCESSES) as events:
        wait_for(lambda: process in everything.nodes(_PROCESSES), "the process")
        assert [SECRET.encode() in everything.get(path).body for path in paths] == [True, True]
        assert [SECRET.encode() in little.get(path).body for path in paths] == [False, False]
        assert process in little.nodes(_PROCESSES)
        told = ""
        for event in events:
            told += str(event.data)
            if process in told:
                break
    assert SECRET not in told
