import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from probe.tests.docker_engine import IMAGE, NONE, SILENT, WEB, DockerEngine, container
from probe.tests.waiting import DEADLINE, until
from scope_probe.containers import docker, docker_answers, docker_api
from scope_probe.containers.docker import Docker
from scope_probe.containers.model import Container, Image, Port

OTHER = "b2" * 32
UNPRIVILEGED = """
import asyncio, os, sys
from pathlib import Path
from scope_probe.containers.docker import Docker
found = Docker(Path(sys.argv[1]))
os.setuid(65534)
async def ask():
    changed = asyncio.Event()
    task = asyncio.create_task(found.run(changed.set))
    await changed.wait()
    task.cancel()
asyncio.run(ask())
print(found.problem)
"""


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "RETRY_SECONDS", 0.05)


@pytest.fixture
def engine() -> DockerEngine:
    return DockerEngine()


class Followed:
    """An engine that is followed; `calls` counts how often it had news."""

    def __init__(self, socket: Path) -> None:
        self.docker = Docker(socket)
        self.calls = 0
        self._news = asyncio.Event()

    def changed(self) -> None:
        self.calls += 1
        self._news.set()

    async def until(self, true: Callable[[Docker], Any]) -> None:
        """Waits for news that makes this true."""
        async with asyncio.timeout(DEADLINE):
            while not true(self.docker):
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def following(socket: Path) -> AsyncIterator[Followed]:
    followed = Followed(socket)
    task = asyncio.create_task(followed.docker.run(followed.changed))
    try:
        yield followed
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def states(found: Docker) -> dict[str, str]:
    return {container.name: container.state for container in found.containers()}


async def test_everything_of_a_container(tmp_path: Path, engine: DockerEngine) -> None:
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await followed.until(Docker.containers)
    assert followed.docker.problem == ""
    assert followed.docker.containers() == [
        Container(
            id=WEB,
            name="web",
            hostname="web-1",
            image_id="e5" * 32,
            image="registry.example.com:5000/shop/web:1.2",
            command=["/bin/web", "--port", "80"],
            state="running",
            created="2026-01-02T03:04:05.123456789Z",
            started=1767323046.987654,
            restarts=2,
            pid=4711,
            memory_limit=1048576,
            networks=["bridge", "lan"],
            addresses=["172.17.0.2", "fd17::2", "192.168.7.9"],
            ports=[
                Port("", 0, 443),
                Port("0.0.0.0", 8080, 80),
                Port("192.0.2.7", 5353, 53, "udp"),
                Port("::", 8080, 80),
            ],
            labels={"tier": "front", "io.kubernetes.pod.uid": "pod-1", "io.kubernetes.pod.name": "web-0"},
            environment={"PATH": "/bin", "PASSWORD": "a=b", "EMPTY": ""},
            pod="pod-1",
        )
    ]
    assert followed.docker.images() == [
        Image(
            "e5" * 32,
            "registry.example.com:5000/shop/web",
            "1.2",
            48_123_456,
            {"org.opencontainers.image.version": "1.2"},
        )
    ]
    assert followed.docker.networks() == ["172.17.0.0/16", "fd17::/64"]


async def test_what_happens_to_a_container_is_known_by_its_event(tmp_path: Path, engine: DockerEngine) -> None:
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await until(lambda: engine.listened_to)
        await followed.until(lambda found: states(found) == {"web": "running"})
        engine.change("pause", container(status="paused"))
        await followed.until(lambda found: states(found) == {"web": "paused"})
        engine.change("create", container(OTHER, name="db", status="created"))
        await followed.until(lambda found: states(found) == {"web": "paused", "db": "created"})
        engine.change("rename", container(OTHER, name="database", status="created"))
        await followed.until(lambda found: states(found) == {"web": "paused", "database": "created"})
        del engine.containers[WEB]
        engine.tell("destroy")
        await followed.until(lambda found: states(found) == {"database": "created"})


async def test_what_changes_nothing_is_no_news(tmp_path: Path, engine: DockerEngine) -> None:
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await until(lambda: engine.listened_to)
        await followed.until(lambda found: states(found) == {"web": "running"})
        engine.tell("start")
        await until(lambda: engine.asked.count(f"/containers/{WEB}/json") >= 2)
        engine.asked.clear()
        for action in ("exec_create: /bin/sh -c true", "exec_die", "health_status: healthy", "top"):
            engine.tell(action, OTHER)
        calls = followed.calls
        engine.change("die", container(status="exited"))
        await followed.until(lambda found: states(found) == {"web": "exited"})
        assert followed.calls == calls + 1
        assert [path for path in engine.asked if path.startswith("/containers/")] == [f"/containers/{WEB}/json"]


async def test_without_events_the_list_tells(
    tmp_path: Path, engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "LOOK_SECONDS", 0.05)
    engine.broken["/events"] = 500
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await followed.until(lambda found: states(found) == {"web": "running"})
        engine.containers[WEB] = container(status="exited")
        await followed.until(lambda found: states(found) == {"web": "exited"})


