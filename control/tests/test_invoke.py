"""A call reaches the probe, wherever its stream is, and its answer comes back; what is refused says why."""

import asyncio

import grpc
import pytest

from control.tests.probing import connected
from control.tests.replicas import Replica, reason
from scope.control.v1.messages_pb2 import Answer, NoControl

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
