"""What is behind the edge gives nothing away to whoever reaches it around the edge."""

import asyncio
import socket
from typing import Any

import grpc
import nats
import pytest

from mesh.contracts import rpcs, service_of
from tests.e2e.client import Mesh

#: What each process serves.
SERVED = {name: f"scope.{name}.v1." for name in ("users", "collection", "query", "control", "pipe")}


def raw_call(channel: grpc.aio.Channel, rpc: str, metadata: tuple[tuple[str, str], ...]) -> Any:
    method = rpcs()[rpc]
    if method.client_streaming and method.server_streaming:
        return channel.stream_stream(rpc)(metadata=metadata, timeout=60)
    if method.server_streaming:
        return channel.unary_stream(rpc)(b"", metadata=metadata, timeout=60)
    return channel.unary_unary(rpc)(b"", metadata=metadata, timeout=60)


async def code_of(channel: grpc.aio.Channel, rpc: str, metadata: tuple[tuple[str, str], ...]) -> grpc.StatusCode:
    code: grpc.StatusCode = await raw_call(channel, rpc, metadata).code()
    return code


@pytest.mark.parametrize("name", SERVED)
async def test_every_rpc_of_a_service_port_is_unauthenticated_around_the_edge(mesh: Mesh, name: str) -> None:
    token = mesh.local()["api_token"]
    attempts = (
        (),
        (("authorization", f"Bearer {token}"),),
        (("authorization", f"Mesh {token}"),),
        (("x-scope-identity", "eyJhbGciOiJub25lIn0.e30."),),
    )
    for process in mesh.processes(name):
        async with grpc.aio.insecure_channel(process["grpc"]) as channel:
            served = [rpc for rpc in rpcs() if service_of(rpc).startswith(SERVED[name])]
            assert served
            for rpc in served:
                for metadata in attempts:
                    assert await code_of(channel, rpc, metadata) == grpc.StatusCode.UNAUTHENTICATED, (rpc, metadata)


def nats_url(mesh: Mesh) -> str:
    settings = dict(line.split("=", 1) for line in (mesh.data / "users.env").read_text().splitlines() if "=" in line)
    assert "NATS_URL" not in settings
    for line in (mesh.data / "nats" / "nats.json").read_text().splitlines():
        if '"listen"' in line:
            return "nats://" + line.split('"')[3]
    raise AssertionError("the bus's configuration has no address")


def test_the_bus_refuses_who_has_no_key(mesh: Mesh) -> None:
    host, port = nats_url(mesh).removeprefix("nats://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection, connection.makefile("rb") as answers:
        assert b'"auth_required":true' in answers.readline()
        connection.sendall(b"CONNECT {}\r\nPING\r\n")
        assert answers.readline() == b"-ERR 'Authorization Violation'\r\n"
        assert answers.readline() == b""


@pytest.mark.parametrize("name", ["query", "reader"])
async def test_a_readers_key_cannot_publish_a_report(mesh: Mesh, name: str) -> None:
    refused: list[str] = []

    async def on_error(error: Exception) -> None:
        refused.append(str(error))

    seed = mesh.data / "secrets" / f"nats-{name}.nk"
    client = await nats.connect(
        nats_url(mesh), nkeys_seed=str(seed), inbox_prefix=f"_INBOX_{name}", error_cb=on_error, allow_reconnect=False
    )
    await client.publish("reports.anybody.probe.full", b"x")
    await client.flush()
    async with asyncio.timeout(60):
        while not refused:
            await asyncio.sleep(0.01)
    assert "ermissions" in refused[0]
    await client.close()


def test_secrets_are_for_their_owner_only(mesh: Mesh) -> None:
    assert (mesh.data / "local.json").stat().st_mode & 0o777 == 0o600
    assert (mesh.data / "users.env").stat().st_mode & 0o777 == 0o600
    assert (mesh.data / "secrets").stat().st_mode & 0o777 == 0o700
    for file in (mesh.data / "secrets").iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_no_log_has_a_secret(mesh: Mesh) -> None:
    local = mesh.local()
    mesh.api().get("/api/topology")
    secrets = [local["api_token"], local["service_token"], local["login_url"].rpartition("/")[2]]
    logs = list((mesh.data / "logs").iterdir())
    assert logs
    for log in logs:
        content = log.read_text(errors="replace")
        for secret in secrets:
            assert secret not in content, log
