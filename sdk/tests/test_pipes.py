import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest

from scope.pipe.v1.messages_pb2 import End, EndReason, Frame
from scope_sdk import Ended, Pipe, PipeEnded, attach
from scope_sdk._window import WINDOW
from scope_sdk.pipes import Size, State

from .pipe_service import PIPE, PROBE, PipeEnds

ONE_MIB = bytes(range(256)) * 4096


@asynccontextmanager
async def both(ends: PipeEnds) -> AsyncIterator[tuple[Pipe, Pipe]]:
    """The probe's end and the user's."""
    async with (
        asyncio.timeout(60),
        attach(ends.service, PIPE, probe_id=PROBE) as probe,
        attach(ends.service, PIPE) as user,
    ):
        yield probe, user


async def read_all(pipe: Pipe) -> bytes:
    read = bytearray()
    while data := await pipe.read():
        read += data
    return bytes(read)


async def reached(pipe: Pipe, state: State) -> None:
    async with asyncio.timeout(60):
        while pipe.state != state:
            await asyncio.sleep(0.005)


async def test_bytes_go_both_ways_and_each_direction_ends_by_itself() -> None:
    async with PipeEnds().serving() as ends, both(ends) as (probe, user):
        await probe.write(b"login: ")
        assert await user.read() == b"login: "
        await user.write(b"root\n")
        user.finish()
        assert await read_all(probe) == b"root\n"
        await probe.write(b"# ")
        assert await user.read() == b"# "
        with pytest.raises(ValueError, match="after the end"):
            await user.write(b"more")
    first, second = (attached.metadata for attached in ends.attachments)
    assert {first["x-scope-pipe-id"], second["x-scope-pipe-id"]} == {PIPE}
    assert {first.get("x-scope-probe-id"), second.get("x-scope-probe-id")} == {PROBE, None}
    assert first["authorization"] == second["authorization"] == "Scope-Probe token=secret"


async def test_an_exit_status_comes_after_everything_that_was_written() -> None:
    async with PipeEnds().serving() as ends, both(ends) as (probe, user):

        async def run() -> None:
            await probe.write(ONE_MIB)
            await probe.end(Ended(3, "it ran"))

        running = asyncio.create_task(run())
        assert await read_all(user) == ONE_MIB
        end = await user.wait_ended()
        await running
        assert (end.reason, end.exit_status, end.message) == (EndReason.END_REASON_EXITED, 3, "it ran")
        with pytest.raises(PipeEnded, match="it ran"):
            await probe.read()
        assert ends.ended is not None
        assert ends.ended.exit_status == 3


@pytest.mark.parametrize("seed", range(4))
async def test_nothing_is_lost_or_doubled_whatever_is_cut(seed: int) -> None:
    chance = random.Random(seed)
    there, back = chance.randbytes(3_000_000), chance.randbytes(2_000_000)

    async with PipeEnds().serving() as ends, both(ends) as (probe, user):

        async def cut() -> None:
            while True:
                await asyncio.sleep(chance.uniform(0, 0.05))
                side = chance.choice(["probe", "user"])
                if chance.random() < 0.3 and ends._ends.get(side):
                    ends.drain(side)
                else:
                    ends.cut(side)

        async def send(pipe: Pipe, data: bytes) -> None:
            while data:
                taken = chance.choice([1, 100, 70_000, 500_000])
                await pipe.write(data[:taken])
                data = data[taken:]
            pipe.finish()

        cutting = asyncio.create_task(cut())
        try:
            sending = asyncio.gather(send(probe, there), send(user, back))
            assert [*await asyncio.gather(read_all(user), read_all(probe))] == [there, back]
            await sending
        finally:
            cutting.cancel()
        await probe.end(Ended(7))
        assert (await user.wait_ended()).exit_status == 7
    assert len(ends.attachments) > 3


async def test_what_is_lost_without_a_word_is_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scope_sdk._attachment.TICK", 0.05)
    ends = PipeEnds(lose=2)
    async with ends.serving(), both(ends) as (probe, user):
        await probe.write(b"x" * 100_000)
        probe.finish()
        assert await read_all(user) == b"x" * 100_000


async def test_a_reader_that_stands_still_stops_the_writer() -> None:
    async with PipeEnds().serving() as ends, both(ends) as (probe, user):
        writing = asyncio.create_task(probe.write(ONE_MIB))
        await reached(user, "joined")
        while user._window.waiting != WINDOW:
            await asyncio.sleep(0.005)
        assert not writing.done()
        user_read = b""
        while len(user_read) < len(ONE_MIB):
            user_read += await user.read()
        await writing
        assert user_read == ONE_MIB


async def test_many_small_writes_travel_together() -> None:
    async with PipeEnds().serving() as ends, both(ends) as (probe, user):
        await reached(probe, "joined")
        for _ in range(10_000):
            await probe.write(b"0123456789")
        probe.finish()
        assert len(await read_all(user)) == 100_000
    assert sum(frame.HasField("data") for frame in ends.passed) < 50


