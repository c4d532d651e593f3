"""Real containers, the real probe, the real mesh: what the views say about a small shop that runs on this machine."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from deploy.local import postgres
from deploy.local.command import free_ports
from tests.e2e.client import Api, Mesh, wait_for
from tests.e2e.podman import CannotRunContainersError, Container, Podman, engine

HOST = "engine-1"
SERVE = "nc -ll -p {port} -e cat"
#: Within how many seconds a change of a container is on the map.
AT_ONCE = 0.5

CONNECT = "import socket, sys; held = socket.create_connection((sys.argv[1], int(sys.argv[2]))); input()"


@dataclass(frozen=True)
class Shop:
    """What runs: `web` is called through its published port, and calls `db`; `caller` calls a process of the host.

    Attributes:
        port: where `web` is published on the host.
        client: pid of the process of the host that calls it there.
        server: pid of the process of the host that `caller` calls.
    """

    podman: Podman
    web: Container
    db: Container
    caller: Container
    paused: Container
    stopped: Container
    port: int
    client: int
    server: int
    api: Api

    def nodes(self, view: str) -> dict[str, Any]:
        """A view without containers that somebody else runs on this machine."""
        return {id_: node for id_, node in self.api.nodes(view).items() if _is_ours(node)}

    def details(self, topology: str, node: str, parameters: str = "") -> Any:
        answer = self.api.get(f"/api/topology/{topology}/{quote(node, safe='')}{parameters}")
        assert answer.status == 200, answer
        return answer.json()["node"]


def _is_ours(node: Any) -> bool:
    """Whether this is no container, or one of an image that the tests made."""
    return not node["id"].endswith(";<container>") or rows(node).get("docker_image_name", "").startswith("localhost/")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with ExitStack() as after:
        try:
            podman = after.enter_context(engine(folder / "podman"))
        except CannotRunContainersError as error:
            pytest.fail(f"real containers are a part of the tests: {error}")
        mesh = after.enter_context(_mesh(folder / "data"))
        after.enter_context(_probe(mesh, podman.socket, folder / "state"))
        yield _started(podman, mesh.api(), after)


@contextmanager
def _mesh(data: Path) -> Iterator[Mesh]:
    mesh = Mesh(data, free_ports(1)[0], PROBE="0")
    mesh.start()
    try:
        yield mesh
    finally:
        mesh.stop()
        postgres.remove(mesh.data / "postgres")


@contextmanager
def _probe(mesh: Mesh, engine_socket: Path, state: Path) -> Iterator[None]:
    """A probe of this machine, under a name of its own."""
    program = str(Path(sys.executable).with_name("scope"))
    options = ("--hostname", HOST, "--state", str(state), "--docker-socket", str(engine_socket))
    environment = {**os.environ, "SCOPE_SERVICE_TOKEN": mesh.local()["service_token"]}
    with state.with_suffix(".log").open("wb") as log:
        probe = subprocess.Popen([program, "launch", *options, mesh.url], env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        probe.terminate()
        assert probe.wait(30) == 0


def _started(podman: Podman, api: Api, after: ExitStack) -> Shop:
    for name in ("shop/web:2.1", "shop/web:2.0", "shop/db:1"):
        podman.image(name, {"org.opencontainers.image.title": name})
    port, asked = free_ports(2)
    db = podman.run("db", "shop/db:1", f"exec {SERVE.format(port=5432)}", "--label", "tier=data")
    web = podman.run(
        "web",
        "shop/web:2.1",
        f"{SERVE.format(port=80)} & sleep 1000000 | nc {db.address} 5432",
        *("--publish", f"{port}:80", "--hostname", "web.shop", "--label", "tier=web", "--label", "a key=a = value"),
    )
    server = after.enter_context(_listening(asked))
    line = f"sleep 1000000 | nc {_address()} {asked}"
    caller = podman.run("caller", "shop/web:2.1", line, "--hostname", "caller.shop", "--env", "SECRET=hidden")
    paused = podman.run("paused", "shop/db:1", "sleep 1000000")
    stopped = podman.run("stopped", "shop/web:2.0", "sleep 1000000", "--hostname", "web.shop")
    podman.podman("pause", paused.id)
    podman.podman("stop", "--time", "0", stopped.id)
    client = after.enter_context(_held(_address(), port))
    return Shop(podman, web, db, caller, paused, stopped, port, client, server, api)


def _address() -> str:
    """Where other hosts would reach this one; nothing is sent."""
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as asking:
        asking.connect(("192.0.2.1", 9))
        address: str = asking.getsockname()[0]
        return address


@contextmanager
def _held(address: str, port: int) -> Iterator[int]:
    """A process that holds a connection; its pid."""
    process = subprocess.Popen([sys.executable, "-c", CONNECT, address, str(port)], stdin=subprocess.PIPE)
    try:
        yield process.pid
    finally:
        process.kill()
        process.communicate()


@contextmanager
def _listening(port: int) -> Iterator[int]:
    """A process that takes connections; its pid."""
    listen = (
        "import socket, sys; server = socket.create_server(('', int(sys.argv[1]))); print(flush=True); "
        "held = []\nwhile True: held.append(server.accept())"
    )
    process = subprocess.Popen([sys.executable, "-c", listen, str(port)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def node_id(container: Container) -> str:
    return f"{container.id};<container>"


def rows(node: Any) -> dict[str, str]:
    return {row["id"]: row["value"] for row in node["metadata"]}


def parents(node: Any) -> set[tuple[str, str]]:
    return {(parent["topologyId"], parent["label"]) for parent in node["parents"]}


def settled(look: Callable[[], Any], wanted: object, what: str) -> None:
    """Waits until what is seen is what is wanted; where it never is, says both."""
    seen: list[object] = [None]

    def same() -> bool:
        seen[0] = look()
        return seen[0] == wanted

    try:
        wait_for(same, what)
    except AssertionError:
        assert seen[0] == wanted, what


def test_containers_are_shown_by_their_state(shop: Shop) -> None:
    running = {node_id(container) for container in (shop.web, shop.db, shop.caller, shop.paused)}
    stopped = {node_id(shop.stopped)}
    settled(lambda: shop.nodes("containers").keys(), running, "running containers")
    assert shop.nodes("containers?stopped=stopped").keys() == stopped
    both = shop.nodes("containers?stopped=both")
    assert both.keys() == running | stopped
    assert {node["label"] for node in both.values()} == {"web", "db", "caller", "paused", "stopped"}
    assert rows(both[node_id(shop.paused)])["docker_container_state_human"].endswith("(Paused)")
    assert rows(both[node_id(shop.stopped)])["docker_container_state_human"].startswith("Exited")


def test_a_container_says_what_it_is(shop: Shop) -> None:
    found = rows(wait_for(lambda: shop.nodes("containers").get(node_id(shop.web)), "the container"))
    assert found["docker_container_id"] == shop.web.id
    assert found["docker_container_ips"] == shop.web.address
    assert found["docker_container_networks"] == shop.podman.network
    assert found["docker_container_ports"] == f"0.0.0.0:{shop.port}->80/tcp"
    assert found["docker_image_name"] == "localhost/shop/web"
    assert found["docker_image_tag"] == "2.1"
    assert found["docker_container_state_human"].startswith("Up ")


def test_a_container_has_measurements(shop: Shop) -> None:
    def measured() -> dict[str, float]:
        node = shop.nodes("containers").get(node_id(shop.web), {})
        return {metric["id"]: metric.get("value", 0) for metric in node.get("metrics", ())}

    wanted = {"docker_cpu_total_usage", "docker_memory_usage"}
    wait_for(lambda: measured().keys() >= wanted and measured()["docker_memory_usage"] > 100_000, "measurements")


def test_labels_are_a_table_and_variables_stay_where_they_are(shop: Shop) -> None:
    wait_for(lambda: node_id(shop.web) in shop.nodes("containers"), "the container")
    tables = {held["id"]: held for held in shop.details("containers", node_id(shop.web))["tables"]}
    labels = [row["entries"] for row in tables["docker_label_"]["rows"]]
    assert {"label": "tier", "value": "web"} in labels
    assert {"label": "a key", "value": "a = value"} in labels
    said = shop.api.get(f"/api/topology/containers/{quote(node_id(shop.caller), safe='')}")
    assert said.status == 200
    assert b"SECRET" not in said.body


def test_a_container_belongs_to_its_image_and_its_host(shop: Shop) -> None:
    wanted = {("containers-by-image", "shop/web"), ("hosts", HOST)}
    settled(lambda: parents(shop.nodes("containers").get(node_id(shop.web), {"parents": []})), wanted, "parents")


def test_containers_that_talk_have_an_edge(shop: Shop) -> None:
    def edges() -> dict[str, list[str]]:
        nodes = shop.nodes("containers")
        return {
            nodes[id_]["label"]: [nodes[other]["label"] for other in nodes[id_].get("adjacency", ())] for id_ in nodes
        }

    settled(edges, {"web": ["db"], "db": [], "caller": [], "paused": []}, "the edge from web to db, and no other")


def test_a_process_of_the_host_calls_a_container_through_its_published_port(shop: Shop) -> None:
    def called() -> set[str]:
        nodes = shop.nodes("processes")
        return {
            parent["id"]
            for other in nodes.get(f"{HOST};{shop.client}", {}).get("adjacency", ())
            for parent in nodes[other]["parents"]
            if parent["topologyId"] == "containers"
        }

    settled(called, {node_id(shop.web)}, "the edge through the published port")


def test_a_container_calls_a_process_of_the_host(shop: Shop) -> None:
    server = f"{HOST};{shop.server}"

    def callers() -> set[str]:
        nodes = shop.nodes("processes").values()
        found = [node for node in nodes if server in node.get("adjacency", ())]
        return {parent["id"] for node in found for parent in node["parents"] if parent["topologyId"] == "containers"}

    settled(callers, {node_id(shop.caller)}, "the edge to the host")


def test_what_is_in_no_container_is_shown_when_asked_for(shop: Shop) -> None:
    uncontained = f"pseudo:uncontained:{HOST}"

    def talk() -> tuple[bool, bool]:
        nodes = shop.nodes("containers?pseudo=show")
        calls = nodes.get(uncontained, {}).get("adjacency", ())
        return node_id(shop.web) in calls, uncontained in nodes[node_id(shop.caller)].get("adjacency", ())

    settled(talk, (True, True), "edges from and to the host's own processes")
    assert uncontained not in shop.nodes("containers")
    node = shop.nodes("containers?pseudo=show")[uncontained]
    assert (node["label"], node["labelMinor"], node["pseudo"]) == ("Uncontained", HOST, True)


def test_containers_by_image(shop: Shop) -> None:
    def found(parameters: str = "") -> dict[str, str]:
        return {node["label"]: node["labelMinor"] for node in shop.nodes(f"containers-by-image{parameters}").values()}

    settled(found, {"shop/web": "2 containers", "shop/db": "2 containers"}, "two images")
    both = {"shop/web": "3 containers", "shop/db": "2 containers"}
    settled(lambda: found("?stopped=both"), both, "images with what was stopped")


def test_containers_by_host_name(shop: Shop) -> None:
    def found(parameters: str) -> dict[str, str]:
        nodes = shop.nodes(f"containers-by-hostname{parameters}")
        return {id_: nodes[id_]["labelMinor"] for id_ in nodes if id_.endswith(".shop")}

    settled(lambda: found(""), {"web.shop": "1 container", "caller.shop": "1 container"}, "host names")
    both = {"web.shop": "2 containers", "caller.shop": "1 container"}
    settled(lambda: found("?stopped=both"), both, "host names with what was stopped")


def test_processes_know_their_container_and_it_knows_them(shop: Shop) -> None:
    first = f"{HOST};{shop.web.pid}"

    def inside() -> dict[str, list[Any]]:
        node = shop.details("containers", node_id(shop.web))
        return {group["id"]: group["nodes"] for group in node.get("children", ())}

    wait_for(lambda: node_id(shop.web) in shop.nodes("containers"), "the container")
    wait_for(lambda: first in [child["id"] for child in inside().get("process", ())], "its processes")
    assert {child["label"] for child in inside()["process"]} >= {"nc", "sleep"}
    node = shop.nodes("processes?unconnected=show")[first]
    assert {parent["topologyId"]: parent["id"] for parent in node["parents"]} == {
        "containers": node_id(shop.web),
        "hosts": f"{HOST};<host>",
    }


def test_connections_have_their_ports_and_counts(shop: Shop) -> None:
    def connections() -> dict[str, set[tuple[str, str, str]]]:
        groups = shop.details("containers", node_id(shop.web), "?pseudo=show")["connections"]
        return {group["label"]: {_connection(row) for row in group.get("connections", ())} for group in groups}

    wait_for(lambda: node_id(shop.web) in shop.nodes("containers"), "the container")
    wanted = {
        "Inbound": {(f"pseudo:uncontained:{HOST}", "80", "1")},
        "Outbound": {(node_id(shop.db), "5432", "1")},
    }
    settled(connections, wanted, "its connections")


def _connection(row: Any) -> tuple[str, str, str]:
    cells = {cell["id"]: cell["value"] for cell in row["metadata"]}
    return row["nodeId"], cells["port"], cells["count"]


def test_hosts_have_their_containers(shop: Shop) -> None:
    def names() -> set[str]:
        children = shop.details("hosts", f"{HOST};<host>").get("children", ())
        found = [node for group in children if group["id"] == "container" for node in group["nodes"]]
        return {node["label"] for node in found if _is_ours(node)}

    wait_for(lambda: f"{HOST};<host>" in shop.nodes("hosts"), "the host")
    settled(names, {"web", "db", "caller", "paused", "stopped"}, "its containers")


def test_what_starts_is_on_the_map_at_once(shop: Shop) -> None:
    """Five in a row: without being told, each would wait for the report after the one that the last came with."""
    wait_for(lambda: node_id(shop.web) in shop.nodes("containers"), "the container")
    waited = sum(_until_it_shows(shop, name) for name in ("first", "second", "third", "fourth", "fifth"))
    assert waited < 5 * 3 * AT_ONCE


def _until_it_shows(shop: Shop, name: str) -> float:
    """How long it took, in seconds, for a container that comes and goes."""
    started = shop.podman.run(name, "shop/db:1", "sleep 1000000")
    since = time.monotonic()
    wait_for(lambda: node_id(started) in shop.nodes("containers"), name)
    waited = time.monotonic() - since
    shop.podman.podman("rm", "--force", "--time", "0", started.id)
    wait_for(lambda: node_id(started) not in shop.nodes("containers?stopped=both"), f"{name} gone")
    return waited


def test_pausing_and_going_on_is_seen(shop: Shop) -> None:
    def paused() -> bool:
        node = shop.nodes("containers")[node_id(shop.db)]
        return rows(node)["docker_container_state_human"].endswith("(Paused)")

    wait_for(lambda: node_id(shop.db) in shop.nodes("containers"), "the container")
    shop.podman.podman("pause", shop.db.id)
    wait_for(paused, "that it is paused")
    shop.podman.podman("unpause", shop.db.id)
    wait_for(lambda: not paused(), "that it goes on")
