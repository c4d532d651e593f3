"""The replicas of the pipe service, the nearest first."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

import grpc

from authfe.sockets.bridge import Call
from authfe.sockets.frames import FRAME_BYTES
from mesh import replicas
from mesh.background import running
from scope.pipe.v1.messages_pb2 import AttachRequest, AttachResponse

#: How long it is waited for one of them, in seconds.
PATIENCE = 5.0

_ATTACH = "/scope.pipe.v1.PipeService/Attach"
_READY = grpc.ChannelConnectivity.READY
_OPTIONS = (
    *replicas.BALANCED,
    # One that is back is used again soon, and one whose machine is gone is given up soon; the server takes such pings.
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.keepalive_time_ms", 5_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.client_idle_timeout_ms", 2**31 - 1),
    ("grpc.max_receive_message_length", 2 * FRAME_BYTES),
)


class Pipes:
    """Connections to every replica, which are kept."""

    def __init__(self, channels: list[grpc.aio.Channel]) -> None:
        self._channels = channels

    async def attach(self, metadata: Sequence[tuple[str, str]]) -> Call:
        """Attaches an end at the nearest replica that can be reached; raises TimeoutError where none can."""
        channel = await self._nearest()
        attach = channel.stream_stream(_ATTACH, AttachRequest.SerializeToString, AttachResponse.FromString)
        return cast(Call, attach(metadata=grpc.aio.Metadata(*metadata)))

    async def _nearest(self) -> grpc.aio.Channel:
        for channel in self._channels:
            if channel.get_state() == _READY:
                return channel
        waiting = {asyncio.create_task(channel.channel_ready()): channel for channel in self._channels}
        try:
            done, _ = await asyncio.wait(waiting, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        if not done:
            raise TimeoutError
        return waiting[done.pop()]


def connect(address: str) -> grpc.aio.Channel:
    """To the replica at `HOST:PORT`, or to those that the name stands for."""
    return grpc.aio.insecure_channel(replicas.target(address), options=_OPTIONS)


@asynccontextmanager
async def connected(addresses: str) -> AsyncIterator[Pipes]:
    """Connects to `HOST:PORT[,HOST:PORT...]`, and again whenever a connection is lost."""
    channels = [connect(address) for address in addresses.split(",")]
    try:
        async with running(*map(_keep, channels)):
            yield Pipes(channels)
    finally:
        for channel in channels:
            await channel.close()


async def _keep(channel: grpc.aio.Channel) -> None:
    while True:
        state = channel.get_state(try_to_connect=True)
        await channel.wait_for_state_change(state)
