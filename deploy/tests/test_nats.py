"""NATS as the mesh runs it: who may connect, what each key may do, and what outlives the server's death."""

import asyncio
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nats
import nats.errors
import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import StreamConfig

from deploy.local.files import read_json
from mesh.limits import MESSAGE_BYTES

if TYPE_CHECKING:
    from conftest import NatsServer

STREAM = "reports-0123"
SUBJECT = "reports.0123.probe.full"
PATIENCE = 30


async def ignore(error: Exception) -> None:
    """A refusal is what these tests look for elsewhere."""


async def connect(server: "NatsServer", name: str, inbox: str | None = None) -> Client:
    return await nats.connect(
        server.url,
        nkeys_seed=str(server.nkey_file(name)),
        inbox_prefix=(inbox or f"_INBOX_{name}").encode(),
        allow_reconnect=False,
        error_cb=ignore,
        connect_timeout=PATIENCE,
    )


async def make_stream(client: Client) -> None:
    await client.jetstream(timeout=PATIENCE).add_stream(
        StreamConfig(name=STREAM, subjects=["reports.0123.>"], max_bytes=1 << 20, allow_direct=True)
    )


async def refused(client: Client, subject: str, payload: bytes = b"") -> str:
    """The server's complaint about a publication; fails when there is none."""
    complaint = complained(client)
    await client.publish(subject, payload)
    await client.flush()
    return await asyncio.wait_for(complaint, PATIENCE)


async def refused_to_listen(client: Client, subject: str, queue: str = "") -> str:
    """The server's complaint about a subscription; fails when there is none."""
    complaint = complained(client)
    await client.subscribe(subject, queue)
    await client.flush()
    return await asyncio.wait_for(complaint, PATIENCE)


def complained(client: Client) -> asyncio.Future[str]:
    """The server's next complaint."""
    complaint: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def complain(error: Exception) -> None:
        if not complaint.done():
            complaint.set_result(str(error))

    client._error_cb = complain
    return complaint


async def assert_refused(server: "NatsServer", seed: str | None = None) -> None:
    client = Client()
    with pytest.raises((nats.errors.Error, ConnectionError), match=r"(?i)authorization"):
        await client.connect(
            server.url, allow_reconnect=False, error_cb=ignore, nkeys_seed=seed, connect_timeout=PATIENCE
        )
    # The client leaves the socket of a refused connection open.
    transport: Any = client._transport
    transport.close()


async def test_without_a_key_nobody_gets_in(nats_server: "NatsServer") -> None:
    await assert_refused(nats_server)


async def test_an_unknown_key_is_refused(nats_server: "NatsServer", tmp_path: Path) -> None:
    stranger = type(nats_server)(tmp_path / "elsewhere")
    await assert_refused(nats_server, seed=str(stranger.nkey_file("collection")))


@pytest.mark.parametrize("name", ["query", "reader"])
async def test_those_who_read_cannot_write(nats_server: "NatsServer", name: str) -> None:
    writer = await connect(nats_server, "collection")
    await make_stream(writer)
    await writer.jetstream(timeout=PATIENCE).publish(SUBJECT, b"report")
    client = await connect(nats_server, name)
    log = client.jetstream(timeout=PATIENCE)
    forbidden = [
        SUBJECT,
        f"$JS.API.STREAM.CREATE.{STREAM}x",
        f"$JS.API.STREAM.DELETE.{STREAM}",
        f"$JS.API.STREAM.PURGE.{STREAM}",
    ]
    for subject in [
        *forbidden,
        f"$JS.API.STREAM.UPDATE.{STREAM}",
        f"_INBOX_collection.{name}",
        "_INBOX_query.x",
        "anything",
    ]:
        assert "permissions violation" in (await refused(client, subject)).lower()
    info = await log.stream_info(STREAM)
    assert info.state.messages == 1
    assert (await log.get_last_msg(STREAM, SUBJECT, direct=True)).data == b"report"
    subscription = await log.subscribe("reports.0123.>", stream=STREAM, ordered_consumer=True)
    assert (await subscription.next_msg(PATIENCE)).data == b"report"
    await client.close()
    await writer.close()


