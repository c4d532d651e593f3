"""A pipe is its two ends' alone; to all others there is none."""

import asyncio
import secrets
from typing import Any

import grpc
import pytest

from pipe.tests.conftest import PATIENCE, USER, Bus, Replica
from scope.auth.v1.access_pb2 import Caller
from scope.pipe.v1.messages_pb2 import ClosePipeRequest, GetPipeRequest

_ELSEWHERE = {"organization": "b" * 32}
_PERSON = USER | {"subject": "another", "caller": Caller.CALLER_USER}
STRANGERS: list[dict[str, Any]] = [
    {"subject": "another"},
    _ELSEWHERE,
    {"caller": Caller.CALLER_PROBE, "permissions": ["report.upload"], "credential": "probe:1"},
]


async def attaching(end: Any) -> grpc.aio.AioRpcError:
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await end.hear()
    return refused.value


@pytest.mark.parametrize("claims", STRANGERS)
async def test_to_strangers_a_pipe_is_not_there(bus: Bus, replicas: list[Replica], claims: dict[str, Any]) -> None:
    pipe, none = await bus.open(), secrets.token_hex(16)
    said = []
    for name in (pipe, none):
        error = await attaching(replicas[0].user(name, **claims))
        said.append((error.code(), (error.details() or "").replace(name, "")))
    assert said[0] == said[1]
    assert said[0][0] == grpc.StatusCode.NOT_FOUND


@pytest.mark.parametrize("claims", STRANGERS[:2])
@pytest.mark.parametrize("rpc", ["GetPipe", "ClosePipe"])
async def test_strangers_neither_see_nor_close_it(
    bus: Bus, replicas: list[Replica], rpc: str, claims: dict[str, Any]
) -> None:
    pipe = await bus.open()
    request = GetPipeRequest(id=pipe) if rpc == "GetPipe" else ClosePipeRequest(id=pipe)
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await getattr(replicas[0].stub, rpc)(request, metadata=bus.metadata(rpc, **(USER | claims)))
    assert error.value.code() == grpc.StatusCode.NOT_FOUND
    assert not (await bus.record(pipe)).pipe.HasField("end")


@pytest.mark.parametrize(
    ("probe", "claims"),
    [("probe-2", {}), ("", {}), ("probe-1", _ELSEWHERE), ("probe-1", _PERSON)],
)
async def test_another_probe_has_no_end_of_it(
    bus: Bus, replicas: list[Replica], probe: str, claims: dict[str, Any]
) -> None:
    error = await attaching(replicas[0].probe(await bus.open(), probe, **claims))
    assert error.code() == grpc.StatusCode.NOT_FOUND


async def test_who_lacks_the_permission_is_told_which(bus: Bus, replicas: list[Replica]) -> None:
    error = await attaching(replicas[0].user(await bus.open(), permissions=["report.view"]))
    assert error.code() == grpc.StatusCode.PERMISSION_DENIED
    assert "host.exec" in (error.details() or "")


@pytest.mark.parametrize("pipe", ["", "*", ">", "A" * 32, "a" * 31, "a" * 33, "a" * 31 + "."])
async def test_what_is_no_id_is_refused_by_name(bus: Bus, replicas: list[Replica], pipe: str) -> None:
    error = await attaching(replicas[0].user(pipe))
    assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert "x-scope-pipe-id" in (error.details() or "")


async def test_a_replica_that_leaves_says_so_and_what_is_under_way_goes_on(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[0].probe(pipe) as probe:
        await user.kinds("joined")
        await probe.kinds("joined")
        replicas[0].mesh.draining.set()
        await user.kinds("drain")
        await probe.kinds("drain")
        await user.send(b"still")
        await probe.kinds("data")
        await user.leave()
        assert await user.code() == grpc.StatusCode.OK


async def test_a_reader_is_told_that_it_may_only_read(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open(read_only=True)
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[0].probe(pipe) as probe:
        assert ("x-scope-read-only", "true") in await user.initial_metadata()
        assert "x-scope-read-only" not in dict(await probe.initial_metadata())
