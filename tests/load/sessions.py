"""The probe of mode `pipe`: sessions that cost as little as they can, and one at a real terminal."""

import asyncio
import os
import random
from functools import partial

from scope.report.v1.topology_pb2 import Topology
from scope_probe.controls.exec import SIZE, relay
from scope_probe.controls.pty import Command, running
from scope_sdk import Controller, Controls, Service
from scope_sdk.controls import Ended, Terminal
from scope_sdk.pipes import Pipe
from tests.load.target import Target

ECHO = "load_echo"
"""Says what it hears, without a terminal."""

CAT = "load_cat"
"""The same by `cat` at a terminal."""

FLOOD = "load_flood"
"""Says `content` without end, `size` bytes at a time."""

GREETING = b"$"
"""What ECHO and CAT say first."""

# Prime, so that no frame can be taken for another one.
_PERIOD = 65_521
_CONTENT = random.Random(_PERIOD).randbytes(_PERIOD) * 3

_CAT = ("/bin/sh", "-c", f"stty raw -echo; printf '{GREETING.decode()}'; exec cat")


def content(offset: int, size: int) -> bytes:
    """What FLOOD says from a byte on, 128 KiB at most."""
    start = offset % _PERIOD
    return _CONTENT[start : start + size]


def serve(target: Target, probe: str) -> None:
    """Takes calls of the three controls until the process is ended."""
    # As the probe runs: uvloop starts programs in a copy of the process, which gRPC's threads do not survive.
    asyncio.run(_serve(target, probe))


async def _serve(target: Target, probe: str) -> None:
    service = Service(target.url, target.service_token, ca_file=target.ca_file)
    async with Controller(service, _controls(), probe_id=probe):
        await asyncio.Event().wait()


def _controls() -> Controls:
    controls = Controls()
    a_control = partial(controls.control, permission="report.view", topology=Topology.TOPOLOGY_HOST)

    @a_control(ECHO)
    async def echo(_: str) -> Terminal:
        return Terminal(_echo)

    @a_control(CAT)
    async def cat(_: str) -> Terminal:
        return Terminal(_cat)

    @a_control(FLOOD)
    async def flood(_: str, *, size: int) -> Terminal:
        return Terminal(partial(_flood, size))

    return controls


async def _echo(pipe: Pipe) -> Ended:
    await pipe.write(GREETING)
    while typed := await pipe.read():
        await pipe.write(typed)
    return Ended()


async def _cat(pipe: Pipe) -> Ended:
    async with running(Command(_CAT, dict(os.environ)), SIZE) as program:
        return await relay(pipe, program)


async def _flood(size: int, pipe: Pipe) -> Ended:
    offset = 0
    while True:
        await pipe.write(content(offset, size))
        offset += size
