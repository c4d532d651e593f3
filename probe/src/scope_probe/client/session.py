"""The bytes of a pipe, between this process's standard input and output and the program behind it."""

import asyncio
import os
import signal
import termios
import threading
import tty
from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, nullcontext, suppress

from scope.pipe.v1.messages_pb2 import End, EndReason
from scope_probe.client.failures import Failure, Status
from scope_probe.client.telling import Outage, say
from scope_sdk import Pipe, PipeEnded

_IN, _OUT = 0, 1
_CHUNK = 65_536
_CTRL_C = b"\x03"
#: What programs that fill the screen switch on, and could not switch off: the other screen, a hidden cursor, the mouse,
#: marked pastes, colours.
_AS_BEFORE = b"\x1b[?1049l\x1b[?25h\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?2004l\x1b[0m"
_ENDING = (signal.SIGTERM, signal.SIGHUP)
_USUAL = os.terminal_size((80, 24))
_STATUSES = {
    EndReason.END_REASON_REVOKED: Status.NOT_ALLOWED,
    EndReason.END_REASON_FAILED: Status.REFUSED,
    EndReason.END_REASON_LIMIT: Status.LATER,
}


def is_terminal() -> bool:
    """Whether somebody sits at both ends of this process."""
    return os.isatty(_IN) and os.isatty(_OUT)


def size() -> os.terminal_size:
    """Of the terminal; what has none, as a terminal that a program has made, is taken for one of the usual size."""
    found = os.get_terminal_size(_OUT)
    return found if found.columns and found.lines else _USUAL


async def run(pipe: Pipe, *, raw: bool, typed: bool = True) -> int:
    """Copies both ways until the pipe is over; the exit status of what ran.

    Args:
        pipe: just attached.
        raw: whether every key goes to the other end, and what it shows to this terminal as it is.
        typed: whether what comes in is sent.

    Raises:
        Failure: the pipe ended before what ran in it, or this process is to end.
    """
    session = _Session(pipe, raw=raw)
    with _ending_in_order(session), _raw_terminal(pipe) if raw else nullcontext():
        return await session.run(typed=typed)


class _Session:
    def __init__(self, pipe: Pipe, *, raw: bool) -> None:
        self._pipe = pipe
        self._raw = raw
        self._outage = Outage(raw=raw)
        self._task = asyncio.current_task()
        self._stopped: int | None = None

    async def run(self, *, typed: bool) -> int:
        self._pipe.on_state = self._look
        self._look(self._pipe.state)
        if typed:
            arguments = (asyncio.get_running_loop(),)
            # It waits for somebody to type, also when all is over, and nobody waits for it then.
            threading.Thread(target=self._send, args=arguments, daemon=True).start()
        try:
            return await self._show()
        except asyncio.CancelledError:
            if self._stopped is None:
                raise
            raise Failure(self._stopped, "given up") from None
        finally:
            self._outage.forget()

    def stop(self, status: int) -> None:
        """Ends it, the pipe and this command, with a status."""
        if self._task is not None:
            self._stopped = status
            self._task.cancel()

    def _look(self, state: str) -> None:
        if state == "joined":
            self._outage.ends()
            return
        away = "the connection is lost; trying again" if state == "away" else "waiting for the probe"
        self._outage.begins(f"{away} (Ctrl-C gives up)" if self._raw else away)

    async def _show(self) -> int:
        with suppress(PipeEnded):
            while data := await self._pipe.read():
                await asyncio.to_thread(_write, data)
        return _status(await self._pipe.wait_ended())

    def _send(self, loop: asyncio.AbstractEventLoop) -> None:
        # The pipe is over, or the loop, or the terminal.
        with suppress(PipeEnded, RuntimeError, CancelledError, OSError):
            while data := os.read(_IN, _CHUNK):
                if self._raw and self._outage.said and _CTRL_C in data:
                    loop.call_soon_threadsafe(self.stop, Status.INTERRUPTED)
                    return
                asyncio.run_coroutine_threadsafe(self._pipe.write(data), loop).result()
            loop.call_soon_threadsafe(self._pipe.finish)


def _write(data: bytes) -> None:
    while data:
        data = data[os.write(_OUT, data) :]


def _status(end: End) -> int:
    if end.reason == EndReason.END_REASON_EXITED:
        if end.message:
            say(end.message)
        return end.exit_status
    name = EndReason.Name(end.reason).removeprefix("END_REASON_").lower()
    raise Failure(_STATUSES.get(end.reason, Status.BROKEN), end.message or f"it was ended ({name})")


@contextmanager
def _ending_in_order(session: _Session) -> Iterator[None]:
    """A terminal is as it was, and what ran in it knows, also where this process is told to end."""
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        loop.add_signal_handler(number, session.stop, 128 + number)
    try:
        yield
    finally:
        for number in _ENDING:
            loop.remove_signal_handler(number)


@contextmanager
def _raw_terminal(pipe: Pipe) -> Iterator[None]:
    """Every key is sent, and the other end knows how large the terminal is."""
    loop, before = asyncio.get_running_loop(), termios.tcgetattr(_IN)

    def fit() -> None:
        pipe.resize(*size())

    tty.setraw(_IN, termios.TCSANOW)
    loop.add_signal_handler(signal.SIGWINCH, fit)
    # Shells set the terminal as they like it while a program is stopped.
    loop.add_signal_handler(signal.SIGCONT, tty.setraw, _IN, termios.TCSANOW)
    fit()
    try:
        yield
    except BaseException:
        _write(_AS_BEFORE)
        raise
    finally:
        termios.tcsetattr(_IN, termios.TCSANOW, before)
        loop.remove_signal_handler(signal.SIGWINCH)
        loop.remove_signal_handler(signal.SIGCONT)
