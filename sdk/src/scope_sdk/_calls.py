"""Doing what is asked for: calls beside each other, each once, and the sessions that they open."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from scope.control.v1 import messages_pb2 as messages
from scope.control.v1.messages_pb2 import Answer, NoControl
from scope.pipe.v1.messages_pb2 import EndReason
from scope_sdk._handlers import Call, ControlError, Handler, Removed, Result, Session, Stream, Terminal
from scope_sdk.pipes import Ended, Pipe, PipeEnded

CALLS = 64
"""How many calls run at once."""

SESSIONS = 1_000
"""How many sessions there are at once."""

_REMEMBERED = 1_024
_WORDS = 1_000
_VALUE = 64 * 1024
_STOPPED_WITHIN = 5.0
_FAILED = "the probe failed to do this; its log says why"

_log = logging.getLogger("scope_sdk.calls")

Attach = Callable[[str], AbstractAsyncContextManager[Pipe]]


class Calls:
    """Must be closed by whoever made it."""

    def __init__(
        self,
        handler: Callable[[str], Handler | None],
        attach: Attach,
        answer: Callable[[Answer], None],
        settle: Callable[[str], None],
    ) -> None:
        """Waits for calls.

        Args:
            handler: what does a control; None where there is none. Raises ControlError where it may not be used.
            attach: the probe's end of the pipe of that id.
            answer: takes what became of a call.
            settle: told of each call that is over, answered or not.
        """
        self._handler = handler
        self._attach = attach
        self._answer = answer
        self._settle = settle
        self._running: dict[str, asyncio.Task[None]] = {}
        self._sessions: set[asyncio.Task[None]] = set()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def start(self, call: messages.Call) -> None:
        """Does what is asked for, unless it was asked for before."""
        if call.id in self._seen:
            return
        self._seen[call.id] = None
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        if len(self._running) >= CALLS:
            self._answer(Answer(call=call.id, refused=f"the probe is busy: {CALLS} controls are under way"))
            self._settle(call.id)
            return
        task = self._running[call.id] = asyncio.create_task(self._run(call))
        task.add_done_callback(lambda _: self._over(call.id))

    def cancel(self, call: str) -> None:
        """Nobody waits for a call any more."""
        task = self._running.get(call)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """Stops what is under way, and ends the sessions."""
        tasks = [*self._running.values(), *self._sessions]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _over(self, call: str) -> None:
        del self._running[call]
        self._settle(call)

    async def _run(self, call: messages.Call) -> None:
        result: Result = None
        try:
            handler = self._handler(call.control)
            if handler is None:
                answer = Answer(call=call.id, no_control=NoControl())
            else:
                result = await self._result(handler, call)
                answer = Answer(call=call.id, done=_done(result))
        except ControlError as refused:
            answer = Answer(call=call.id, refused=str(refused)[:_WORDS] or _FAILED)
        except Exception:  # noqa: BLE001  # whatever it is, the person who called hears of it
            _log.exception("the control %s of %s failed", call.control, call.node_id)
            answer = Answer(call=call.id, refused=_FAILED)
        self._answer(answer)
        # Whoever calls chose both names: quoted, they begin no line of their own.
        _log.info("called: %r of %r: %s", call.control, call.node_id, _became(answer))
        if isinstance(result, Terminal | Stream):
            self._open(call.pipe, result.session)

    async def _result(self, handler: Handler, call: messages.Call) -> Result:
        seconds = call.timeout_ms / 1000
        asked = Call(call.id, call.node_id, call.control, dict(call.arguments), seconds, call.read_only)
        waiting = asyncio.timeout(seconds)
        try:
            async with waiting:
                result = await handler(asked)
        except TimeoutError:
            if not waiting.expired():
                raise
            raise ControlError(f"it was not done within {seconds:g} s") from None
        if isinstance(result, Terminal | Stream) and len(self._sessions) >= SESSIONS:
            raise ControlError(f"the probe has {SESSIONS} open pipes already")
        return result

    def _open(self, pipe: str, session: Session) -> None:
        task = asyncio.create_task(self._serve(pipe, session))
        self._sessions.add(task)
        task.add_done_callback(self._sessions.discard)

    async def _serve(self, pipe_id: str, session: Session) -> None:
        async with self._attach(pipe_id) as pipe:
            try:
                await pipe.wait_attached()
                ended = await _until_over(pipe, session)
            except PipeEnded:
                return
            except ControlError as failed:
                await pipe.end(EndReason.END_REASON_FAILED, str(failed))
            except asyncio.CancelledError:
                await pipe.end(EndReason.END_REASON_CLOSED, "the probe stops")
                raise
            except Exception:  # noqa: BLE001  # the same
                _log.exception("a session failed")
                await pipe.end(EndReason.END_REASON_FAILED, _FAILED)
            else:
                await pipe.end(ended)


async def _until_over(pipe: Pipe, session: Session) -> Ended:
    """Runs a session; the pipe's end cancels it, and raises PipeEnded."""
    serving = asyncio.ensure_future(session(pipe))
    over = asyncio.create_task(pipe.wait_ended())
    try:
        await asyncio.wait([serving, over], return_when=asyncio.FIRST_COMPLETED)
        if serving.done():
            return serving.result()
        raise PipeEnded(over.result())
    finally:
        for task in (serving, over):
            task.cancel()
        await asyncio.wait([serving, over], timeout=_STOPPED_WITHIN)


def _became(answer: Answer) -> str:
    """What came of a call, without what it answered."""
    return f"refused: {answer.refused!r}" if answer.refused else str(answer.WhichOneof("outcome")).replace("_", " ")


def _done(result: Result) -> messages.Done:
    match result:
        case None:
            return messages.Done()
        case str():
            return messages.Done(value=result[:_VALUE])
        case Removed():
            return messages.Done(removed_node=result.node_id)
        case Terminal() | Stream():
            return messages.Done(opens_pipe=True, raw_tty=isinstance(result, Terminal))
    raise TypeError(f"a control returns nothing, a text, Removed, Terminal or Stream, and not {result!r:.80}")