@pytest.mark.parametrize(
    ("name", "subject"), [("collection", "_INBOX_query.>"), ("query", "_INBOX_collection.>"), ("query", "reports.>")]
)
async def test_nobody_listens_to_what_is_anothers(nats_server: "NatsServer", name: str, subject: str) -> None:
    client = await connect(nats_server, name)
    assert "permissions violation" in (await refused_to_listen(client, subject)).lower()
    await client.close()


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("collection", "$JS.API.STREAM.CREATE.audit"),
        ("collection", "$JS.API.STREAM.UPDATE.audit"),
        ("collection", "$JS.API.STREAM.MSG.GET.audit"),
        ("collection", "$JS.API.DIRECT.GET.audit.audit.control"),
        ("collection", "audit.control"),
        ("collection", "$JS.API.STREAM.CREATE.KV_pipes"),
        ("collection", "$JS.API.STREAM.UPDATE.KV_pipes"),
        ("collection", "$JS.API.STREAM.MSG.GET.KV_pipes"),
        ("collection", "$JS.API.DIRECT.GET.KV_pipes.$KV.pipes.x"),
        ("query", "$JS.API.CONSUMER.CREATE.KV_pipes.x.$KV.pipes.x"),
        ("reader", "$JS.API.DIRECT.GET.KV_pipes"),
        ("users", "$JS.API.STREAM.DELETE.KV_pipes"),
        ("query", "$JS.API.CONSUMER.CREATE.audit"),
        ("query", "$JS.API.CONSUMER.CREATE.audit.x.audit.control"),
        ("query", "$JS.API.CONSUMER.MSG.NEXT.audit.users"),
        ("query", "$JS.API.CONSUMER.DELETE.audit.users"),
        ("reader", "$JS.API.STREAM.INFO.audit"),
        ("reader", "$JS.API.DIRECT.GET.audit"),
        ("users", "$JS.API.STREAM.DELETE.audit"),
        ("users", "$JS.API.STREAM.PURGE.audit"),
        ("users", f"$JS.API.STREAM.UPDATE.{STREAM}"),
        ("users", "audit.control"),
        ("users", SUBJECT),
        ("users", f"$JS.API.STREAM.CREATE.{STREAM}"),
        ("users", f"$JS.API.DIRECT.GET.{STREAM}"),
        ("control", "audit.users"),
        ("control", "$JS.API.CONSUMER.MSG.NEXT.audit.users"),
        ("control", "$JS.API.STREAM.INFO.audit"),
        ("control", "$JS.API.STREAM.PURGE.audit"),
    ],
)
async def test_streams_that_are_not_of_reports_are_for_those_who_keep_them_and_users_for_little_else(
    nats_server: "NatsServer", name: str, subject: str
) -> None:
    client = await connect(nats_server, name)
    assert "permissions violation" in (await refused(client, subject)).lower()
    await client.close()


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("control", SUBJECT),
        ("control", "pipes.0123.user.frames"),
        ("control", "_INBOX_pipe.x"),
        ("control", "$JS.API.DIRECT.GET.KV_pipes.$KV.pipes.x"),
        ("control", "$JS.API.STREAM.MSG.GET.KV_pipes"),
        ("control", "$JS.API.STREAM.DELETE.KV_pipes"),
        ("collection", "controls.0123.probe.calls"),
        ("query", "controls.0123.probe.notices"),
        ("users", "controls.0123.probe.calls"),
        ("pipe", "controls.0123.probe.calls"),
        ("pipe", "_INBOX_control.x.y"),
    ],
)
async def test_calls_are_brought_by_control_which_does_little_else(
    nats_server: "NatsServer", name: str, subject: str
) -> None:
    client = await connect(nats_server, name)
    assert "permissions violation" in (await refused(client, subject)).lower()
    await client.close()


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("pipe", SUBJECT),
        ("pipe", "audit.control"),
        ("pipe", "_INBOX_pipe.x"),
        ("pipe", "$JS.API.STREAM.DELETE.KV_pipes"),
        ("pipe", "$JS.API.STREAM.UPDATE.KV_pipes"),
        ("pipe", "$JS.API.STREAM.PURGE.KV_pipes"),
        ("pipe", "$JS.API.STREAM.INFO.KV_pipes"),
        ("pipe", "$JS.API.CONSUMER.CREATE.KV_pipes"),
        ("pipe", f"$JS.API.DIRECT.GET.{STREAM}"),
        ("collection", "pipes.0123.user.frames"),
        ("query", "pipes.0123.probe.notices"),
        ("users", "$KV.pipes.0123"),
        ("reader", "$KV.pipes.0123"),
    ],
)
async def test_ends_of_pipes_are_joined_by_pipe_which_does_nothing_else(
    nats_server: "NatsServer", name: str, subject: str
) -> None:
    client = await connect(nats_server, name)
    assert "permissions violation" in (await refused(client, subject)).lower()
    await client.close()