async def test_an_engine_that_went_away_is_missed_and_comes_back(tmp_path: Path, engine: DockerEngine) -> None:
    async with following(tmp_path / "s") as followed:
        await followed.until(lambda found: "No such file" in found.problem)
        async with engine.serving(tmp_path / "s"):
            await followed.until(lambda found: states(found) == {"web": "running"} and not found.problem)
        await followed.until(lambda found: found.problem)
        assert states(followed.docker) == {"web": "running"}, "its last word stands for a while"
        engine.containers[WEB] = container(RestartCount=3)
        async with engine.serving(tmp_path / "s"):
            await followed.until(lambda found: [one.restarts for one in found.containers()] == [3])
        assert followed.docker.problem == ""


async def test_the_last_word_of_an_engine_does_not_stand_for_ever(
    tmp_path: Path, engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await followed.until(Docker.containers)
    monkeypatch.setattr(docker, "KEPT_SECONDS", 0)
    assert followed.docker.containers() == ()


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/containers/json", 500, "something is wrong"),
        ("/containers/json", 200, "does not speak the Docker API"),
        ("/networks", 403, "something is wrong"),
    ],
)
async def test_what_is_wrong_is_said(tmp_path: Path, engine: DockerEngine, path: str, status: int, said: str) -> None:
    engine.broken[path] = status
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await followed.until(lambda found: said in found.problem)
        engine.broken.clear()
        await followed.until(lambda found: not found.problem and found.containers())


@pytest.mark.parametrize("answer", [[1], {"Id": 5}, {"message": "hello"}, "text", None])
async def test_rubbish_about_everything(tmp_path: Path, engine: DockerEngine, answer: Any) -> None:
    engine.networks = answer
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await followed.until(lambda found: "does not speak the Docker API" in found.problem)


@pytest.mark.parametrize("status", [200, 500])
async def test_a_container_that_cannot_be_told_of_is_as_it_is_listed(
    tmp_path: Path, engine: DockerEngine, status: int
) -> None:
    engine.broken[f"/containers/{WEB}/json"] = status
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await followed.until(Docker.containers)
    assert followed.docker.containers() == [Container(WEB, name="web", state="running")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_an_engine_that_this_user_may_not_ask(tmp_path: Path) -> None:
    tmp_path.chmod(0)
    command = [sys.executable, "-c", UNPRIVILEGED, str(tmp_path / "s")]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert said.startswith("permission denied; run as root, or as a member of the group")


async def test_a_slow_engine_is_given_up(tmp_path: Path, engine: DockerEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_api, "ANSWER_SECONDS", 0.1)
    engine.broken["/networks"] = SILENT
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await followed.until(lambda found: "in time" in found.problem)


async def test_what_could_not_be_looked_at_is_looked_at_again(
    tmp_path: Path, engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_api, "ANSWER_SECONDS", 0.1)
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await until(lambda: engine.listened_to)
        await followed.until(Docker.containers)
        engine.broken[f"/containers/{WEB}/json"] = SILENT
        engine.change("restart", container(RestartCount=3))  # which no list tells
        await followed.until(lambda found: found.problem)
        engine.broken.clear()
        await followed.until(lambda found: [one.restarts for one in found.containers()] == [3])


async def test_a_host_may_have_too_many_containers(
    tmp_path: Path, engine: DockerEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "CONTAINERS", 2)
    engine.containers = {id_ * 32: container(id_ * 32) for id_ in ("c1", "c2", "c3")}
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await followed.until(lambda found: len(found.containers()) == 2)
        assert followed.docker.problem == "it has more than 2 containers; 1 are not reported"


async def test_an_image_that_lost_its_tags_is_called_as_its_containers_have_it(
    tmp_path: Path, engine: DockerEngine
) -> None:
    engine.images[IMAGE] = {**engine.images[IMAGE], "RepoTags": []}
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await followed.until(Docker.images)
        assert [(image.name, image.tag) for image in followed.docker.images()] == [
            ("registry.example.com:5000/shop/web", "1.2")
        ]
        engine.images[IMAGE] = {**engine.images[IMAGE], "RepoTags": ["shop:2"]}
        engine.tell("tag", IMAGE, kind="image")
        await followed.until(lambda found: [(image.name, image.tag) for image in found.images()] == [("shop", "2")])


async def test_a_new_network_is_known_by_its_event(tmp_path: Path, engine: DockerEngine) -> None:
    async with engine.serving(tmp_path / "s"), following(tmp_path / "s") as followed:
        await until(lambda: engine.listened_to)
        await followed.until(Docker.networks)
        engine.networks = [NONE]
        engine.tell("destroy", "f7" * 32, kind="network")
        await followed.until(lambda found: not found.networks())


@pytest.mark.parametrize(
    ("reference", "parts"),
    [
        ("nginx", ("nginx", "")),
        ("nginx:1.25", ("nginx", "1.25")),
        ("registry.example.com:5000/a/b", ("registry.example.com:5000/a/b", "")),
        ("registry.example.com:5000/a/b:c", ("registry.example.com:5000/a/b", "c")),
        ("nginx:1.25@sha256:0123", ("nginx", "1.25")),
    ],
)
def test_names_of_images(reference: str, parts: tuple[str, str]) -> None:
    assert docker_answers.name_and_tag(reference) == parts
