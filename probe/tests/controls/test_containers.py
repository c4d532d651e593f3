"""With Podman's own engine and its containers."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from probe.tests.controls.line import Line, call, ended, ran, using
from probe.tests.waiting import until
from scope_probe.containers import engines as engines_module
from scope_probe.containers.engines import Engines, Sockets
from scope_probe.containers.model import Container
from scope_probe.controls import Active
from scope_probe.controls.containers import ContainerControls
from scope_probe.controls.engine_streams import Demultiplexer
from scope_probe.report import Reporters
from scope_sdk.controls import ControlError, Controls, Ended, Removed, Stream, Terminal
from scope_sdk.pipes import Size
from tests.e2e.podman import CannotRunContainersError, Podman, engine

RUNNING = {f"docker_{what}_container" for what in ("attach", "exec", "logs", "restart", "stop", "pause")}
STOPPED = {f"docker_{what}_container" for what in ("start", "remove", "logs")}
#: Ends as soon as it is told to.
WAITS = "trap 'exit 3' TERM; while :; do busybox sleep 0.1; done"

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Podman]:
    try:
        with engine(tmp_path_factory.mktemp("engine") / "podman") as running:
            running.image("shop/one:1")
            yield running
    except CannotRunContainersError as error:
        pytest.fail(f"real containers are a part of the tests: {error}")


class Shop:
    """Containers that are followed, and calls to them."""

    def __init__(self, podman: Podman, engines: Engines) -> None:
        self.podman = podman
        self.engines = engines
        self.controls = Controls()
        ContainerControls(engines).register(self.controls)

    async def run(self, command: str, *options: str) -> str:
        """A container's node."""
        name = f"c-{secrets.token_hex(4)}"
        started = await asyncio.to_thread(self.podman.run, name, "shop/one:1", command, *options)
        await until(lambda: started.id in self.engines.controlled() and self.state(started.id) == "running")
        return f"{started.id};<container>"

    def state(self, node: str) -> str:
        id_ = node.partition(";")[0]
        return next((one.state for one in self.engines.containers() if one.id == id_), "")

    async def call(self, what: str, node: str, *, read_only: bool = False, **arguments: str) -> Any:
        return await call(self.controls, f"docker_{what}_container", node, read_only=read_only, **arguments)

    async def ran(self, node: str, *command: str, **arguments: str) -> tuple[Ended, bytes]:
        return await ran(self.controls, "docker_exec_container", node, command=json.dumps(command), **arguments)

    def offered(self, node: str) -> set[str]:
        id_ = node.partition(";")[0]
        active = Active(self.controls, self.engines.controlled())
        return {control for one in self.engines.containers() if one.id == id_ for control in active.of_container(one)}


