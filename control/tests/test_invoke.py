"""A call reaches the probe, wherever its stream is, and its answer comes back; what is refused says why."""

import asyncio

import grpc
import pytest

from control.auditing import Audit
from control.tests.probing import connected
from control.tests.replicas import PATIENCE, Replica, reason
from scope.control.v1.messages_pb2 import Answer, Invocation, NoControl

#: At which replica the call is asked for, where the probe's stream is at the first.
ASKED = pytest.mark.parametrize("asked", [0, 1], ids=["here", "over the bus"])


@ASKED
async def test_a_call_reaches_the_probe_and_its_answer_the_caller(replicas: list[Replica], asked: int) -> None:
    async with connected(replicas[0]) as probe:
        asking = asyncio.ensure_future(replicas[asked].invoke(signal="TERM"))
        call = await probe.call()
        assert (call.node_id, call.control, dict(call.arguments)) == ("box;<host>", "do", {"signal": "TERM"})
        await probe.done(call, value="it is done", removed_node="box;<host>")
        answer = await asking
        assert (answer.value, answer.removed_node, answer.pipe) == ("it is done", "box;<host>", "")


@ASKED
async def test_what_the_probe_refuses_is_said_in_its_words(replicas: list[Replica], asked: int) -> None:
    async with connected(replicas[0]) as probe:
        asking = asyncio.ensure_future(replicas[asked].invoke())
        await probe.say(Answer(call=(await probe.call()).id, refused="the box is on fire"))
        with pytest.raises(grpc.aio.AioRpcError, match="the box is on fire") as refused:
            await asking
        assert (refused.value.code(), reason(refused.value)) == (grpc.StatusCode.ABORTED, "CONTROL_REFUSED")


@ASKED
async def test_a_control_that_is_not_there_is_not_found(replicas: list[Replica], asked: int) -> None:
    async with connected(replicas[0]) as probe:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await replicas[asked].invoke("fly")
        assert reason(refused.value) == "NOT_FOUND"
        asking = asyncio.ensure_future(replicas[asked].invoke())
        await probe.say(Answer(call=(await probe.call()).id, no_control=NoControl()))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await asking
        assert reason(refused.value) == "NOT_FOUND"
        assert probe.told == 1


async def test_a_probe_that_is_nowhere_is_unavailable_at_once(replicas: list[Replica]) -> None:
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await replicas[0].invoke()
    assert (refused.value.code(), reason(refused.value)) == (grpc.StatusCode.UNAVAILABLE, "PROBE_NOT_CONNECTED")


@ASKED
async def test_calls_do_not_wait_for_each_other(replicas: list[Replica], asked: int) -> None:
    async with connected(replicas[0]) as probe:
        asking = [asyncio.create_task(replicas[asked].invoke(number=str(number))) for number in range(3)]
        calls = [await probe.call() for _ in asking]
        for call in reversed(calls):
            await probe.done(call, value=call.arguments["number"])
        assert [(await one).value for one in asking] == ["0", "1", "2"]


@ASKED
async def test_a_deadline_reaches_the_probe_which_is_told_when_it_is_over(replicas: list[Replica], asked: int) -> None:
    async with connected(replicas[0]) as probe:
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await replicas[asked].invoke(deadline=3)
        assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        call = await probe.call()
        assert 0 < call.timeout_ms < 5000
        assert (await probe.other()).cancel.call == call.id


@ASKED
async def test_a_caller_who_goes_away_cancels_the_call(replicas: list[Replica], asked: int) -> None:
    async with connected(replicas[0]) as probe:
        asking = asyncio.create_task(replicas[asked].invoke())
        call = await probe.call()
        asking.cancel()
        assert (await probe.other()).cancel.call == call.id


@ASKED
async def test_nobody_waits_longer_than_the_service_does(
    replicas: list[Replica], asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("control.service.WAITS", 3.0)
    async with connected(replicas[0]) as probe:
        with pytest.raises(grpc.aio.AioRpcError) as late:
            await replicas[asked].invoke()
        assert (late.value.code(), reason(late.value)) == (grpc.StatusCode.DEADLINE_EXCEEDED, "TIMEOUT")
        assert (await probe.other()).cancel.call == (await probe.call()).id


async def test_what_nobody_was_heard_of_in_time_is_not_done_later(
    replicas: list[Replica], monkeypatch: pytest.MonkeyPatch
) -> None:
    held_up, tell = asyncio.Event(), Audit.tell

    async def late(audit: Audit, invocation: Invocation, *, refused: bool) -> None:
        if "late" in invocation.request.arguments:
            await held_up.wait()
        await tell(audit, invocation, refused=refused)

    monkeypatch.setattr(Audit, "tell", late)
    monkeypatch.setattr("control.outcomes.SILENT_FOR", 0.5)
    async with connected(replicas[0]) as probe:
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await replicas[1].invoke(late="")
        monkeypatch.setattr("control.outcomes.SILENT_FOR", PATIENCE)
        assert (unknown.value.code(), reason(unknown.value)) == (grpc.StatusCode.UNKNOWN, "OUTCOME_UNKNOWN")
        for _ in range(2):
            asking = asyncio.create_task(replicas[1].invoke())
            await probe.done(await probe.call())
            await asking
            held_up.set()  # before it was told of another call the replica was told that nobody waits for this one
        assert probe.told == 2


@ASKED
@pytest.mark.parametrize("limits", [{"calls_per_probe": 2}])
async def test_calls_of_a_probe_are_bounded(replicas: list[Replica], asked: int) -> None:
    async with connected(replicas[0]) as probe:
        asking = [asyncio.create_task(replicas[asked].invoke()) for _ in range(2)]
        calls = [await probe.call() for _ in asking]
        with pytest.raises(grpc.aio.AioRpcError, match="CALLS_PER_PROBE") as refused:
            await replicas[asked].invoke()
        assert (refused.value.code(), reason(refused.value)) == (
            grpc.StatusCode.RESOURCE_EXHAUSTED,
            "LIMIT_EXCEEDED",
        )
        for call in calls:
            await probe.done(call)
        await asyncio.gather(*asking)
        asking = [asyncio.create_task(replicas[asked].invoke())]
        await probe.done(await probe.call())
        await asking[0]


async def test_arguments_are_bounded_together(replicas: list[Replica]) -> None:
    async with connected(replicas[0]) as probe:
        with pytest.raises(grpc.aio.AioRpcError, match="arguments") as refused:
            await replicas[0].invoke(**{f"argument{number}": "x" * 2000 for number in range(40)})
        assert reason(refused.value) == "INVALID_FIELD"
        assert probe.told == 0


async def test_an_answer_that_is_too_large_is_told_as_such(replicas: list[Replica]) -> None:
    async with connected(replicas[0]) as probe:
        asking = asyncio.create_task(replicas[1].invoke())
        await probe.done(await probe.call(), value="x" * 2_000_000)
        with pytest.raises(grpc.aio.AioRpcError, match="it was done") as refused:
            await asking
        assert reason(refused.value) == "ANSWER_TOO_LARGE"
