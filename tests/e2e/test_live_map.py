"""What a person who ran `make up` sees: this machine, live."""

import socket
import sys
import time
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.connection import needs_ipv6
from tests.e2e.children import child, talking
from tests.e2e.client import PATIENCE, Mesh, wait_for
from tests.e2e.test_edge import problem


def this_host(mesh: Mesh) -> dict[str, Any]:
    name = socket.gethostname()
    return wait_for(lambda: mesh.api().nodes("hosts").get(f"{name};<host>"), "this machine")


def by_pid(mesh: Mesh, pid: int) -> dict[str, Any]:
    node = f"{socket.gethostname()};{pid}"
    return wait_for(lambda: mesh.api().nodes("processes?unconnected=show").get(node), f"process {pid}")


def rows(node: dict[str, Any]) -> dict[str, str]:
    return {row["id"]: row["value"] for row in node["metadata"]}


def metrics(node: dict[str, Any]) -> dict[str, float]:
    return {metric["id"]: metric["value"] for metric in node["metrics"]}


def test_this_machine_is_there(mesh: Mesh) -> None:
    host = this_host(mesh)
    assert host["label"] == socket.gethostname().partition(".")[0]
    assert rows(host).keys() >= {"host_name", "os", "kernel_version", "uptime"}
    wait_for(lambda: len(metrics(this_host(mesh))) == 3, "metrics")
    measured = metrics(this_host(mesh))
    assert measured.keys() == {"host_cpu_usage_percent", "host_mem_usage_bytes", "load1"}
    assert measured["host_mem_usage_bytes"] > 0
    assert 0 <= measured["host_cpu_usage_percent"] <= 100


def test_a_process_shows_with_its_facts_and_then_leaves(mesh: Mesh) -> None:
    with child("-c", "input()", "--some-argument") as process:
        node = by_pid(mesh, process.pid)
        assert node["label"].endswith(("python", "python3", sys.executable))
        assert rows(node)["pid"] == str(process.pid)
        assert "--some-argument" in rows(node)["cmdline"]
        assert node["parents"][0]["id"] == f"{socket.gethostname()};<host>"
        wanted = {"process_cpu_usage_percent", "process_memory_usage_bytes", "open_files_count"}
        wait_for(lambda: metrics(by_pid(mesh, process.pid)).keys() >= wanted, "its metrics")
        assert metrics(by_pid(mesh, process.pid))["process_memory_usage_bytes"] > 1_000_000
    gone = f"{socket.gethostname()};{process.pid}"
    wait_for(lambda: gone not in mesh.api().nodes("processes?unconnected=show"), "its leaving")


@pytest.mark.parametrize(
    ("address", "family"), [("127.0.0.1", socket.AF_INET), pytest.param("::1", socket.AF_INET6, marks=needs_ipv6)]
)
def test_two_processes_that_talk_have_an_edge(mesh: Mesh, address: str, family: int) -> None:
    with talking(address, family) as (server, client, port):
        server_id, client_id = (f"{socket.gethostname()};{process.pid}" for process in (server, client))
        wait_for(lambda: server_id in by_pid(mesh, client.pid)["adjacency"], "the edge")
        assert client_id not in by_pid(mesh, server.pid)["adjacency"]
        details = mesh.api().get(f"/api/topology/processes/{client_id.replace(';', '%3B')}").json()["node"]
        outgoing = next(group for group in details["connections"] if group["id"] == "outgoing-connections")
        row = next(row for row in outgoing["connections"] if row["nodeId"] == server_id)
        assert {"port": port, "count": "1"}.items() <= {cell["id"]: cell["value"] for cell in row["metadata"]}.items()
        memory = next(metric for metric in details["metrics"] if metric["id"] == "process_memory_usage_bytes")
        assert memory["samples"]


def test_a_watcher_sees_a_process_start_and_end(mesh: Mesh) -> None:
    this_host(mesh)
    with mesh.api().watch("processes?unconnected=show") as events:
        first = next(events)
        assert first.kind == "reset"
        assert first.data.keys() == {"add", "update", "remove", "metrics", "missing"}
        with child("-c", "input()") as process:
            name = f"{socket.gethostname()};{process.pid}"
            deadline = time.monotonic() + PATIENCE
            for event in events:
                assert event.kind == "update"
                assert time.monotonic() < deadline
                if any(node["id"] == name for node in event.data["add"]):
                    break
        for event in events:
            assert time.monotonic() < deadline + PATIENCE
            if name in event.data["remove"]:
                break


def test_metrics_come_without_their_nodes(mesh: Mesh) -> None:
    this_host(mesh)
    with mesh.api().watch("hosts") as events:
        for event in events:
            blocks = [block for block in event.data["metrics"] if "load1" in block["values"]]
            if event.kind == "update" and blocks and not event.data["add"] and not event.data["update"]:
                block = blocks[0]
                assert all(
                    len(values) == len(block["nodes"]) * len(block["times"]) for values in block["values"].values()
                )
                return


def test_the_lists(mesh: Mesh) -> None:
    this_host(mesh)
    listed = mesh.api().get("/api/topology?unconnected=show").json()
    topologies = {topology["url"]: topology for topology in listed}
    assert topologies.keys() == {f"/api/topology/{name}" for name in ("containers", "hosts", "pods", "processes")}
    assert topologies["/api/topology/processes"]["stats"]["node_count"] > 5
    assert topologies["/api/topology/processes"]["hide_if_empty"] is True
    probes = mesh.api().get("/api/probes").json()
    assert socket.gethostname() in [probe["hostname"] for probe in probes]
    info = {mesh.anybody().get("/api").json()["id"] for _ in range(4)}
    assert len(info) == 1


def test_how_far_back_one_can_look(mesh: Mesh) -> None:
    host = this_host(mesh)
    history = mesh.api().get("/api/history").json()
    assert host["id"] in mesh.api().nodes(f"hosts?timestamp={history['newest']}")
    assert mesh.api().nodes(f"hosts?timestamp={history['oldest']}")
    before = datetime.fromisoformat(history["oldest"]) - timedelta(milliseconds=1)
    status, _, message = problem(mesh.api(), "GET", f"/api/topology/hosts?timestamp={quote(before.isoformat())}")
    assert (status, "the report log does not hold" in message) == (400, True)


def test_the_page_is_served_to_anybody_and_its_link_signs_in(mesh: Mesh) -> None:
    page = mesh.anybody().get("/")
    assert page.status == 200
    assert "text/html" in page.headers["content-type"]
    assert "default-src" in page.headers["content-security-policy"]
    with closing(mesh.anybody().connect()) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
