"""A program on this machine, at a pseudo-terminal or at pipes, which ends when nobody uses it any more."""

import asyncio
import fcntl
import os
import signal
import struct
import termios
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from scope_sdk.pipes import Size

READ_BYTES = 64 * 1024
"""How much of what a program writes is taken at once, at most."""

GRACE_SECONDS = 3.0
"""How long what ran may take to end when it is hung up."""

_STEP = 0.02
END_OF_INPUT = b"\x04"
"""What is typed at a terminal where nothing follows."""

_NO_LOCK = struct.pack("i", 0)
_UNLOCK, _NUMBER = 0x40045431, 0x80045430  # TIOCSPTLCK and TIOCGPTN, which the module termios lacks

# A shell of its own session opens the terminal, which so becomes the one that Ctrl-C and SIGHUP come from, and gives
# way to the program. (A function of ours in the place of that shell would run in a copy of a process with threads.)
_AT_TERMINAL = 'cd -- "$HOME" 2>/dev/null || cd /; tty=$1; shift; exec "$@" 0<>"$tty" 1>&0 2>&1'
_AT_PIPES = 'cd -- "$HOME" 2>/dev/null || cd /; exec "$@" 2>&1'
_SHELL = ("/bin/sh", "-c")
_NAME = "scope"  # who complains where there is no such program


@dataclass(frozen=True)
class Command:
    """What to run.

    Attributes:
        arguments: the program, and what it is called with.
        environment: all of its variables; it runs in the folder that HOME names.
        entering: what to call it through, to have it run somewhere else.
        root: of the file system, as seen from here, whose terminals it uses.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    entering: Sequence[str] = ()
    root: str = ""


class LocalProgram:
    """A program that runs; see Program."""

    def __init__(self, process: asyncio.subprocess.Process, output: int, given: int, *, tty: bool) -> None:
        self._process = process
        self._output = output
        self._input = given
        self._tty = tty
        self._readable, self._writable = asyncio.Event(), asyncio.Event()
        self._exited = asyncio.create_task(process.wait())
        self._exited.add_done_callback(self._wake)

    def _wake(self, _: object) -> None:
        self._readable.set()
        self._writable.set()

    async def read(self) -> bytes:
        """What it wrote; b"" when it has ended, and all that it wrote is read."""
        while True:
            exited = self._exited.done()  # before the look, which then sees all that it wrote
            written = _available(self._output)
            if written is not None or exited:
                return written or b""
            await self._wait_to_read()

    async def _wait_to_read(self) -> None:
        loop = asyncio.get_running_loop()
        self._readable.clear()
        loop.add_reader(self._output, self._readable.set)
        try:
            await self._until(self._readable)
        finally:
            loop.remove_reader(self._output)

    async def write(self, data: bytes) -> None:
        """Has it read this, as fast as it does; what it reads no more is lost."""
        rest = memoryview(data)
        while rest and not self._exited.done():
            try:
                rest = rest[os.write(self._input, rest) :]
            except BlockingIOError:
                await self._wait_to_write()
            except OSError:
                return

    async def _wait_to_write(self) -> None:
        loop = asyncio.get_running_loop()
        self._writable.clear()
        loop.add_writer(self._input, self._writable.set)
        try:
            await self._until(self._writable)
        finally:
            loop.remove_writer(self._input)

    async def _until(self, ready: asyncio.Event) -> None:
        """Waits for it, or for the end of the program, which sets it too unless that was before."""
        if not self._exited.done():
            await ready.wait()

    async def finish(self) -> None:
        """Tells it that nothing follows."""
        if self._tty:
            await self.write(END_OF_INPUT)
        elif self._input >= 0:
            os.close(self._input)
            self._input = -1

    async def resize(self, size: Size) -> None:
        """Tells it how large its terminal is."""
        if self._tty:
            _resize(self._output, size)

    async def status(self) -> int:
        """How it ended: its exit status, or 128 and the number of the signal that ended it."""
        code = await self._exited
        return 128 - code if code < 0 else code

    async def close(self) -> None:
        """Hangs up on its process group and on that in the terminal's foreground, and has them end."""
        groups = {self._process.pid, *self._foreground()}
        for descriptor in {self._output, self._input} - {-1}:
            os.close(descriptor)
        await end(groups)
        await self._exited

    def _foreground(self) -> Collection[int]:
        with suppress(OSError):
            group = os.tcgetpgrp(self._output) if self._tty else 0
            return {group} if group > 1 else ()
        return ()


@asynccontextmanager
async def running(command: Command, size: Size | None) -> AsyncIterator[LocalProgram]:
    """Runs it, at a terminal of this size, or at pipes. It has ended when this is left, whatever happened.

    Raises:
        OSError: it could not be started.
    """
    program = await (_at_terminal(command, size) if size else _at_pipes(command))
    try:
        yield program
    finally:
        await program.close()


async def end(groups: Collection[int]) -> None:
    """Hangs up on process groups, and kills what is left of them after GRACE_SECONDS."""
    deadline = asyncio.get_running_loop().time() + GRACE_SECONDS
    left = [group for group in groups if _signal(group, signal.SIGHUP)]
    for group in left:
        _signal(group, signal.SIGCONT)  # one that stands still hears nothing
    while left and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(_STEP)
        left = [group for group in left if _signal(group, 0)]
    for group in left:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Whether there is somebody whom it reached."""
    try:
        os.killpg(group, number)
    except OSError:
        return False
    return True


async def _at_terminal(command: Command, size: Size) -> LocalProgram:
    master, path = _terminal(command.root)
    try:
        _resize(master, size)
        nothing = asyncio.subprocess.DEVNULL
        process = await _start(command, (_AT_TERMINAL, _NAME, path), nothing, nothing)
    except BaseException:
        os.close(master)
        raise
    return LocalProgram(process, master, master, tty=True)


async def _at_pipes(command: Command) -> LocalProgram:
    its_input, given = os.pipe()
    output, its_output = os.pipe()
    try:
        process = await _start(command, (_AT_PIPES, _NAME), its_input, its_output)
    except BaseException:
        os.close(given)
        os.close(output)
        raise
    finally:
        os.close(its_input)
        os.close(its_output)
    for descriptor in (given, output):
        os.set_blocking(descriptor, False)
    return LocalProgram(process, output, given, tty=False)


async def _start(command: Command, script: Sequence[str], given: int, output: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(*command.entering, *_SHELL, *script, *command.arguments),
        stdin=given,
        stdout=output,
        stderr=output,
        env=command.environment,
        cwd="/",
        start_new_session=True,
    )


def _terminal(root: str) -> tuple[int, str]:
    """Our side of a new terminal, and the path of the other."""
    master = os.open(f"{root}/dev/ptmx", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    fcntl.ioctl(master, _UNLOCK, _NO_LOCK)
    (number,) = struct.unpack("i", fcntl.ioctl(master, _NUMBER, _NO_LOCK))
    return master, f"/dev/pts/{number}"


def _resize(terminal: int, size: Size) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size.height, size.width, 0, 0))


def _available(descriptor: int) -> bytes | None:
    """What can be read at once; None: nothing now, b"": nothing ever again."""
    parts, room = [], READ_BYTES
    with suppress(BlockingIOError):
        while room:
            part = _read(descriptor, room)
            parts.append(part)
            if not part:
                break
            room -= len(part)
    return b"".join(parts) if parts else None


def _read(descriptor: int, size: int) -> bytes:
    try:
        return os.read(descriptor, size)
    except BlockingIOError:
        raise
    except OSError:  # a terminal that no program has open any more
        return b""
