"""Requests to whoever speaks the Docker Engine API on a unix socket: Docker itself, or Podman."""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

ANSWER_BYTES = 32 * 1024 * 1024
ANSWER_SECONDS = 10.0
CONNECT_SECONDS = 3.0
_EVENT_BYTES = 1024 * 1024
_ORIGIN = "http://localhost"  # whom the requests are addressed to; where they go is the socket


class ApiError(Exception):
    """It was reached and did not answer as the API has it; `status` is that of HTTP, 0 where it is not to blame."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


#: What any request may end with, besides a ValueError where an answer is no JSON. (Those of timeouts are OSErrors.)
FAILURES = (aiohttp.ClientError, ApiError, OSError)


class Api:
    """The API at one socket. No path names a version, so that the engine's newest answers."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, path: str, **parameters: str) -> Any:
        """What it answers. One of FAILURES where that takes too long, is too large or an error."""
        async with self._session.get(f"{_ORIGIN}{path}", params=parameters) as response:
            body = bytearray()
            async for part in response.content.iter_any():
                body += part
                if len(body) > ANSWER_BYTES:
                    raise ApiError(f"its answer to {path} is larger than {ANSWER_BYTES} bytes")
        if response.status != 200:
            raise ApiError(f"it answers {response.status} to {path}", response.status)
        return json.loads(body)

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
