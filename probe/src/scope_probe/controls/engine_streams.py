"""What runs in containers, spoken to through connections of the Docker API."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from scope_probe import proc
from scope_probe.containers import cgroups, docker_api
from scope_probe.containers.docker_api import FAILURES, Api
from scope_probe.controls.pty import END_OF_INPUT, READ_BYTES, end
from scope_sdk.pipes import Size

#: Keys that detach, for engines cannot be told to have none; nobody types these. Theirs begin with Ctrl-P, which they
#: keep from shells until the next key.
DETACH_KEYS = ",".join(["ctrl-@", "ctrl-^"] * 4)

_HEAD = 8
_TRIES, _PAUSE = 50, 0.05


class Readable(Protocol):
    """What a connection gives."""

    async def read(self, n: int = -1) -> bytes:
        """The next bytes, so many at most; b"" at the end."""


@dataclass
class Demultiplexer:
    """Takes the heads off the frames by which the API tells standard output from standard error (`ContainerAttach`).

    A head is the number of the stream, three zeros, and the frame's length in four bytes.
    """

    _head: bytearray = field(default_factory=bytearray, init=False)
    _left: int = field(default=0, init=False)

    def strip(self, data: bytes) -> bytes:
        """What of the next bytes was written by the program."""
        written, at = bytearray(), 0
        while at < len(data):
            if self._left:
                part = data[at : at + self._left]
                written += part
                self._left -= len(part)
            else:
                part = data[at : at + _HEAD - len(self._head)]
                self._take_head(part)
            at += len(part)
        return bytes(written)

    def _take_head(self, part: bytes) -> None:
        self._head += part
        if len(self._head) == _HEAD:
            self._left = int.from_bytes(self._head[4:], "big")
            self._head.clear()


class Followed:
    """A log, which is only read; see Program. With a terminal in between its bytes come as they are."""

    def __init__(self, written: Readable, *, tty: bool) -> None:
        self._written = written
        self._frames = None if tty else Demultiplexer()

    async def read(self) -> bytes:
        """See Program."""
        while data := await self._written.read(READ_BYTES):
            written = self._frames.strip(data) if self._frames else data
            if written:
                return written
        return b""

    async def write(self, data: bytes) -> None:
        """A log reads nothing."""

    async def finish(self) -> None:
        """A log reads nothing."""

    async def resize(self, size: Size) -> None:
        """A log has no terminal."""

    async def status(self) -> int:
        """A log ends well."""
        return 0


class _Connected(Followed):
    """What runs at the other end of a connection."""

    def __init__(self, api: Api, path: str, connection: docker_api.Connection, *, tty: bool) -> None:
        super().__init__(connection[0], tty=tty)
        self._api = api
        self._path = path
        self._writer = connection[1]
        self._tty = tty

    async def write(self, data: bytes) -> None:
        """See Program."""
        with suppress(OSError):  # the end of what it wrote tells the rest
            self._writer.write(data)
            await self._writer.drain()

    async def finish(self) -> None:
        """See Program."""
        if self._tty:
            await self.write(END_OF_INPUT)
        else:
            with suppress(OSError):
                self._writer.write_eof()

    async def resize(self, size: Size) -> None:
        """See Program. An engine that starts something has no terminal of it yet for a moment."""
        shown = {"h": str(size.height), "w": str(size.width)}
        for _ in range(_TRIES if self._tty else 0):
            with suppress(*FAILURES):
                await self._api.do("POST", f"{self._path}/resize", shown)
                return
            await asyncio.sleep(_PAUSE)

    async def _inspected(self) -> Any:
        return await self._api.get(f"{self._path}/json")

    async def _ended(self, state: Callable[[Any], Any]) -> Any:
        """Its state when it has ended, which an engine may say a moment after the end of what it wrote."""
        for _ in range(_TRIES):
            found = state(await self._inspected())
            if not found["Running"]:
                break
            await asyncio.sleep(_PAUSE)
        return found


class Attached(_Connected):
    """The first process of a container, which goes on when nobody is attached to it any more."""

    @classmethod
    @asynccontextmanager
    async def to(cls, api: Api, socket: Path, container: str, *, tty: bool, typed: bool) -> AsyncIterator["Attached"]:
        """Attached for as long as this is open; with `typed` to what it reads, too."""
        path = f"/containers/{container}"
        query = f"stream=1&stdout=1&stderr=1&stdin={int(typed)}&detachKeys={quote(DETACH_KEYS)}"
        async with docker_api.hijacked(socket, f"{path}/attach?{query}") as connection:
            yield cls(api, path, connection, tty=tty)

    async def status(self) -> int:
        """See Program; 0 where it still runs."""
        state = await self._ended(lambda found: found["State"])
        return 0 if state["Running"] else int(state["ExitCode"])


class Executed(_Connected):
    """A program that was started in a container, and ends when nobody uses it any more."""

    @classmethod
    @asynccontextmanager
    async def started(
        cls, api: Api, socket: Path, container: str, exec_: str, *, tty: bool
    ) -> AsyncIterator["Executed"]:
        """Runs for as long as this is open."""
        path, body = f"/exec/{exec_}", {"Detach": False, "Tty": tty}
        async with docker_api.hijacked(socket, f"{path}/start", body) as connection:
            program = cls(api, path, connection, tty=tty)
            try:
                yield program
            finally:
                await program._end(container)

    async def status(self) -> int:
        """See Program."""
        return int((await self._ended(lambda found: found))["ExitCode"] or 0)

    async def _end(self, container: str) -> None:
        """Has it end, where it is seen from here: engines let it run on."""
        found = None
        with suppress(*FAILURES):
            found = await self._inspected()
        if found and found["Running"]:
            await end(_groups(int(found.get("Pid") or 0), container))


def _groups(pid: int, container: str) -> Collection[int]:
    """The process group of a process, and the one in the foreground of its terminal, if it is in that container."""
    if not pid or cgroups.container_of(pid) != container:
        return ()
    with suppress(OSError):
        return {os.getpgid(pid), proc.foreground(pid) or -1} - {-1}
    return ()
