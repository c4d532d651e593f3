import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from probe.tests.docker_engine import WEB, DockerEngine, container
from scope_probe import loop
from scope_probe.containers import docker, engines
from scope_probe.containers.engines import Engines, Sockets, docker_sockets
from scope_probe.containers.model import Container
from scope_probe.report import Reporters
from scope_sdk.report.builder import Builder

DEADLINE = 60
NODE = f"{WEB};<container>"
NOWHERE = Path("/nonexistent/socket")


class Reports(list[Builder]):
    """What was published, and who waits for it."""

    def __init__(self) -> None:
        super().__init__()
        self.came = asyncio.Event()

    def publish(self, builder: Builder) -> None:
        self.append(builder)
        self.came.set()

    async def until(self, true: Callable[[Builder], object]) -> Builder:
        async with asyncio.timeout(DEADLINE):
            while not (self and true(self[-1])):
                self.came.clear()
                await self.came.wait()
        return self[-1]


@asynccontextmanager
async def running(reporters: Reporters) -> AsyncIterator[Reports]:
    reports, stop = Reports(), asyncio.Event()
    task = asyncio.create_task(loop.forever(reporters, reports.publish, stop))
    try:
        yield reports
    finally:
        stop.set()
        await task


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "CRI_SOCKETS", ())
    monkeypatch.setattr(docker, "RETRY_SECONDS", 0.05)


def state(builder: Builder) -> object:
    found = builder.nodes.get(NODE)
    return found.attributes["docker_container_state"] if found else None


async def test_what_happens_is_reported_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAMPLE_SECONDS", 1_000)
    engine = DockerEngine()
    async with (
        engine.serving(tmp_path / "s"),
        running(Reporters("here", engines=Engines(Sockets(tmp_path / "s")))) as reports,
    ):
        await reports.until(lambda report: state(report) == "running")
        engine.change("pause", container(status="paused"))
        await reports.until(lambda report: state(report) == "paused")
        del engine.containers[WEB]
        engine.tell("destroy")
        await reports.until(lambda report: state(report) is None)


async def test_a_burst_is_reported_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAMPLE_SECONDS", 1_000)
    reporters = Reporters("here")
    async with running(reporters) as reports:
        reporters.changed.set()
        await reports.until(lambda _: True)
        clock = asyncio.get_running_loop().time
        began = clock()
        while clock() - began < 3 * loop.INTERIM_SECONDS:
            reporters.changed.set()
            await asyncio.sleep(0)
        assert len(reports) <= 1 + 3


async def test_reports_in_between_take_no_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAMPLE_SECONDS", 1_000)
    reporters = Reporters("here")
    async with running(reporters) as reports:
        for _ in range(2):
            await asyncio.sleep(0)
            reporters.changed.set()
            await reports.until(lambda _: True)
            reports.came.clear()
        await reports.until(lambda _: len(reports) == 2)
    assert ["load1" in report.nodes["here;<host>"].metrics for report in reports] == [True, False]


async def test_one_report_has_the_containers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAMPLE_SECONDS", 0)
    async with DockerEngine().serving(tmp_path / "s"):
        report = await loop.once(Reporters("here", engines=Engines(Sockets(tmp_path / "s"))))
    assert state(report) == "running"


async def test_one_report_does_not_wait_long_for_an_engine_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAMPLE_SECONDS", 0)
    monkeypatch.setattr(engines, "FIRST_SECONDS", 1_000)
    found = Engines(Sockets(NOWHERE))
    async with asyncio.timeout(DEADLINE):
        report = await loop.once(Reporters("here", engines=found))
    assert "here;<host>" in report.nodes
    [problem] = found.problems().values()
    assert "No such file" in problem


async def test_an_engine_that_is_started_later_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "FIND_SECONDS", 0.05)
    monkeypatch.setattr(engines, "docker_sockets", lambda _: [tmp_path / "s"])
    found, changed = Engines(Sockets()), asyncio.Event()
    task = asyncio.create_task(found.run(changed.set))
    async with asyncio.timeout(DEADLINE):
        await asyncio.sleep(0)
        assert found.problems() == {}
        async with DockerEngine().serving(tmp_path / "s"):
            await changed.wait()
            assert [one.name for one in found.containers()] == ["web"]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class Broken:
    """An engine whose follower has a mistake."""

    name = "broken"
    problem = ""

    def __init__(self, _: Path) -> None:
        self.tries = 0

    async def run(self, changed: Callable[[], None]) -> None:
        self.tries += 1
        changed()
        raise ZeroDivisionError

    def containers(self) -> Sequence[Container]:
        return [Container(WEB, name="as the broken one has it"), Container("other")]

    def images(self) -> Sequence[object]:
        return ()

    sandboxes = networks = images


async def test_a_mistake_in_following_one_engine_is_nobody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "AGAIN_SECONDS", 0.05)
    monkeypatch.setattr(engines, "Cri", Broken)
    found = Engines(Sockets(tmp_path / "s", NOWHERE))
    async with DockerEngine().serving(tmp_path / "s"), running(Reporters("here", engines=found)) as reports:
        await reports.until(lambda report: state(report) == "running" and "other;<container>" in report.nodes)


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, ["/var/run/docker.sock", "/run/podman/podman.sock"]),
        (
            {"DOCKER_HOST": "unix:///tmp/d.sock", "XDG_RUNTIME_DIR": "/run/user/1"},
            [
                "/tmp/d.sock",
                "/var/run/docker.sock",
                "/run/podman/podman.sock",
                "/run/user/1/docker.sock",
                "/run/user/1/podman/podman.sock",
            ],
        ),
        ({"DOCKER_HOST": "tcp://192.0.2.1:2375"}, ["/var/run/docker.sock", "/run/podman/podman.sock"]),
    ],
)
def test_where_engines_usually_are(environment: dict[str, str], expected: list[str]) -> None:
    assert [str(socket) for socket in docker_sockets(environment)] == expected


async def test_a_socket_under_two_names_is_one_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docker.sock").symlink_to(tmp_path / "podman.sock")
    (tmp_path / "file.sock").touch()
    monkeypatch.setattr(
        engines, "docker_sockets", lambda _: [tmp_path / f"{name}.sock" for name in ("docker", "podman", "file", "no")]
    )
    async with DockerEngine().serving(tmp_path / "podman.sock"):
        assert list(Sockets().engines()) == [tmp_path / "podman.sock"]
