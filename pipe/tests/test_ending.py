"""A pipe ends once, for one reason, which both ends hear and the record keeps."""

import asyncio
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from mesh.tests.authority import somebody
from pipe.frames import CREDIT
from pipe.tests.conftest import PATIENCE, USER, Bus, Replica, until
from scope.pipe.v1.messages_pb2 import Ack, ClosePipeRequest, Data, EndReason, GetPipeRequest, GetPipeResponse, Resize
from scope.pipe.v1.messages_pb2 import End as Ended

_OTHER = pytest.mark.parametrize("other", [0, 1])
_SOON: dict[str, Any] = {"orphaned_after": 0.5}


async def get(replica: Replica, pipe: str, **claims: Any) -> GetPipeResponse:
    metadata = replica.bus.metadata("GetPipe", **(USER | claims))
    answer: GetPipeResponse = await replica.stub.GetPipe(GetPipeRequest(id=pipe), metadata=metadata)
    return answer


async def close(replica: Replica, pipe: str, **claims: Any) -> None:
    metadata = replica.bus.metadata("ClosePipe", **(USER | claims))
    await replica.stub.ClosePipe(ClosePipeRequest(id=pipe), metadata=metadata)


async def refused(replica: Replica, pipe: str) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await replica.user(pipe).hear()
    return error.value


@_OTHER
async def test_an_end_passes_and_is_kept_and_the_pipe_is_over_once_it_was_answered(
    bus: Bus, replicas: list[Replica], other: int
) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[other].probe(pipe) as probe:
        await user.kinds("joined")
        await probe.say(end=Ended(reason=EndReason.END_REASON_EXITED, exit_status=3, sent=10))
        [heard] = await user.kinds("end")
        assert (heard.end.exit_status, heard.end.sent) == (3, 10)
        while not (await bus.record(pipe)).pipe.HasField("end"):
            await asyncio.sleep(0.01)
        assert not (await bus.record(pipe)).over
        await user.say(end=Ended(reason=EndReason.END_REASON_CLOSED, sent=4))
        while not (await bus.record(pipe)).over:
            await asyncio.sleep(0.01)
        assert (await probe.ended()).sent == 4
    answer = await get(replicas[1 - other], pipe)
    assert (answer.end.reason, answer.end.exit_status) == (EndReason.END_REASON_EXITED, 3)
    assert answer.ended_at.seconds >= answer.opened_at.seconds > 0
    error = await refused(replicas[other], pipe)
    assert (error.code(), "status 3" in (error.details() or "")) == (grpc.StatusCode.FAILED_PRECONDITION, True)


async def test_what_one_end_has_ended_the_other_may_fetch_the_rest_of(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].probe(pipe) as probe:
        await probe.say(end=Ended(reason=EndReason.END_REASON_EXITED, sent=10))
        while not (await bus.record(pipe)).pipe.HasField("end"):
            await asyncio.sleep(0.01)
        async with replicas[1].user(pipe) as user:
            await user.kinds("joined")
            await probe.kinds("joined")
            await probe.say(data=Data(content=b"0123456789"))
            await user.kinds("data")


@pytest.mark.parametrize("options", [_SOON])
async def test_nobody_fetches_for_ever(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].probe(pipe) as probe:
        await probe.say(end=Ended(reason=EndReason.END_REASON_EXITED, exit_status=1, sent=10))
        told = await probe.ended()
        assert (told.reason, told.exit_status, told.sent) == (EndReason.END_REASON_EXITED, 1, 0)
        assert (await refused(replicas[1], pipe)).code() == grpc.StatusCode.FAILED_PRECONDITION


