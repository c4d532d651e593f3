"""Controls of a program of the SDK and the pipes that they open, through a mesh with two replicas of everything."""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Literal, TypeVar
from urllib.parse import quote

import pytest

from scope.pipe.v1.messages_pb2 import EndReason
from scope_sdk import (
    Builder,
    ControlError,
    Controller,
    Controls,
    Ended,
    NodeFacts,
    Pipe,
    PipeEnded,
    Publisher,
    Service,
    Stream,
    Terminal,
    Topology,
    attach,
    ids,
)
from tests.e2e.client import PATIENCE, Answer, Mesh, wait_for

NODE = ids.host_id("acted upon")
T = TypeVar("T")


async def until(get: Callable[[], T | None], what: str) -> T:
    return await asyncio.to_thread(wait_for, get, what)


def invoke(mesh: Mesh, probe: str, control: str, **arguments: str) -> Answer:
    return mesh.api().post(f"/api/control/{probe}/{quote(NODE, safe='')}/{control}", arguments)


async def opened(mesh: Mesh, probe: str, control: str) -> str:
    """The id of the pipe that a control opens."""
    answer = await asyncio.to_thread(invoke, mesh, probe, control)
    assert answer.status == 200, answer
    return str(answer.json()["pipe"])


@asynccontextmanager
async def program(mesh: Mesh, controls: Controls, probe: str = "program") -> AsyncIterator[Controller]:
    """A program that offers controls, and can be called."""
    service = Service(mesh.url, mesh.local()["service_token"])
    async with asyncio.timeout(4 * PATIENCE), Controller(service, controls, probe_id=probe) as controller:
        await until(lambda: controller.connected, f"the program connected ({controller.problem})")
        yield controller


def person(mesh: Mesh) -> Service:
    return Service(mesh.url, mesh.local()["api_token"])


async def read_all(pipe: Pipe) -> bytes:
    read = bytearray()
    while data := await pipe.read():
        read += data
    return bytes(read)


def kill(mesh: Mesh, name: str) -> None:
    """Kills every replica of a process, one after the other; waits until each is back."""
    for process in mesh.processes(name):
        os.kill(process["pid"], signal.SIGKILL)
        deaths = process["deaths"]
        replica = process["replica"]
        wait_for(
            lambda replica=replica, deaths=deaths: any(
                now["replica"] == replica and now["deaths"] > deaths for now in mesh.processes(name)
            ),
            f"{name} back",
        )


@pytest.mark.timeout(600)
async def test_what_a_node_offers_can_be_done_to_it(mesh: Mesh) -> None:
    controls = Controls()

    @controls.control("paint", label="Paint", topology=Topology.TOPOLOGY_HOST, permission="container.restart")
    async def paint(node_id: str, *, colour: Literal["red", "blue"] = "red") -> str:
        return f"{node_id} is {colour}"

    @controls.control("refuse", topology=Topology.TOPOLOGY_HOST)
    async def refuse(node_id: str) -> None:
        raise ControlError("not on a Sunday")

    service = Service(mesh.url, mesh.local()["service_token"])
    host = NodeFacts(Topology.TOPOLOGY_HOST, NODE, "acted upon", controls=["paint"])
    async with program(mesh, controls), Publisher(service, probe_id="program") as publisher:
        assert await publisher.publish(controls.declare(Builder()).add(host))
        path = f"/api/topology/hosts/{quote(NODE, safe='')}"
        node = await until(lambda: (seen := mesh.api().get(path)).status == 200 and seen.json()["node"], "the node")
        (offered,) = node["controls"]
        assert (offered["id"], offered["human"], offered["probeId"]) == ("paint", "Paint", "program")
        assert offered["permission"] == "container.restart"
        assert offered["arguments"][0]["choices"] == ["red", "blue"]

        painted = await asyncio.to_thread(invoke, mesh, "program", "paint", colour="blue")
        assert (painted.status, painted.json()["value"]) == (200, f"{NODE} is blue")
        for control, arguments, status, words in [
            ("paint", {"colour": "green"}, 409, "the argument colour must be one of red, blue"),
            ("refuse", {}, 409, "not on a Sunday"),
            ("fly", {}, 404, ""),
        ]:
            answer = await asyncio.to_thread(invoke, mesh, "program", control, **arguments)
            assert answer.status == status, answer
            assert words in answer.json()["message"]
        assert (await asyncio.to_thread(invoke, mesh, "nobody", "paint")).status == 503


