import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import grpc.aio
import pytest

from probe.tests.cgroup import contained
from probe.tests.cri_runtime import IMAGE, NODE_POD, OTHER, POD, PORTS, WEB, WORKER, Runtime, listed, served
from probe.tests.waiting import DEADLINE, until
from scope_probe.containers import cri, cri_answers
from scope_probe.containers import cri_pb2 as pb
from scope_probe.containers.cri import Cri
from scope_probe.containers.engines import Engines, Sockets
from scope_probe.containers.model import Container, Image, Port
from scope_probe.containers.reporter import ContainerReporter


@pytest.fixture
def socket() -> Iterator[Path]:
    """In a folder of its own: the names of unix sockets are short."""
    with TemporaryDirectory() as folder:
        yield Path(folder) / "cri.sock"


@pytest.fixture
def sleeper() -> Iterator["subprocess.Popen[bytes]"]:
    with subprocess.Popen(["sleep", "infinity"]) as process:
        yield process
        process.kill()


@asynccontextmanager
async def followed(socket: Path) -> AsyncIterator[Cri]:
    """An engine that runs."""
    engine = Cri(socket)
    task = asyncio.create_task(engine.run(lambda: None))

    try:
        yield engine
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_everything_of_a_container(socket: Path) -> None:
    async with served(Runtime(), socket), followed(socket) as engine:
        await until(engine.containers)
        assert engine.containers() == [
            Container(
                id=WEB,
                name="web",
                hostname="web-0",
                image_id=IMAGE,
                image="registry.test:5000/shop/web:1.2",
                command=["/bin/web", "--port=80"],
                state="running",
                created="2023-11-14T22:13:20Z",
                started=1_700_000_001,
                restarts=3,
                pid=4711,
                memory_limit=1 << 20,
                addresses=["10.244.0.7", "fd00::7"],
                ports=[
                    Port("", 0, 9090),
                    Port("0.0.0.0", 8080, 80),
                    Port("192.0.2.1", 53, 5353, "udp"),
                    Port("::", 8080, 80),
                ],
                labels={"io.kubernetes.pod.name": "web-0"},
                environment={"PATH": "/bin", "EMPTY": ""},
                pod="pod-uid",
            )
        ]
        assert engine.images() == [Image(IMAGE, "registry.test:5000/shop/web", "1.2", 4096, {"maintainer": "shop"})]
        assert engine.sandboxes() == {POD, NODE_POD}
        assert engine.name == f"containerd at {socket}"
        assert not engine.problem


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a cgroup")
@pytest.mark.parametrize(("cgroup", "found"), [(POD, {WEB}), (OTHER, {WEB, OTHER})])
async def test_what_holds_a_pod_together_is_no_container(
    socket: Path, sleeper: "subprocess.Popen[bytes]", cgroup: str, found: set[str]
) -> None:
    engines = Engines(Sockets(docker=socket.parent / "none", cri=socket))
    async with served(Runtime(), socket):
        following = asyncio.create_task(engines.run(lambda: None))
        await until(engines.containers)
        with contained(sleeper, cgroup):
            seen = ContainerReporter(engines).collect([sleeper.pid])
        assert {container.id for container in seen.containers} == found
        following.cancel()


async def test_in_the_network_of_the_host(socket: Path) -> None:
    runtime = Runtime()
    runtime.containers = {WORKER: listed(WORKER, NODE_POD, annotations={cri_answers.PORTS: json.dumps(PORTS)})}
    async with served(runtime, socket), followed(socket) as engine:
        await until(engine.containers)
        (found,) = engine.containers()
        assert (found.host_network, list(found.addresses), list(found.ports)) == (True, [], [])
        assert (found.pod, found.restarts) == ("agent-uid", None)


async def test_events_are_heard_at_once(socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cri, "LOOK_SECONDS", 10 * DEADLINE)
    runtime = Runtime()
    async with served(runtime, socket), followed(socket) as engine:
        await until(engine.containers)
        await until(lambda: runtime.listeners)
        runtime.containers[WORKER] = listed(WORKER, state=pb.CONTAINER_EXITED)
        runtime.tell(WORKER)
        await until(lambda: len(engine.containers()) == 2)
        assert {found.id: (found.state, len(found.addresses)) for found in engine.containers()} == {
            WEB: ("running", 2),
            WORKER: ("exited", 0),
        }
        del runtime.containers[WEB]
        runtime.tell(WEB)
        await until(lambda: len(engine.containers()) == 1)
        assert runtime.asked.count("container a1") == 1, "what is known was asked for again"
        assert runtime.asked.count("sandbox c3") == 1
        assert runtime.asked.count("image") == 1


