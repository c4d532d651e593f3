"""What a mesh keeps when it ends, and that it leaves nothing behind, however it ends; `tests.load.faults` hurts it."""

import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.e2e.client import ROOT, Mesh, wait_for
from tests.e2e.documents import two_processes


def show(mesh: Mesh, host: str) -> None:
    """Sends a host and waits until it is seen."""
    probe = mesh.anybody().bearer(mesh.local()["service_token"])
    wait_for(lambda: probe.post("/api/report", two_processes(host)).status == 200, f"{host} accepted")
    wait_for(lambda: f"{host};<host>" in mesh.api().nodes("hosts"), f"{host} shown")


def lives(process: psutil.Process) -> bool:
    """Whether it is there and no zombie that nobody has reaped yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.timeout(600)
def test_data_survives_the_end_and_nothing_else_does(tmp_path: Path, own_mesh: Mesh) -> None:
    mesh = own_mesh
    token = mesh.local()["api_token"]
    children = [psutil.Process(process["pid"]) for process in mesh.run()["processes"]]
    assert {process["name"] for process in mesh.run()["processes"]} == {
        "users",
        "collection",
        "query",
        "control",
        "pipe",
        "sockets",
        "ui-server",
        "envoy",
        "nats",
        "postgres",
    }
    again = subprocess.run(mesh.command, cwd=ROOT, env=mesh.environment, capture_output=True, text=True, check=False)
    assert again.returncode != 0
    assert "already running" in (again.stdout + again.stderr).lower()
    show(mesh, "kept")
    assert mesh.stop(signal.SIGINT) == 0
    wait_for(lambda: not any(map(lives, children)), "the end of every process")
    assert not (mesh.data / "run.json").exists()
    mesh.log.unlink()
    mesh.start()
    assert mesh.local()["api_token"] == token
    wait_for(lambda: "kept;<host>" in mesh.api().nodes("hosts"), "what was reported before")


@pytest.mark.timeout(600)
def test_after_a_killed_supervisor_the_next_start_ends_what_is_left(own_mesh: Mesh) -> None:
    mesh = own_mesh
    left = [psutil.Process(process["pid"]) for process in mesh.run()["processes"]]
    mesh.process.kill()
    mesh.process.wait()
    mesh.log.unlink()
    mesh.start()
    assert not any(map(lives, left))
    show(mesh, "again")


def test_local_and_run_say_what_runs(mesh: Mesh) -> None:
    local, run = mesh.local(), mesh.run()
    assert local.keys() == {"url", "login_url", "email", "org", "service_token", "api_token"}
    assert local["url"] == run["url"] == mesh.url
    assert run["pid"] == mesh.process.pid
    by_name: dict[str, list[int]] = {}
    for process in run["processes"]:
        assert process.keys() == {"name", "replica", "pid", "deaths", "grpc", "http", "metrics"}
        assert psutil.pid_exists(process["pid"])
        by_name.setdefault(process["name"], []).append(process["replica"])
    for name in ("users", "collection", "query", "control", "pipe"):
        assert by_name[name] == [0, 1]
        assert all(process["grpc"].startswith("127.0.0.1:") for process in mesh.processes(name))
    for name in ("ui-server", "sockets"):
        assert by_name[name] == [0, 1]
        assert all(process["http"].startswith("http://127.0.0.1:") for process in mesh.processes(name))
    for name in ("envoy", "nats", "postgres", "probe"):
        assert by_name[name] == [0]
