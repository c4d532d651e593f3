"""Any process may be killed at any time; the mesh heals, and leaves nothing behind when it ends."""

import os
import signal
import subprocess
import threading
from pathlib import Path

import psutil
import pytest

from tests.e2e.client import ROOT, Event, Mesh, wait_for
from tests.e2e.documents import two_processes


def show(mesh: Mesh, host: str) -> None:
    """Sends a host and waits until it is seen."""
    probe = mesh.anybody().bearer(mesh.local()["service_token"])
    wait_for(lambda: probe.post("/api/report", two_processes(host)).status == 200, f"{host} accepted")
    wait_for(lambda: f"{host};<host>" in mesh.api().nodes("hosts"), f"{host} shown")


class Watcher:
    """A client that connects again whenever its stream ends, as a browser does."""

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh
        self.nodes: set[str] = set()
        self.failure: BaseException | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        last = ""
        while not self._stopped.is_set():
            try:
                with self._mesh.api().watch("hosts", last) as events:
                    for event in events:
                        self._apply(event)
                        last = event.id or last
            except OSError:
                continue
            except Exception as error:  # noqa: BLE001 - shown by the test
                if "HTTPException" not in {kind.__name__ for kind in type(error).__mro__}:
                    self.failure = error
                    return

    def _apply(self, event: Event) -> None:
        if event.kind == "reset":
            self.nodes.clear()
        self.nodes |= {node["id"] for node in event.data.get("add", [])}
        self.nodes -= set(event.data.get("remove", []))

    def stop(self) -> None:
        self._stopped.set()


@pytest.mark.timeout(240)
def test_every_killed_process_is_healed_and_a_watcher_goes_on(own_mesh: Mesh) -> None:
    mesh = own_mesh
    show(mesh, "before")
    watcher = Watcher(mesh)
    wait_for(lambda: "before;<host>" in watcher.nodes, "the watcher's first event")
    for name in ("query", "collection", "users", "envoy", "nats", "postgres"):
        [process] = mesh.processes(name)
        os.kill(process["pid"], signal.SIGKILL)
        wait_for(lambda name=name, pid=process["pid"]: mesh.processes(name)[0]["pid"] != pid, f"{name} started again")
        wait_for(lambda: mesh.anybody().get("/healthz").status == 200, f"health after {name}")
        show(mesh, f"after-{name}")
        wait_for(lambda name=name: f"after-{name};<host>" in watcher.nodes, f"the watcher after {name}")
        assert watcher.failure is None
    watcher.stop()


@pytest.mark.timeout(240)
def test_data_survives_the_end_and_nothing_else_does(tmp_path: Path, own_mesh: Mesh) -> None:
    mesh = own_mesh
    token = mesh.local()["api_token"]
    children = [psutil.Process(process["pid"]) for process in mesh.run()["processes"]]
    assert {process["name"] for process in mesh.run()["processes"]} == {
        "users",
        "collection",
        "query",
        "envoy",
        "nats",
        "postgres",
    }
    again = subprocess.run(mesh.command, cwd=ROOT, env=mesh.environment, capture_output=True, text=True, check=False)
    assert again.returncode != 0
    assert "already running" in (again.stdout + again.stderr).lower()
    show(mesh, "kept")
    assert mesh.stop(signal.SIGINT) == 0
    wait_for(lambda: not any(child.is_running() for child in children), "the end of every process")
    assert not (mesh.data / "run.json").exists()
    mesh.log.unlink()
    mesh.start()
    assert mesh.local()["api_token"] == token
    wait_for(lambda: "kept;<host>" in mesh.api().nodes("hosts"), "what was reported before")


@pytest.mark.timeout(240)
def test_after_a_killed_supervisor_the_next_start_ends_what_is_left(own_mesh: Mesh) -> None:
    mesh = own_mesh
    left = [psutil.Process(process["pid"]) for process in mesh.run()["processes"]]
    mesh.process.kill()
    mesh.process.wait()
    mesh.log.unlink()
    mesh.start()
    assert not any(process.is_running() for process in left)
    show(mesh, "again")


def test_local_and_run_say_what_runs(mesh: Mesh) -> None:
    local, run = mesh.local(), mesh.run()
    assert local.keys() == {"url", "login_url", "email", "org", "service_token", "api_token"}
    assert local["url"] == run["url"] == mesh.url
    assert run["pid"] == mesh.process.pid
    by_name: dict[str, list[int]] = {}
    for process in run["processes"]:
        assert process.keys() == {"name", "replica", "pid", "grpc", "metrics"}
        assert psutil.pid_exists(process["pid"])
        by_name.setdefault(process["name"], []).append(process["replica"])
    for name in ("users", "collection", "query"):
        assert by_name[name] == [0, 1]
        assert all(process["grpc"].startswith("127.0.0.1:") for process in mesh.processes(name))
    for name in ("envoy", "nats", "postgres", "probe"):
        assert by_name[name] == [0]