@pytest.mark.parametrize(("version", "tells"), [("2.1.0", False), ("v1.7.20", True)])
async def test_without_events_it_looks_often(
    socket: Path, monkeypatch: pytest.MonkeyPatch, version: str, tells: bool
) -> None:
    monkeypatch.setattr(cri, "LOOK_SECONDS", 10 * DEADLINE)
    monkeypatch.setattr(cri, "POLL_SECONDS", 0.05)
    runtime = Runtime()
    runtime.version, runtime.tells = version, tells
    async with served(runtime, socket), followed(socket) as engine:
        await until(engine.containers)
        runtime.containers = {}
        await until(lambda: not engine.containers())
        assert not runtime.listeners, "events of another listener were taken"


@pytest.mark.parametrize(
    ("name", "version", "may"),
    [
        ("containerd", "v1.7.2", False),
        ("containerd", "1.6.20~ds1", False),
        ("containerd", "2.0.0", True),
        ("containerd", "v10.1", True),
        ("cri-o", "1.30.1", True),
        ("containerd", "unknown", True),
    ],
)
def test_who_tells_everybody(name: str, version: str, may: bool) -> None:
    assert cri.may_listen(pb.VersionResponse(runtime_name=name, runtime_version=version)) is may


async def test_it_comes_back(socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cri, "RETRY_SECONDS", 0.05)
    runtime = Runtime()
    async with followed(socket) as engine:
        await until(lambda: "UNAVAILABLE" in engine.problem)
        async with served(runtime, socket):
            await until(engine.containers)
            assert not engine.problem
        runtime.tell(WEB)
        await until(lambda: engine.problem)
        assert engine.containers(), "what was known is forgotten at once"
        monkeypatch.setattr(cri, "KEPT_SECONDS", 0)
        assert not engine.containers()
        monkeypatch.undo()
        async with served(runtime, socket):
            await until(lambda: not engine.problem)


async def test_beside_docker_it_serves_nobody(socket: Path) -> None:
    server = grpc.aio.server()
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    async with followed(socket) as engine:
        await until(lambda: engine._failure is not None)
        assert not engine.problem
        assert not engine.containers()
    await server.stop(0)


async def test_one_that_is_slow_is_told_of(socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cri, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(cri, "RETRY_SECONDS", 0.05)
    runtime = Runtime()
    async with served(runtime, socket), followed(socket) as engine:
        await until(engine.containers)
        await until(lambda: runtime.listeners)
        runtime.awake.clear()
        runtime.tell(WEB)
        await until(lambda: "DEADLINE_EXCEEDED" in engine.problem)
        assert engine.containers()
        runtime.awake.set()
        await until(lambda: not engine.problem)


async def test_one_that_cannot_be_spoken_of_is_listed(socket: Path) -> None:
    runtime = Runtime()
    runtime.broken = {WEB}
    runtime.containers[WORKER] = listed(WORKER)
    async with served(runtime, socket), followed(socket) as engine:
        await until(engine.containers)
        assert [(found.id, found.pid, found.image_id) for found in engine.containers()] == [
            (WEB, 0, IMAGE),
            (WORKER, 4711, IMAGE),
        ]


async def test_more_than_can_be_reported(socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cri, "CONTAINERS", 1)
    runtime = Runtime()
    runtime.containers[WORKER] = listed(WORKER)
    runtime.containers["an;id"] = listed("an;id")
    async with served(runtime, socket), followed(socket) as engine:
        await until(engine.containers)
        assert [found.id for found in engine.containers()] == [WEB]
        assert engine.problem == "it has more than 1 containers; 1 are not reported"


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "1", '{"runtimeSpec": []}', '{"pid": "x"}', '{"runtimeSpec": {"process": {"env": ["A"]}}}']
)
def test_what_is_told_otherwise_is_left_out(text: str) -> None:
    told = cri_answers.read_info(text)
    assert (told.pid, told.hostname, list(told.command), dict(told.environment)) == (0, "", [], {})


@pytest.mark.parametrize(
    ("spec", "hostname"),
    [
        ({"hostname": "web-0", "process": {"env": ["HOSTNAME=other"]}}, "web-0"),
        ({"process": {"env": ["HOSTNAME=web-1"]}}, "web-1"),
        ({}, ""),
    ],
)
def test_the_name_of_a_pods_host(spec: dict[str, object], hostname: str) -> None:
    assert cri_answers.read_info(json.dumps({"pid": 1, "runtimeSpec": spec})).hostname == hostname


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"imageSpec": 1}', '{"imageSpec": {"config": {"Labels": ["a"]}}}'])
def test_labels_that_are_told_otherwise_are_left_out(text: str) -> None:
    assert not cri_answers.read_labels(text)


@pytest.mark.parametrize("text", ["{", "{}", "7", "[1]", '[{"hostPort": 1}]', '[{"containerPort": "x"}]'])
def test_ports_that_are_noted_otherwise_are_left_out(text: str) -> None:
    assert not cri_answers.read_ports(text, ["10.0.0.1"])
