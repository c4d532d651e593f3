"""Replicas as processes, which are killed: what goes through pipes does not notice."""

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from deploy.local.command import free_ports
from pipe.tests import streaming
from pipe.tests.conftest import PATIENCE, Bus
from pipe.tests.test_streaming import LINES, NUMBERS, both
from scope_sdk.pipes import Pipe

_HARD, _SOFT = signal.SIGKILL, signal.SIGTERM


@dataclass
class Process:
    """A replica that is a process."""

    bus: Bus
    port: int
    log: Path
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        environment = {
            **os.environ,
            "LISTEN": f"127.0.0.1:{self.port}",
            "MESH_KEY_FILE": str(self.bus.key),
            "USERS_ADDRESS": self.bus.authority.address,
            "NATS_URL": self.bus.server.url,
            "NATS_NKEY_FILE": str(self.bus.server.nkey_file("pipe")),
            "DRAIN_SECONDS": "5",
        }
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "pipe", env=environment, stdout=log, stderr=log
            )

    async def stop(self, how: signal.Signals) -> int:
        """Ends the process; answers its exit status."""
        assert self.process is not None
        self.process.send_signal(how)
        return await self.process.wait()


@asynccontextmanager
async def running(bus: Bus, folder: Path) -> AsyncIterator[tuple[list[Process], list[grpc.aio.Channel]]]:
    """Two processes that serve, and channels to them."""
    processes = [Process(bus, port, folder / f"pipe-{port}.log") for port in free_ports(2)]
    channels = [grpc.aio.insecure_channel(f"127.0.0.1:{process.port}", streaming.OPTIONS) for process in processes]
    try:
        for process in processes:
            await process.start()
        async with asyncio.timeout(PATIENCE):
            for channel in channels:
                await channel.channel_ready()
        yield processes, channels
    finally:
        for process in processes:
            if process.process is not None and process.process.returncode is None:
                await process.stop(_HARD)
        for channel in channels:
            await channel.close()


@pytest.mark.parametrize("how", [_HARD, _SOFT])
async def test_no_byte_is_lost_or_doubled_when_replicas_are_ended_in_turn(
    bus: Bus, tmp_path: Path, how: signal.Signals
) -> None:
    pipe = await bus.open()
    async with (
        asyncio.timeout(3 * PATIENCE),
        running(bus, tmp_path) as (processes, channels),
        both(bus, pipe, channels, channels, 5) as (user, probe, ways),
    ):

        async def ending() -> None:
            chance = random.Random(5)
            for _ in range(4):
                number = chance.randrange(2)
                status = await processes[number].stop(how)
                assert status == (-_HARD if how == _HARD else 0)
                await processes[number].start()
                await channels[number].channel_ready()

        ends = asyncio.create_task(ending())
        receiving = [asyncio.create_task(streaming.receive(end)) for end in (user, probe)]
        sending = [
            asyncio.create_task(slowly(probe, NUMBERS)),
            asyncio.create_task(slowly(user, LINES)),
        ]
        received = await asyncio.gather(*receiving)
        await asyncio.gather(*sending, ends)
        assert received == [NUMBERS, LINES]
        assert sum(way.attached for way in ways) > 2


async def slowly(pipe: Pipe, data: bytes) -> None:
    """Writes for some three seconds."""
    step = len(data) // 100
    for start in range(0, len(data), step):
        await pipe.write(data[start : start + step])
        await asyncio.sleep(0.03)
    pipe.finish()