async def test_the_first_end_stays(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    await close(replicas[0], pipe)
    first = await bus.record(pipe)
    await close(replicas[1], pipe)
    assert (await bus.record(pipe)) == first
    assert first.over
    assert first.pipe.end.reason == EndReason.END_REASON_CLOSED


@_OTHER
async def test_a_pipe_is_closed_from_any_replica(bus: Bus, replicas: list[Replica], other: int) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[0].probe(pipe) as probe:
        await user.kinds("joined")
        await close(replicas[other], pipe)
        for end in (user, probe):
            assert (await end.ended()).reason == EndReason.END_REASON_CLOSED
            assert await end.code() == grpc.StatusCode.OK
    assert "closed" in ((await refused(replicas[other], pipe)).details() or "")


@pytest.mark.parametrize("options", [_SOON])
@pytest.mark.parametrize("other", [0, 1])
async def test_an_end_that_stays_away_ends_the_pipe(bus: Bus, replicas: list[Replica], other: int) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].probe(pipe) as probe:
        async with replicas[other].user(pipe) as user:
            await user.kinds("joined")
        end = await probe.ended()
    assert end.reason == EndReason.END_REASON_ORPHANED
    assert "whoever opened it was away for more than 0.5 seconds" in end.message
    assert (await get(replicas[1], pipe)).end == end


@pytest.mark.parametrize("options", [_SOON])
async def test_ends_that_are_both_there_are_not_orphaned(bus: Bus, replicas: list[Replica]) -> None:
    pipe, other = await bus.open(), await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].probe(pipe) as probe, replicas[1].user(pipe) as user:
        async with replicas[0].probe(other) as lonely:
            await user.kinds("joined")
            assert (await lonely.ended()).reason == EndReason.END_REASON_ORPHANED
        await probe.kinds("joined")
        await user.say(resize=Resize(width=1, height=1))
        await probe.kinds("resize")


@pytest.mark.parametrize("options", [{"idle_after": 1.0}])
@_OTHER
async def test_a_pipe_without_bytes_ends(bus: Bus, replicas: list[Replica], other: int) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[other].probe(pipe) as probe:
        started = asyncio.get_running_loop().time()
        await user.kinds("joined")
        while asyncio.get_running_loop().time() - started < 2:
            await probe.send(b".")
            await user.kinds("data")
            await asyncio.sleep(0.1)
        await user.acknowledge(1)
        end = await user.ended()
        assert end.reason == EndReason.END_REASON_IDLE
        assert await probe.ended() == end
    assert "1 seconds" in end.message


@_OTHER
async def test_who_sends_more_than_has_credit_ends_the_pipe(bus: Bus, replicas: list[Replica], other: int) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[other].probe(pipe) as probe:
        await probe.kinds("joined")
        part = bytes(64 * 1024)

        async def flood() -> None:
            for number in range(1000):
                await probe.say(data=Data(offset=number * len(part), content=part))

        flooding = asyncio.create_task(flood())
        end = await probe.ended()  # while the user reads nothing
        assert end.reason == EndReason.END_REASON_VIOLATED
        assert "the probe sent more than it had credit for" in end.message
        assert (await user.ended()).reason == EndReason.END_REASON_VIOLATED
        await asyncio.gather(flooding, return_exceptions=True)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"data": Data(content=b"rm\n")}, "may only read"),
        ({"data": Data(content=bytes(70_000))}, "a frame of"),
        ({"joined": {}}, "no frame of an end"),
        ({"end": Ended(reason=EndReason.END_REASON_REVOKED)}, "not its own to say"),
    ],
)
async def test_what_an_end_may_not_send_ends_the_pipe_and_does_not_arrive(
    bus: Bus, replicas: list[Replica], event: dict[str, Any], words: str
) -> None:
    pipe = await bus.open(read_only="may only read" in words)
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[0].probe(pipe) as probe:
        await probe.kinds("joined")
        await user.say(ack=Ack(received=0))
        await user.say(**event)
        await probe.kinds("ack", "end")
        end = await user.ended()
        assert end.reason == EndReason.END_REASON_VIOLATED
        assert words in end.message


