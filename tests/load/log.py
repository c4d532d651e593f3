"""What the report log holds, read with a key that can do no more than read."""

import asyncio
import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import NamedTuple

import nats
import nats.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import ConsumerConfig, DeliverPolicy

from tests.load.target import Target

_TIMEOUT = 10.0
_AGAIN = 0.2  # seconds between the tries to connect, of which there are two: who wants more of them asks again


class Entry(NamedTuple):
    """One report in the log."""

    probe: str
    epoch: int
    number: int


async def stored(target: Target, probes: Collection[str]) -> set[Entry]:
    """Every report of these probes in the log, of any organization. RuntimeError where the log does not answer."""
    found: set[Entry] = set()
    async with _reading(target) as client:
        for stream in await _streams(client):
            found |= await _entries(client.jetstream(timeout=_TIMEOUT), stream)
    return {entry for entry in found if entry.probe in probes}


async def appended(target: Target) -> int:
    """How many reports were ever stored, also those that are not kept any more. Raises like `stored`."""
    async with _reading(target) as client:
        context = client.jetstream(timeout=_TIMEOUT)
        states = [(await context.stream_info(stream)).state for stream in await _streams(client)]
    return sum(state.last_seq for state in states)


@asynccontextmanager
async def _reading(target: Target) -> AsyncIterator[Client]:
    try:
        client = await _connect(target)
        try:
            yield client
        finally:
            await client.close()
    except nats.errors.Error as error:
        raise RuntimeError(f"the report log at {target.nats_url}: {error}") from error


async def _connect(target: Target) -> Client:
    return await nats.connect(
        target.nats_url,
        nkeys_seed=str(target.nats_key),
        inbox_prefix="_INBOX_reader",
        allow_reconnect=False,
        max_reconnect_attempts=1,
        reconnect_time_wait=_AGAIN,
        error_cb=_quiet,
    )


async def _quiet(_: Exception) -> None:
    """What goes wrong is raised; by itself the client would also log it, with a traceback."""


async def _streams(client: Client) -> list[str]:
    answer = await client.request("$JS.API.STREAM.NAMES", b'{"subject":"reports.>"}', timeout=_TIMEOUT)
    return list(json.loads(answer.data).get("streams") or ())


async def _entries(context: JetStreamContext, stream: str) -> set[Entry]:
    """Everything from the stream's start to what is its end now; the headers alone."""
    state = (await context.stream_info(stream)).state
    found: set[Entry] = set()
    if not state.messages:
        return found
    config = ConsumerConfig(deliver_policy=DeliverPolicy.ALL, headers_only=True)
    subscription = await context.subscribe(
        f"{stream.replace('-', '.', 1)}.>", stream=stream, config=config, ordered_consumer=True
    )
    async with asyncio.timeout(_TIMEOUT + state.messages / 1000):
        while True:
            message = await subscription.next_msg(timeout=_TIMEOUT)
            headers = message.headers or {}
            probe = message.subject.split(".")[2]
            found.add(Entry(probe, int(headers["Scope-Epoch"]), int(headers["Scope-Number"])))
            if message.metadata.sequence.stream >= state.last_seq:
                break
    await subscription.unsubscribe()
    return found
