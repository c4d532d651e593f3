"""What controls open: sessions of pipes."""

import asyncio

import pytest

from scope.pipe.v1.messages_pb2 import EndReason
from scope_sdk import ControlError, Controller, Controls, Ended, Pipe, Stream, Terminal, attach

from .control_service import HOST, Caller, controller, greeting, happens
from .pipe_service import PIPE, PROBE


async def shell(pipe: Pipe) -> Ended:
    """Says everything back in capitals."""
    while data := await pipe.read():
        await pipe.write(data.upper())
    return Ended(5, "bye")


def shells() -> Controls:
    controls = greeting()

    @controls.control("shell", topology=HOST)
    async def open_shell(node_id: str) -> Terminal:
        return Terminal(shell)

    @controls.control("log", topology=HOST)
    async def open_log(node_id: str) -> Stream:
        return Stream(shell)

    return controls


@pytest.mark.parametrize(("control", "raw"), [("shell", True), ("log", False)])
async def test_a_session_is_served_through_its_pipe_and_its_exit_status_told(control: str, raw: bool) -> None:
    caller = Caller()
    async with controller(caller, shells()):
        answer = await caller.invoke(control)
        assert answer.done.opens_pipe
        assert answer.done.raw_tty is raw
        async with attach(caller.service, PIPE) as user:
            await user.write(b"hello")
            assert await user.read() == b"HELLO"
            user.finish()
            end = await user.wait_ended()
        assert (end.reason, end.exit_status, end.message) == (EndReason.END_REASON_EXITED, 5, "bye")
    (probe,) = [end for end in caller.pipes.attachments if end.side == "probe"]
    assert probe.metadata["x-scope-probe-id"] == PROBE


async def test_a_session_is_cancelled_when_its_pipe_ends() -> None:
    happened: list[str] = []
    controls = Controls()

    @controls.control("shell", topology=HOST)
    async def open_shell(node_id: str) -> Terminal:
        async def session(pipe: Pipe) -> Ended:
            happened.append("began")
            try:
                await asyncio.Event().wait()
            finally:
                happened.append("ended")
            return Ended()

        return Terminal(session)

    caller = Caller()
    async with controller(caller, controls):
        await caller.invoke("shell")
        async with attach(caller.service, PIPE) as user:
            await happens(happened, "began")
            assert user.ended is None
        await happens(happened, "ended")


async def refuse(pipe: Pipe) -> Ended:
    raise ControlError("there is no such log")


async def fail(pipe: Pipe) -> Ended:
    raise ZeroDivisionError("secret")


@pytest.mark.parametrize(
    ("session", "words"),
    [(refuse, "there is no such log"), (fail, "the probe failed to do this; its log says why")],
)
async def test_a_session_that_fails_ends_its_pipe_with_words(session: object, words: str) -> None:
    controls = Controls()

    @controls.control("log", topology=HOST)
    async def log(node_id: str) -> Stream:
        return Stream(session)

    caller = Caller()
    async with controller(caller, controls):
        await caller.invoke("log")
        async with attach(caller.service, PIPE) as user:
            end = await user.wait_ended()
    assert (end.reason, end.message) == (EndReason.END_REASON_FAILED, words)


async def test_closing_ends_sessions_and_says_so() -> None:
    caller = Caller()
    async with asyncio.timeout(60), caller.serving(), attach(caller.service, PIPE) as user:
        async with Controller(caller.service, shells(), probe_id=PROBE):
            await caller.invoke("shell")
            await user.write(b"x")
            assert await user.read() == b"X"
        end = await user.wait_ended()
    assert (end.reason, end.message) == (EndReason.END_REASON_CLOSED, "the probe stops")


async def test_a_session_goes_on_while_its_controller_connects_anew() -> None:
    caller = Caller()
    async with controller(caller, shells()):
        await caller.invoke("shell")
        async with attach(caller.service, PIPE) as user:
            await user.write(b"one")
            assert await user.read() == b"ONE"
            caller.cut()
            caller.pipes.cut("probe")
            await caller.connected(2)
            await user.write(b"two")
            assert await user.read() == b"TWO"
