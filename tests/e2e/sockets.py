"""A page's end of a pipe: a WebSocket, and another one whenever that is lost."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

import aiohttp

from tests.e2e.client import Answer, Api, wait_for

WINDOW = 256 * 1024
_AGAIN = 0.1


class Page:
    """What a page knows of a pipe.

    Attributes:
        shown: the bytes that came, those that came again left out.
        end: how it ended; None while it has not.
    """

    def __init__(self, session: aiohttp.ClientSession, api: Api, pipe: str) -> None:
        self.shown = bytearray()
        self.end: dict[str, Any] | None = None
        self.ended = asyncio.Event()
        self._session = session
        self._api = api
        self._url = f"{api.url}/api/pipe/{pipe}"
        self._typed = bytearray()
        self._sent = self._taken = 0
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._joined = False

    async def run(self) -> None:
        """Stays connected until the pipe ends."""
        while self.end is None:
            headers = {**self._api.headers, "origin": self._api.url}
            url = f"{self._url}?received={len(self.shown)}"
            try:
                async with self._session.ws_connect(url, headers=headers, heartbeat=5) as self._socket:
                    await self._listen(self._socket)
            except aiohttp.WSServerHandshakeError as error:
                if error.status in (401, 403, 404):
                    self._finish({"reason": str(error.status), "message": error.message})
            except (aiohttp.ClientError, OSError):
                pass
            self._joined = False
            await asyncio.sleep(_AGAIN)

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                self.shown += message.data
                await socket.send_json({"ack": len(self.shown)})
            elif message.type == aiohttp.WSMsgType.TEXT:
                await self._heard(socket, json.loads(message.data))

    async def _heard(self, socket: aiohttp.ClientWebSocketResponse, said: dict[str, Any]) -> None:
        if "end" in said:
            self._finish(said["end"])
        if "ack" in said:
            self._taken = max(self._taken, said["ack"])
        if "rewind" in said:
            self._sent, self._joined = said["rewind"], True
            await socket.send_json({"from": self._sent})
        await self._send(socket)

    async def _send(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while self._joined and (room := min(self._taken + WINDOW, len(self._typed)) - self._sent) > 0:
            piece = bytes(self._typed[self._sent : self._sent + min(room, 65_536)])
            self._sent += len(piece)
            await socket.send_bytes(piece)

    async def type(self, data: bytes) -> None:
        """Sends bytes, as soon as there is somebody to take them."""
        self._typed += data
        if self._socket is not None and not self._socket.closed:
            await self._send(self._socket)

    async def until(self, text: bytes, within: float = 90.0) -> None:
        """Waits until something is shown."""
        async with asyncio.timeout(within):
            while text not in self.shown:
                assert self.end is None, (self.end, bytes(self.shown[-300:]))
                await asyncio.sleep(0.02)

    async def over(self, within: float = 90.0) -> dict[str, Any]:
        """Waits for the end."""
        async with asyncio.timeout(within):
            await self.ended.wait()
        assert self.end is not None
        return self.end

    def _finish(self, end: dict[str, Any]) -> None:
        self.end = self.end or end
        self.ended.set()


@asynccontextmanager
async def page(api: Api, pipe: str) -> AsyncIterator[Page]:
    """A page that shows a pipe until the block ends."""
    async with aiohttp.ClientSession() as session:
        shown = Page(session, api, pipe)
        running = asyncio.create_task(shown.run())
        try:
            yield shown
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def execute(api: Api, line: str) -> str:
    """The id of the pipe to a line of a shell of this machine, which runs as soon as it can be run."""
    host = quote(f"{socket.gethostname()};<host>", safe="")
    path = f"/api/topology/hosts/{host}"
    seen = wait_for(lambda: api.get(path).json().get("node", {}).get("controls"), "the controls of this machine")
    arguments = {"tty": "false", "command": json.dumps(["sh", "-c", line])}
    call = f"/api/control/{seen[0]['probeId']}/{host}/host_exec"
    return wait_for(lambda: _opened(api.post(call, arguments)), "a shell")


def _opened(answer: Answer) -> str:
    if answer.status != 200:
        raise HTTPException(f"{answer.status} {answer.body!r}")
    return str(answer.json()["pipe"])
