"""What becomes of those who wait for an answer of the bus when it goes away."""

import asyncio
import os
import secrets
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import nats.errors
import pytest
from structlog.testing import capture_logs

from mesh import bus
from mesh.settings import Settings

if TYPE_CHECKING:
    from conftest import NatsServer


@pytest.fixture
def settings(nats_server: "NatsServer", tmp_path: Path) -> Settings:
    key = tmp_path / "mesh.key"
    key.write_text(secrets.token_hex(32))
    return Settings(
        listen="127.0.0.1:0",
        mesh_key_file=key,
        users_address="127.0.0.1:1",
        nats_url=nats_server.url,
        nats_nkey_file=nats_server.nkey_file("collection"),
    )


def stand_still(nats_server: "NatsServer") -> None:
    """The bus says nothing more when this returns."""
    os.kill(nats_server.pid, signal.SIGSTOP)
    os.waitpid(nats_server.pid, os.WUNTRACED)


async def test_who_was_not_answered_when_it_went_away_is_told_at_once(
    nats_server: "NatsServer", settings: Settings
) -> None:
    client = await bus.connect("collection", settings)
    stand_still(nats_server)
    asked = asyncio.ensure_future(client.request("$JS.API.INFO", timeout=3600))
    while not client._resp_map:
        await asyncio.sleep(0)
    nats_server.kill()
    with pytest.raises(nats.errors.ConnectionClosedError):
        await asked
    await bus.close(client)


async def test_who_stops_waiting_leaves_nothing_behind_and_an_answer_too_late_goes_nowhere(
    nats_server: "NatsServer", settings: Settings
) -> None:
    client = await bus.connect("collection", settings)
    stand_still(nats_server)
    asked = [asyncio.create_task(client.request("$JS.API.INFO", timeout=wait)) for wait in (0.01, 3600)]
    with pytest.raises(nats.errors.TimeoutError):
        await asked[0]
    asked[1].cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked[1]
    assert client._resp_map == {}
    os.kill(nats_server.pid, signal.SIGCONT)
    answers = await asyncio.gather(*[client.request("$JS.API.INFO", timeout=30) for _ in range(3)])
    assert all(answer.data for answer in answers)
    await bus.close(client)


async def test_who_was_leaving_a_subscription_has_left_it_before_it_is_back(
    nats_server: "NatsServer", settings: Settings
) -> None:
    client = await bus.connect("collection", settings)
    subscription = await client.subscribe("_INBOX_collection.left")
    await bus.flush(client)
    stand_still(nats_server)
    leaving = asyncio.create_task(bus.leave(client, subscription))
    while not client._pongs:
        await asyncio.sleep(0)
    nats_server.kill()
    await asyncio.wait_for(leaving, 5)  # it would be subscribed again
    assert subscription._id not in client._subs
    await bus.close(client)


async def test_who_leaves_does_not_say_that_it_is_away(settings: Settings) -> None:
    with capture_logs() as logs:
        await bus.close(await bus.connect("collection", settings))
    assert logs == []
