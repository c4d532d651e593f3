"""Replicas of a service behind one name: all of them are asked, those that come and none that has gone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import grpc
import pytest

from authfe.sockets import pipes
from mesh import replicas, serve
from mesh.serve import users_channel
from mesh.tests.names import Names, serving_names

SERVICE = "/test.Service"
PATIENCE = 60.0


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    with serving_names() as served:
        monkeypatch.setattr(replicas, "RESOLVER", f"dns://127.0.0.1:{served.port}/")
        yield served


async def replica(host: str, port: int) -> tuple[grpc.aio.Server, int]:
    """One that answers who it is, and says goodbye to connections as our servers do, though much sooner."""

    async def whoami(_request: bytes, _context: object) -> bytes:
        return host.encode()

    async def stay(requests: AsyncIterator[bytes], _context: object) -> AsyncIterator[bytes]:
        async for _ in requests:
            yield host.encode()

    options = [
        (name, 1_000 if name == "grpc.max_connection_age_ms" else value) for name, value in serve._SERVER_OPTIONS
    ]
    server = grpc.aio.server(options=options)
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        "Whoami": grpc.unary_unary_rpc_method_handler(whoami),
        "Stay": grpc.stream_stream_rpc_method_handler(stay),
    }
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("test.Service", handlers)])
    bound = server.add_insecure_port(f"{host}:{port}")
    await server.start()
    return server, bound


async def asked(channel: grpc.aio.Channel, expected: set[str]) -> None:
    """Returns when exactly those are asked, in turns."""
    whoami: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"{SERVICE}/Whoami")
    async with asyncio.timeout(PATIENCE):
        while True:
            answers = Counter([(await whoami(b"", wait_for_ready=True)).decode() for _ in range(12)])
            if set(answers) == expected and min(answers.values()) >= 12 // len(expected) - 1:
                return
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("who", ["users", "pipe"])
async def test_all_that_a_name_stands_for_are_asked_in_turns_new_ones_too(names: Names, who: str) -> None:
    names.addresses = ["127.0.0.2"]
    first, port = await replica("127.0.0.2", 0)
    second, _ = await replica("127.0.0.3", port)
    name = f"{who}.test:{port}"
    async with users_channel(name) if who == "users" else pipes.connect(name) as channel:
        await asked(channel, {"127.0.0.2"})
        stream: grpc.aio.StreamStreamCall[bytes, bytes] = channel.stream_stream(f"{SERVICE}/Stay")()
        names.addresses.append("127.0.0.3")
        await asked(channel, {"127.0.0.2", "127.0.0.3"})
        await stream.write(b"")
        assert await stream.read() == b"127.0.0.2"  # it stayed on the connection that nothing else is sent by
        names.addresses.remove("127.0.0.2")
        await first.stop(0)
        await asked(channel, {"127.0.0.3"})
    await second.stop(0)


@pytest.mark.parametrize(
    ("addresses", "target"),
    [
        ("127.0.0.1:1", "ipv4:127.0.0.1:1"),
        ("127.0.0.1:1,127.0.0.2:2", "ipv4:127.0.0.1:1,127.0.0.2:2"),
        ("[::1]:1,[::2]:2", "ipv6:[::1]:1,[::2]:2"),
        ("users:9000", "dns:///users:9000"),
    ],
)
def test_addresses_are_numbers_or_one_name(addresses: str, target: str) -> None:
    assert replicas.target(addresses) == target


@pytest.mark.parametrize("addresses", ["users-0:1,users-1:1", "127.0.0.1:1,users:1", "127.0.0.1:1,[::1]:1"])
def test_what_grpc_cannot_connect_to_is_refused(addresses: str) -> None:
    with pytest.raises(ValueError, match="one name, or of one or more numeric addresses"):
        replicas.target(addresses)