@pytest.fixture
async def shop(podman: Podman, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    monkeypatch.setattr(engines_module, "CRI_SOCKETS", ())
    engines = Engines(Sockets(docker=podman.socket))
    following = asyncio.ensure_future(engines.run(lambda: None))
    yield Shop(podman, engines)
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following


async def test_a_container_offers_what_its_state_allows_and_does_it(shop: Shop) -> None:
    node = await shop.run(WAITS)
    first = shop.podman.inspect(node.partition(";")[0])["State"]["Pid"]
    assert shop.offered(node) == RUNNING
    await shop.call("pause", node)
    await until(lambda: shop.state(node) == "paused")
    assert shop.offered(node) == {"docker_unpause_container", "docker_logs_container"}
    await shop.call("unpause", node)
    await until(lambda: shop.offered(node) == RUNNING)
    await shop.call("restart", node)
    assert shop.podman.inspect(node.partition(";")[0])["State"]["Pid"] != first
    await until(lambda: shop.offered(node) == RUNNING)
    await shop.call("stop", node)
    await until(lambda: shop.offered(node) == STOPPED)
    await shop.call("start", node)
    await until(lambda: shop.offered(node) == RUNNING)
    with pytest.raises(ControlError, match="running"):
        await shop.call("remove", node)
    assert shop.state(node) == "running"
    await shop.call("stop", node)
    assert await shop.call("remove", node) == Removed(node)
    await until(lambda: not shop.state(node))
    assert node.partition(";")[0] not in shop.engines.controlled()


async def test_what_the_engine_refuses_is_said_in_its_words(shop: Shop) -> None:
    node = await shop.run(WAITS)
    with pytest.raises(ControlError, match="is not paused"):
        await shop.call("unpause", node)


@pytest.mark.parametrize("tty", ["true", "false"])
async def test_a_program_in_a_container_has_an_exit_status(shop: Shop, tty: str) -> None:
    node = await shop.run(WAITS)
    how, shown = await shop.ran(node, "sh", "-c", "echo out; echo err >&2; exit 5", tty=tty)
    assert how == Ended(5)
    assert {b"out", b"err"} <= set(shown.split())
    how, shown = await shop.ran(node, "no-such-program", tty=tty)
    assert how.exit_status == 127
    assert b"no-such-program" in shown


async def test_everything_written_in_a_container_arrives(shop: Shop) -> None:
    node = await shop.run(WAITS)
    how, shown = await shop.ran(node, "busybox", "seq", "1", "100000", tty="false")
    assert how == Ended(0)
    assert shown.split() == [b"%d" % number for number in range(1, 100_001)]


async def test_without_a_terminal_input_in_a_container_can_end_before_output(shop: Shop) -> None:
    node = await shop.run(WAITS)
    result = await shop.call("exec", node, command='["busybox", "wc", "-c"]', tty="false")
    assert isinstance(result, Stream)
    async with using(result) as (line, session):
        for _ in range(16):
            line.type(b"x" * 65536)
        line.type(b"")
        assert await ended(session) == Ended(0)
        assert line.shown.strip() == b"1048576"


async def test_a_shell_in_a_container_has_a_terminal(shop: Shop) -> None:
    node = await shop.run(WAITS)
    result = await shop.call("exec", node, term="vt100")
    assert isinstance(result, Terminal)
    async with using(result, Line(Size(90, 20))) as (line, session):
        line.type(b"busybox stty size; echo $TERM $((6 * 7))\n")
        assert b"20 90\r\nvt100 42" in await line.until(b" 42")
        line.resized(55, 11)
        line.type(b"while ! busybox stty size | busybox grep '11 55'; do busybox sleep 0.05; done\n")
        await line.until(b"\n11 55")
        line.type(b"busybox sleep 4242\n")
        await until(_sleeping)
        line.type(b"\x03")
        await until(lambda: not _sleeping())
        line.type(b"exit 9\n")
        assert await ended(session) == Ended(9)


@pytest.mark.parametrize("tty", ["true", "false"])
async def test_what_ran_in_a_container_ends_with_its_pipe(shop: Shop, tty: str) -> None:
    node = await shop.run(WAITS)
    command = json.dumps(["sh", "-c", "echo ready; exec busybox sleep 4242"])
    async with using(await shop.call("exec", node, command=command, tty=tty)) as (line, _):
        await line.until(b"ready")
        await until(_sleeping)
    await until(lambda: not _sleeping())
    assert shop.state(node) == "running"


def _sleeping() -> list[int]:
    return [one.pid for one in psutil.process_iter(["cmdline"]) if "4242" in (one.info["cmdline"] or ())[-1:]]


async def test_whoever_is_attached_sees_and_types(shop: Shop) -> None:
    node = await shop.run("exec sh", "--interactive", "--tty")
    result = await shop.call("attach", node)
    assert isinstance(result, Terminal)
    async with using(result, Line(Size(61, 12))) as (line, _):
        line.type(b"while ! busybox stty size | busybox grep '12 61'; do busybox sleep 0.05; done\n")
        await line.until(b"\n12 61")
    assert shop.state(node) == "running"
    async with using(await shop.call("attach", node)) as (line, session):
        line.type(b"exit 4\n")
        assert await ended(session) == Ended(4)


async def test_every_key_reaches_what_somebody_is_attached_to(shop: Shop) -> None:
    node = await shop.run("exec sh", "--interactive", "--tty")
    async with using(await shop.call("attach", node)) as (line, _):
        line.type(b"busybox stty raw -echo; echo go; busybox dd bs=1 count=2 2>/dev/null | busybox od -An -tx1\n")
        await line.until(b"\ngo")
        line.type(b"\x10\x11")  # by which engines detach, unless they are told others
        await line.until(b"10 11")


async def test_whoever_may_only_read_types_nothing(shop: Shop) -> None:
    node = await shop.run("while read line; do echo got $line; done", "--interactive")
    only = await shop.call("attach", node, read_only=True)
    assert isinstance(only, Stream)
    async with using(only) as (reader, _), using(await shop.call("attach", node)) as (writer, _):
        reader.type(b"forbidden\n")
        writer.type(b"allowed\n")
        assert await writer.until(b"got allowed\n") == b"got allowed\n"
        assert await reader.until(b"got allowed\n") == b"got allowed\n"


async def test_a_log_is_followed_from_its_last_lines(shop: Shop) -> None:
    node = await shop.run("i=0; while [ $i -lt 1500 ]; do i=$((i + 1)); echo $i; done; read x; echo oops >&2", "-i")
    await until(lambda: "1500" in shop.podman.podman("logs", "--tail", "2", node.partition(";")[0]))
    attached, followed = await shop.call("attach", node), await shop.call("logs", node)
    async with using(attached) as (other, _), using(followed) as (line, session):
        shown = await line.until(b"1500\n")
        assert len(shown.splitlines()) == 1_000
        other.type(b"\n")
        assert await ended(session) == Ended(0)
        assert line.shown.endswith(b"1500\noops\n")
    await until(lambda: shop.state(node) == "exited")
    _, shown = await ran(shop.controls, "docker_logs_container", node, timestamps="true")
    assert all(datetime.fromisoformat(line.split()[0].decode()) for line in shown.splitlines())


@pytest.mark.parametrize("node", [f"{'0' * 64};<container>", "host;<host>", "", "../x;<container>"])
async def test_what_no_engine_has_is_refused(shop: Shop, node: str) -> None:
    await until(shop.engines.controlled)
    for what in ("stop", "exec", "remove", "logs", "attach"):
        with pytest.raises(ControlError, match="needs Docker or Podman"):
            await shop.call(what, node)


async def test_an_engine_that_is_away_is_named(shop: Shop, tmp_path: Path) -> None:
    node = await shop.run(WAITS)
    shop.engines.controlled()[node.partition(";")[0]].socket = tmp_path / "nothing"
    with pytest.raises(ControlError, match="docker at"):
        await shop.call("stop", node)


async def test_reports_say_what_can_be_done(shop: Shop) -> None:
    node = await shop.run(WAITS)
    reporters = Reporters("engine-1", engines=shop.engines)
    assert not reporters.report().nodes[node].controls
    controls = Controls()
    reporters.register(controls)
    nodes = reporters.report().nodes
    assert set(nodes[node].controls) == RUNNING
    assert set(nodes["engine-1;<host>"].controls) == {"host_exec"}
    controls.restrict(lambda control: control == "docker_stop_container")
    nodes = reporters.report().nodes
    assert set(nodes[node].controls) == {"docker_stop_container"}
    assert not nodes["engine-1;<host>"].controls


def test_containers_that_only_their_processes_tell_of_offer_nothing() -> None:
    assert not Active(Controls(), {"c2"}).of_container(Container("c1"))


def test_frames_may_come_in_any_pieces() -> None:
    frames = b"".join(
        bytes((stream, 0, 0, 0)) + len(text).to_bytes(4, "big") + text
        for stream, text in ((1, b"out"), (2, b"error" * 100), (1, b""), (1, b"\n"))
    )
    for size in (1, 3, 7, 8, 9, 64, 4096):
        taken = Demultiplexer()
        pieces = [taken.strip(frames[start : start + size]) for start in range(0, len(frames), size)]
        assert b"".join(pieces) == b"out" + b"error" * 100 + b"\n"
