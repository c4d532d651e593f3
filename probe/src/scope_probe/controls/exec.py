"""What controls that run a program are told, and the program's bytes on their way through a pipe."""

import asyncio
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from scope_probe.controls.pty import READ_BYTES
from scope_sdk.controls import ControlError, Ended, Result, Session, Stream, Terminal
from scope_sdk.pipes import Pipe, PipeEnded, Size

COALESCE_SECONDS = 0.002
"""What is written within so little time goes through the pipe together: a frame costs more than its bytes."""

SIZE = Size(80, 24)
TERM = "xterm-256color"

_SIZE_MAX = 10_000
_TERM = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._-]{0,63}")


class Program(Protocol):
    """Something that runs and is spoken to."""

    async def read(self) -> bytes:
        """What it wrote, READ_BYTES at most; b"" when it has ended, and all that it wrote is read."""

    async def write(self, data: bytes) -> None:
        """Has it read this, as fast as it does; what it reads no more is lost."""

    async def finish(self) -> None:
        """Tells it that nothing follows."""

    async def resize(self, size: Size) -> None:
        """Tells it how large its terminal is."""

    async def status(self) -> int:
        """How it ended: its exit status, or 128 and the number of the signal that ended it."""


@dataclass(frozen=True)
class Wanted:
    """What to run: `command`, or a login shell where that is empty; without a terminal where `size` is None."""

    command: Sequence[str]
    size: Size | None
    term: str

    def result(self, session: Session) -> Result:
        """What the control answers."""
        return Terminal(session) if self.size else Stream(session)


def wanted(*, command: str, tty: bool, width: int, height: int, term: str) -> Wanted:
    """What somebody told a control to run.

    Raises:
        ControlError: one of the arguments is wrong.
    """
    for name, value in (("width", width), ("height", height)):
        if not 1 <= value <= _SIZE_MAX:
            raise ControlError(f"the argument {name} must be from 1 to {_SIZE_MAX}")
    if not _TERM.fullmatch(term):
        raise ControlError(f"the argument term must be the name of a kind of terminal, such as {TERM}")
    return Wanted(_command(command), Size(width, height) if tty else None, term)


def _command(text: str) -> list[str]:
    if not text:
        return []
    with suppress(ValueError):
        parsed = json.loads(text)
        if isinstance(parsed, list) and parsed and all(isinstance(part, str) and "\0" not in part for part in parsed):
            return parsed
    raise ControlError('the argument command must be a JSON array of a program and its arguments: ["ls", "-l"]')


async def relay(pipe: Pipe, program: Program, size: Size | None = None, *, read_only: bool = False) -> Ended:
    """Carries bytes both ways until the program has ended; with `read_only` only what it writes.

    Its terminal is as large as the one that shows it, which is of this size until something else is said.

    Whoever reads slowly makes the program wait, and the other way round.
    """
    other = asyncio.create_task(_follow(pipe, program, size, read_only=read_only))
    try:
        await _show(program, pipe)
        return Ended(await program.status())
    finally:
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)


async def _show(program: Program, pipe: Pipe) -> None:
    while written := await program.read():
        await pipe.write(written)
        if len(written) < READ_BYTES:
            await asyncio.sleep(COALESCE_SECONDS)


async def _follow(pipe: Pipe, program: Program, size: Size | None, *, read_only: bool) -> None:
    if read_only:
        return
    changed = asyncio.Event()
    pipe.on_resize = lambda _: changed.set()
    if first := pipe.size or size:
        await program.resize(first)  # before it is told anything
    await asyncio.gather(_feed(pipe, program), _fit(pipe, program, changed))


async def _feed(pipe: Pipe, program: Program) -> None:
    with suppress(PipeEnded):
        while typed := await pipe.read():
            await program.write(typed)
        await program.finish()


async def _fit(pipe: Pipe, program: Program, changed: asyncio.Event) -> None:
    """Has the program's terminal follow the size of the one that shows it."""
    while True:
        await changed.wait()
        changed.clear()
        if pipe.size:
            await program.resize(pipe.size)
