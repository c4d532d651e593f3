"""Requests to whoever speaks the Docker Engine API on a unix socket: Docker itself, or Podman."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

ANSWER_BYTES = 32 * 1024 * 1024
ANSWER_SECONDS = 10.0
CONNECT_SECONDS = 3.0
_EVENT_BYTES = 1024 * 1024
_ORIGIN = "http://localhost"  # whom the requests are addressed to; where they go is the socket


_HEAD_BYTES = 64 * 1024
_UPGRADED = (101, 200)


class ApiError(Exception):
    """It was reached and did not answer as the API has it; `status` is that of HTTP, 0 where it is not to blame."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


#: What a hijacked connection is read and written by.
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

#: What any request may end with, besides a ValueError where an answer is no JSON. (Those of timeouts are OSErrors.)
FAILURES = (aiohttp.ClientError, ApiError, OSError)


class Api:
    """The API at one socket. No path names a version, so that the engine's newest answers."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, path: str, **parameters: str) -> Any:
        """What it answers. One of FAILURES where that takes too long, is too large or an error."""
        return await self.do("GET", path, parameters)

    async def do(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str] | None = None,
        body: object = None,
        *,
        seconds: float = ANSWER_SECONDS,
    ) -> Any:
        """Has something done; what it answers, None where that is nothing. One of FAILURES as of `get`."""
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        async with self._session.request(
            method, f"{_ORIGIN}{path}", params=parameters, json=body, timeout=timeout
        ) as response:
            answer = bytearray()
            async for part in response.content.iter_any():
                answer += part
                if len(answer) > ANSWER_BYTES:
                    raise ApiError(f"its answer to {path} is larger than {ANSWER_BYTES} bytes")
        if response.status >= 400:
            raise _refused(answer, path, response.status)
        return json.loads(answer) if answer else None

    @asynccontextmanager
    async def reading(self, path: str, **parameters: str) -> AsyncIterator[aiohttp.StreamReader]:
        """What it goes on to answer for as long as it likes."""
        unlimited = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        async with self._session.get(f"{_ORIGIN}{path}", params=parameters, timeout=unlimited) as response:
            if response.status != 200:
                raise _refused(await response.content.read(_HEAD_BYTES), path, response.status)
            yield response.content

    async def events(self) -> AsyncGenerator[Any]:
        """Nothing once it listens to us, then what happens, until the engine ends it."""
        unlimited = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS)
        async with self._session.get(f"{_ORIGIN}/events", timeout=unlimited) as response:
            if response.status != 200:
                raise ApiError(f"it answers {response.status} to /events", response.status)
            yield None
            async for line in response.content:
                yield json.loads(line)


@asynccontextmanager
async def opened(socket: Path) -> AsyncIterator[Api]:
    """The API at this socket. Nothing is asked yet."""
    async with aiohttp.ClientSession(
        connector=aiohttp.UnixConnector(str(socket)),
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS, sock_connect=CONNECT_SECONDS),
        read_bufsize=_EVENT_BYTES,
    ) as session:
        yield Api(session)


@asynccontextmanager
async def hijacked(socket: Path, path: str, body: object = None) -> AsyncIterator[Connection]:
    """The connection of a request, which carries bytes both ways once it is answered.

    Raises one of FAILURES.
    """
    content = json.dumps(body).encode() if body is not None else b""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    async with asyncio.timeout(CONNECT_SECONDS):
        reader, writer = await asyncio.open_unix_connection(socket, limit=_HEAD_BYTES)
    try:
        writer.write(head.encode() + content)
        async with asyncio.timeout(ANSWER_SECONDS):
            await _upgraded(reader, path)
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _upgraded(reader: asyncio.StreamReader, path: str) -> None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head.split(maxsplit=2)[1])
    except (EOFError, asyncio.LimitOverrunError, IndexError, ValueError):
        raise ApiError(f"what it answers to {path} is no HTTP") from None
    if status not in _UPGRADED:
        raise _refused(await reader.read(_HEAD_BYTES), path, status)


def _refused(answer: bytes | bytearray, path: str, status: int) -> ApiError:
    """An error in the engine's own words, where it has some."""
    with suppress(ValueError):
        parsed = json.loads(answer)
        if isinstance(parsed, Mapping) and parsed.get("message"):
            return ApiError(str(parsed["message"]), status)
    return ApiError(f"it answers {status} to {path}", status)
