"""Calls at a fixed rate, whatever becomes of those before, and a client of REST that costs little."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from urllib.parse import urlsplit

from tests.load.measure import Window, now, pause_until

_STEP = 0.001  # seconds: how long a call may come early, so that the load does not wake up for each
_LAST_WITHIN = 5.0

Call = Callable[[], Awaitable[None]]
"""Raises RuntimeError, or OSError, where it failed."""


async def at_rate(call: Call, per_second: float, window: Window) -> tuple[list[float], int]:
    """How long each call took, counted from when it was due, and how many failed."""
    seconds: list[float] = []
    failed = 0

    async def timed(due: float) -> None:
        nonlocal failed
        try:
            await call()
            seconds.append(now() - due)
        except (RuntimeError, OSError):
            failed += 1

    calls = set()
    for place in range(round((window.end - window.begin) * per_second)):
        due = window.begin + place / per_second
        if due - now() > _STEP:
            await pause_until(due)
        calls.add(task := asyncio.ensure_future(timed(due)))
        task.add_done_callback(calls.discard)
    _, late = await asyncio.wait({*calls, asyncio.ensure_future(asyncio.sleep(0))}, timeout=_LAST_WITHIN)
    return seconds, failed + len(late)


async def one_after_another(call: Call, at_once: int, seconds: float) -> list[float]:
    """How long each call took of so many that each begin another when they are done."""
    took: list[float] = []
    until = now() + seconds

    async def repeat() -> None:
        while (began := time.monotonic()) < until:
            await call()
            took.append(now() - began)

    await asyncio.gather(*(repeat() for _ in range(at_once)))
    return took


class Rest(AbstractAsyncContextManager["Rest"]):
    """Calls over connections that are kept, as many as calls are under way.

    Args:
        url: of the edge.
        tls: whom to trust there; None where it speaks in clear.
    """

    def __init__(self, url: str, tls: ssl.SSLContext | None = None) -> None:
        self._address = urlsplit(url)
        self._tls = tls
        self._free: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(self, path: str, token: str = "") -> None:
        """Reads an answer that says how long it is. RuntimeError where it is not the status 200."""
        await self._call("GET", path, token)

    async def post(self, path: str, token: str) -> None:
        """The same, for a call without a body."""
        await self._call("POST", path, token, "Content-Length: 0\r\n")

    async def _call(self, method: str, path: str, token: str, more: str = "") -> None:
        reader, writer = self._free.pop() if self._free else await self._connect()
        headers = f"Host: {self._address.netloc}\r\n{more}" + (f"Authorization: Bearer {token}\r\n" if token else "")
        writer.write(f"{method} {path} HTTP/1.1\r\n{headers}\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0]))
        self._free.append((reader, writer))
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head.partition(b"\r\n")[0].decode())

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(self._address.hostname, self._address.port, ssl=self._tls)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for _, writer in self._free:
            writer.close()
            await writer.wait_closed()
