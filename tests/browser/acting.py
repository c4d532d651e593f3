"""A program that reports a host and lets people act on it: controls that answer, refuse and open something."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from scope_sdk import (
    Builder,
    ControlError,
    Controller,
    Controls,
    Ended,
    NodeFacts,
    Pipe,
    Publisher,
    Removed,
    Service,
    Stream,
    Terminal,
    Topology,
    ids,
)
from tests.e2e.client import Mesh, wait_for

NAME = "workshop"
HOST = ids.host_id(NAME)
_HOST = Topology.TOPOLOGY_HOST
_REPORTS_SECONDS = 2.0

controls = Controls()


@controls.control("workshop_open", label="Open", icon="fa fa-terminal", rank=1, topology=_HOST)
async def _open(node_id: str) -> Terminal:
    return Terminal(_shell)


@controls.control(
    "workshop_log", label="Log", icon="fa fa-file-text", rank=2, permission="pod.logs.view", topology=_HOST
)
async def _log(node_id: str) -> Stream:
    return Stream(_lines)


@controls.control("workshop_paint", label="Paint", rank=3, permission="container.pause", topology=_HOST)
async def _paint(node_id: str, *, colour: Literal["red", "blue"] = "blue", coats: int = 2) -> str:
    return f"{colour}, {coats} times"


@controls.control("workshop_lift", label="Lift", rank=4, topology=_HOST)
async def _lift(node_id: str) -> None:
    raise ControlError("it is <b>too heavy</b>")


@controls.control(
    "workshop_scrap", label="Scrap", icon="far fa-trash-alt", confirmation="For good?", rank=5, topology=_HOST
)
async def _scrap(node_id: str) -> Removed:
    return Removed(node_id)


async def _shell(pipe: Pipe) -> Ended:
    """Echoes; the lines `size`, `count` and `exit STATUS` are understood."""
    await pipe.write(b"\x1b[38;2;200;120;0mworkshop\x1b[0m https://example.org/manual\r\n$ ")
    line, total = b"", 0
    while data := await pipe.read():
        total += len(data)
        line += data
        if b"\r" not in line:
            await pipe.write(data[-200:])
            continue
        word, _, rest = line.strip().decode(errors="replace")[-200:].partition(" ")
        line = b""
        if word == "exit":
            return Ended(int(rest))
        size = f"{pipe.size.width}x{pipe.size.height}" if pipe.size else "unknown"
        answers = {"size": f"size is {size}", "count": f"count is {total}"}
        await pipe.write(f"{data.decode(errors='replace')[-200:]}\n{answers.get(word, 'heard ' + word)}\r\n$ ".encode())
    return Ended()


async def _lines(pipe: Pipe) -> Ended:
    await pipe.write(b"first line\nsecond line\n")
    return Ended(message="that was all")


@contextmanager
def acting(mesh: Mesh, token: str) -> Iterator[None]:
    """The program runs, by the token of an organization."""
    service = Service(mesh.url, token)
    leave, connected = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_run(service, leave, connected)))
    thread.start()
    try:
        wait_for(connected.is_set, "the program in reach")
        yield
    finally:
        leave.set()
        thread.join()


async def _run(service: Service, leave: threading.Event, connected: threading.Event) -> None:
    async with (
        Publisher(service, probe_id=NAME) as publisher,
        Controller(service, controls, probe_id=NAME) as controller,
    ):
        while not leave.is_set():
            builder = controls.declare(Builder())
            offered = [one.control for one in controls.offers()]
            builder.add(NodeFacts(_HOST, HOST, label=NAME, controls=offered))
            publisher.publish(builder)
            for _ in range(int(_REPORTS_SECONDS / 0.1)):
                if controller.connected:
                    connected.set()
                if leave.is_set():
                    break
                await asyncio.sleep(0.1)