async def test_it_says_when_it_is_away_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async with PipeEnds().serving() as ends, both(ends) as (probe, user):
        states: list[State] = []
        user.on_state = states.append
        await reached(user, "joined")
        ends.cut("user")
        while states != ["attached", "joined", "away", "attached", "joined"]:
            await asyncio.sleep(0.005)
        await probe.write(b"still here")
        assert await user.read() == b"still here"


async def test_draining_is_not_noticed() -> None:
    async with PipeEnds().serving() as ends, both(ends) as (probe, user):
        await reached(user, "joined")
        states: list[State] = []
        user.on_state = states.append
        ends.drain("user")
        while len(ends.attachments) < 3:
            await asyncio.sleep(0.005)
        await probe.write(b"still here")
        assert await user.read() == b"still here"
        assert "away" not in states
        assert user.ended is None


async def test_a_terminal_is_resized() -> None:
    async with PipeEnds().serving() as ends, both(ends) as (probe, user):
        sizes: asyncio.Queue[Size] = asyncio.Queue()
        probe.on_resize = sizes.put_nowait
        user.resize(80, 24)
        assert await sizes.get() == Size(80, 24) == probe.size
        user.resize(132, 50)
        assert await sizes.get() == Size(132, 50)


@pytest.mark.parametrize("side", ["probe", "user"])
async def test_a_pipe_that_is_not_there_yet_is_waited_for(side: str) -> None:
    ends = PipeEnds(refusals=[(grpc.StatusCode.NOT_FOUND, "no pipe")] * 3)
    async with ends.serving(), both(ends) as (probe, user):
        await probe.write(b"x")
        assert await user.read() == b"x"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (grpc.StatusCode.UNAUTHENTICATED, EndReason.END_REASON_REVOKED),
        (grpc.StatusCode.PERMISSION_DENIED, EndReason.END_REASON_REVOKED),
        (grpc.StatusCode.FAILED_PRECONDITION, EndReason.END_REASON_CLOSED),
    ],
)
async def test_a_refusal_ends_it_with_its_words(code: grpc.StatusCode, reason: EndReason.ValueType) -> None:
    ends = PipeEnds(refusals=[(code, "because")])
    async with ends.serving(), attach(ends.service, PIPE, probe_id=PROBE) as pipe:
        with pytest.raises(PipeEnded, match="because") as raised:
            await pipe.read()
        assert raised.value.end.reason == reason
        with pytest.raises(PipeEnded):
            await pipe.write(b"x")


async def test_a_pipe_that_never_comes_ends_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scope_sdk.pipes._FOUND_WITHIN", 0.2)
    ends = PipeEnds(refusals=[(grpc.StatusCode.NOT_FOUND, "no pipe")] * 100)
    async with ends.serving(), attach(ends.service, PIPE) as pipe:
        assert "no pipe" in (await pipe.wait_ended()).message


async def test_a_service_that_does_not_come_back_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scope_sdk.pipes._BACK_WITHIN", 0.2)
    async with attach(PipeEnds().service, PIPE) as pipe:
        assert (await pipe.wait_ended()).reason == EndReason.END_REASON_ORPHANED


async def test_who_comes_back_too_late_hears_how_it_ended() -> None:
    ends = PipeEnds(ended=End(reason=EndReason.END_REASON_EXITED, exit_status=4, message="over"))
    async with ends.serving(), attach(ends.service, PIPE) as pipe:
        with pytest.raises(PipeEnded, match="over") as raised:
            await pipe.read()
        assert raised.value.end.exit_status == 4


async def test_an_end_by_the_service_comes_after_what_has_arrived() -> None:
    async with PipeEnds().serving() as ends, both(ends) as (probe, user):
        await probe.write(b"last words")
        while not user._window.waiting:
            await asyncio.sleep(0.005)
        ends.say("user", Frame(end=End(reason=EndReason.END_REASON_IDLE, message="too quiet")))
        assert (await user.wait_ended()).message == "too quiet"
        assert await user.read() == b"last words"
        with pytest.raises(PipeEnded, match="too quiet"):
            await user.read()


async def test_leaving_ends_it() -> None:
    async with PipeEnds().serving() as ends, attach(ends.service, PIPE, probe_id=PROBE) as probe:
        async with attach(ends.service, PIPE) as user:
            await reached(user, "joined")
        assert (await probe.wait_ended()).reason == EndReason.END_REASON_CLOSED


async def test_leaving_by_a_failure_says_so() -> None:
    async def fail(ends: PipeEnds) -> None:
        async with attach(ends.service, PIPE, probe_id=PROBE) as probe:
            await reached(probe, "joined")
            raise ZeroDivisionError

    async with PipeEnds().serving() as ends, attach(ends.service, PIPE) as user:
        with pytest.raises(ZeroDivisionError):
            await fail(ends)
        assert (await user.wait_ended()).reason == EndReason.END_REASON_FAILED