@pytest.mark.parametrize("name", ["collection", "control", "query", "reader", "users"])
async def test_what_goes_through_pipes_is_heard_by_pipe_only(nats_server: "NatsServer", name: str) -> None:
    client = await connect(nats_server, name)
    assert "permissions violation" in (await refused_to_listen(client, "pipes.*.*.frames", "")).lower()
    await client.close()


@pytest.mark.parametrize(
    ("name", "subject", "queue"),
    [
        ("control", "controls.*.*.calls", ""),
        ("control", "controls.0123.probe.calls", "another"),
        ("control", "audit.control", ""),
        ("control", "_INBOX_pipe.>", ""),
        ("pipe", "controls.0123.probe.calls", "holder"),
        ("query", "_INBOX_control.>", ""),
        ("reader", "controls.>", ""),
    ],
)
async def test_calls_are_heard_by_one_holder_only(
    nats_server: "NatsServer", name: str, subject: str, queue: str
) -> None:
    client = await connect(nats_server, name)
    assert "permissions violation" in (await refused_to_listen(client, subject, queue)).lower()
    await client.close()


async def test_control_hears_calls_as_one_of_the_holders(nats_server: "NatsServer") -> None:
    client = await connect(nats_server, "control")
    subscription = await client.subscribe("controls.0123.probe.calls", queue="holder")
    await client.publish("controls.0123.probe.calls", b"call")
    assert (await subscription.next_msg(PATIENCE)).data == b"call"
    await client.close()


async def test_users_deletes_the_log_of_an_organization(nats_server: "NatsServer") -> None:
    writer, users = await connect(nats_server, "collection"), await connect(nats_server, "users")
    await make_stream(writer)
    assert await users.jetstream().delete_stream(STREAM)
    for client in (writer, users):
        await client.close()


async def test_what_was_acknowledged_outlives_a_kill(nats_server: "NatsServer") -> None:
    client = await connect(nats_server, "collection")
    await make_stream(client)
    body = b"x" * 1000
    for number in range(100):
        await client.jetstream(timeout=PATIENCE).publish(SUBJECT, body, headers={"Nats-Msg-Id": f"probe:1:{number}"})
    nats_server.kill()
    nats_server.start()
    await client.close()
    client = await connect(nats_server, "collection")
    assert (await client.jetstream(timeout=PATIENCE).stream_info(STREAM)).state.messages == 100
    assert (
        await client.jetstream(timeout=PATIENCE).publish(SUBJECT, body, headers={"Nats-Msg-Id": "probe:1:99"})
    ).duplicate
    await client.close()


async def test_a_report_of_the_greatest_size_fits(nats_server: "NatsServer") -> None:
    client = await connect(nats_server, "collection")
    assert client.max_payload == MESSAGE_BYTES
    received: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def receive(message: Msg) -> None:
        received.set_result(len(message.data))

    await client.subscribe("_INBOX_collection.>", cb=receive)
    await client.jetstream(timeout=PATIENCE).add_stream(StreamConfig(name=STREAM, subjects=["reports.0123.>"]))
    await client.publish(SUBJECT, bytes(MESSAGE_BYTES - 1024), reply="_INBOX_collection.acknowledged")
    assert await asyncio.wait_for(received, PATIENCE) > 0
    await client.close()


def test_keys_and_configuration_are_private_and_bounded(nats_server: "NatsServer", tmp_path: Path) -> None:
    names = ("collection", "control", "pipe", "query", "reader", "users")
    for name in names:
        assert stat.S_IMODE(nats_server.nkey_file(name).stat().st_mode) == 0o600
    assert stat.S_IMODE(nats_server.nkey_file("query").parent.stat().st_mode) == 0o700
    configuration = read_json(tmp_path / "nats" / "nats.json")
    assert 0 < configuration["jetstream"]["max_file_store"] < 2**50
    assert "http" not in configuration
    assert len(configuration["authorization"]["users"]) == len(names)