async def test_who_may_only_read_acknowledges_and_resizes(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open(read_only=True)
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[0].probe(pipe) as probe:
        await probe.send(b"log")
        await user.kinds("joined")
        await user.acknowledge(3)
        await user.say(resize=Resize(width=80, height=25))
        await probe.kinds("joined", "ack", "resize")


@pytest.mark.parametrize("lost", ["credential", "permission"])
@_OTHER
async def test_who_may_no_longer_use_a_pipe_loses_it(bus: Bus, replicas: list[Replica], other: int, lost: str) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[other].probe(pipe) as probe:
        await user.kinds("joined")
        if lost == "credential":
            del bus.authority.worth["session:1"]
        else:
            bus.authority.worth["session:1"] = somebody(**(USER | {"permissions": ["report.view"]}), audience="pipe")
        assert (await user.ended()).reason == EndReason.END_REASON_REVOKED
        codes = {grpc.StatusCode.UNAUTHENTICATED}
        if other:  # the replica of the probe's end asks too, and may be the first to hear
            codes.add(grpc.StatusCode.OK)
        assert await user.code() in codes
        assert (await probe.ended()).reason == EndReason.END_REASON_REVOKED
    assert (await bus.record(pipe)).over


async def test_a_probe_whose_token_was_revoked_leaves_the_pipe_to_others(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user:
        async with replicas[0].probe(pipe) as probe:
            await probe.kinds("joined")
            del bus.authority.worth["probe:1"]
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await probe.ended()
            assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert not (await bus.record(pipe)).pipe.HasField("end")
        async with replicas[1].probe(pipe, credential="probe:2"):
            await user.kinds("joined", "joined")


async def test_a_pipe_ends_with_the_credential_that_opened_it_whoever_is_attached(
    bus: Bus, replicas: list[Replica]
) -> None:
    pipe = await bus.open(credential="session:2")
    bus.authority.worth["session:2"] = somebody(**(USER | {"credential": "session:2"}), audience="pipe")
    async with asyncio.timeout(PATIENCE), replicas[0].probe(pipe) as probe:
        async with replicas[1].user(pipe) as user:
            await user.kinds("joined")
        del bus.authority.worth["session:2"]
        assert (await probe.ended()).reason == EndReason.END_REASON_REVOKED
        assert (await refused(replicas[1], pipe)).code() == grpc.StatusCode.FAILED_PRECONDITION


async def test_revoking_does_not_wait_for_a_reader_that_stands_still(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[0].probe(pipe) as probe:
        await probe.kinds("joined")
        part = bytes(32 * 1024)
        for number in range(CREDIT // len(part)):
            await probe.say(data=Data(offset=number * len(part), content=part))
        del bus.authority.worth["session:1"]
        assert (await probe.ended()).reason == EndReason.END_REASON_REVOKED
        await until(lambda: not len(replicas[0].mesh.renewals._leases))
        with pytest.raises(grpc.aio.AioRpcError):
            await user.drain()


@pytest.mark.parametrize("options", [{"pipes_per_user": 1}])
async def test_one_pipe_too_many_ends_and_says_so_and_the_others_go_on(bus: Bus, replicas: list[Replica]) -> None:
    first, second = await bus.open(), await bus.open()
    async with (
        asyncio.timeout(PATIENCE),
        replicas[0].user(first) as user,
        replicas[0].probe(first) as probe,
        replicas[1].probe(second) as other,
    ):
        error = await refused(replicas[0], second)
        assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "PIPES_PER_USER" in (error.details() or "")
        assert (await other.ended()).reason == EndReason.END_REASON_LIMIT
        async with replicas[0].user(first) as again:
            await again.kinds("joined")
        await user.ended()
        await probe.kinds("joined")


@pytest.mark.parametrize("options", [{"pipes_per_user": 1}])
async def test_what_had_its_place_elsewhere_is_refused_and_not_ended(bus: Bus, replicas: list[Replica]) -> None:
    first, second = await bus.open(), await bus.open(opened_at=Timestamp(seconds=1))
    async with asyncio.timeout(PATIENCE):
        async with replicas[0].user(first):
            assert (await refused(replicas[0], second)).code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        async with replicas[0].probe(second) as probe, replicas[0].user(second):
            await probe.kinds("joined")


async def test_an_end_is_written_when_the_bus_is_back(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[0].probe(pipe) as probe:
        await user.kinds("joined")
        bus.server.stop()
        await probe.say(end=Ended(reason=EndReason.END_REASON_EXITED, exit_status=7))
        await user.kinds("end")
        bus.server.start()
        while not (await bus.record(pipe)).pipe.HasField("end"):
            await asyncio.sleep(0.05)
    assert (await bus.record(pipe)).pipe.end.exit_status == 7