async def echo(pipe: Pipe) -> Ended:
    while data := await pipe.read():
        await pipe.write(data)
    return Ended(3, "said back")


@pytest.mark.timeout(600)
async def test_what_goes_through_a_pipe_arrives_whole_both_ways(mesh: Mesh) -> None:
    controls = Controls()

    @controls.control("echo", topology=Topology.TOPOLOGY_HOST)
    async def open_echo(node_id: str) -> Terminal:
        return Terminal(echo)

    pasted = bytes(itertools.islice(itertools.cycle(range(251)), 10_000_000))
    async with program(mesh, controls), attach(person(mesh), await opened(mesh, "program", "echo")) as user:

        async def paste() -> None:
            await user.write(pasted)
            user.finish()

        pasting = asyncio.create_task(paste())
        assert await read_all(user) == pasted
        await pasting
        end = await user.wait_ended()
        assert (end.reason, end.exit_status, end.message) == (EndReason.END_REASON_EXITED, 3, "said back")


@pytest.mark.parametrize("own_mesh", ["2"], indirect=True)
@pytest.mark.timeout(900)
async def test_nothing_is_lost_or_doubled_whatever_is_killed(own_mesh: Mesh) -> None:
    controls, enough, said = Controls(), asyncio.Event(), bytearray()

    async def count(pipe: Pipe) -> Ended:
        for number in itertools.count(1):
            line = b"".join(b"%d\n" % each for each in range(1_000 * number, 1_000 * (number + 1)))
            said.extend(line)
            await pipe.write(line)
            await asyncio.sleep(0.01)
            if enough.is_set():
                return Ended(number % 100)
        raise AssertionError

    @controls.control("count", topology=Topology.TOPOLOGY_HOST)
    async def open_count(node_id: str) -> Stream:
        return Stream(count)

    mesh = own_mesh
    async with program(mesh, controls), attach(person(mesh), await opened(mesh, "program", "count")) as user:
        reading = asyncio.create_task(read_all(user))
        for name in ("pipe", "control", "envoy", "nats", "pipe", "users"):
            before = len(said)
            await asyncio.to_thread(kill, mesh, name)
            await until(lambda before=before: len(said) > before + 2_000_000 or reading.done(), f"more after {name}")
            assert not reading.done(), (user.ended, name)
        enough.set()
        assert await reading == said
        assert (await user.wait_ended()).reason == EndReason.END_REASON_EXITED

    # The probe has connected anew meanwhile, and can be called again.
    async with program(mesh, controls), attach(person(mesh), await opened(mesh, "program", "count")) as user:
        assert await user.read()


@pytest.mark.timeout(600)
async def test_a_pipe_that_is_closed_ends_its_session_and_a_session_that_stops_its_pipe(mesh: Mesh) -> None:
    controls, ended = Controls(), asyncio.Event()

    async def wait(pipe: Pipe) -> Ended:
        try:
            await pipe.write(b"began")
            await asyncio.Event().wait()
        finally:
            ended.set()
        return Ended()

    @controls.control("wait", topology=Topology.TOPOLOGY_HOST)
    async def open_wait(node_id: str) -> Terminal:
        return Terminal(wait)

    async with program(mesh, controls):
        pipe = await opened(mesh, "program", "wait")
        async with attach(person(mesh), pipe) as user:
            assert await user.read() == b"began"
            answer = await asyncio.to_thread(mesh.api().call, "DELETE", f"/api/pipe/{pipe}")
            assert answer.status == 200, answer
            assert (await user.wait_ended()).reason == EndReason.END_REASON_CLOSED
        await ended.wait()
        async with attach(person(mesh), pipe) as user:
            with pytest.raises(PipeEnded, match="closed"):
                await user.read()

    async with AsyncExitStack() as stack:
        async with program(mesh, controls):
            user = await stack.enter_async_context(attach(person(mesh), await opened(mesh, "program", "wait")))
            assert await user.read() == b"began"
        assert (await user.wait_ended()).message == "the probe stops"
