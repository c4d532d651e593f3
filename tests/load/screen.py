"""A browser's end of a pipe that costs little."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import quote

import aiohttp
import orjson
from yarl import URL

from tests.load.target import Target

PATIENCE = 20.0
"""Seconds that anything of a pipe may take."""

WORTH_SAYING = 32 * 1024
"""After how many bytes the pages acknowledge at once."""

_ACK_AFTER = 0.05  # seconds after which they acknowledge fewer
_NODE = "load;<host>"


class Screen:
    """One WebSocket, on which no byte is sent twice: where it breaks, that is an error.

    Attributes:
        received: how many bytes have come.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, worth: int) -> None:
        """Made by `Browser.open`; `worth`: after how many bytes it acknowledges at once."""
        self.received = 0
        self._socket = socket
        self._worth = worth
        self._acknowledged = self._sent = 0
        self._joined = False
        self._later: asyncio.TimerHandle | None = None
        self._saying: asyncio.Task[None] | None = None

    async def more(self) -> bytes:
        """The next bytes of the probe. RuntimeError where none follow."""
        while True:
            data = (await self._heard()).data
            if isinstance(data, bytes):
                self.received += len(data)
                await self._took()
                return data

    async def read(self, size: int) -> bytes:
        """So many of them; RuntimeError where they do not come within PATIENCE."""
        found = b""
        try:
            async with asyncio.timeout(PATIENCE):
                while len(found) < size:
                    found += await self.more()
        except TimeoutError:
            raise RuntimeError(f"of {size} bytes {len(found)} came within {PATIENCE:g} s") from None
        return found

    async def type(self, data: bytes) -> None:
        """Sends bytes, once the probe is there."""
        while not self._joined:
            await self._heard()
        self._sent += len(data)
        await self._socket.send_bytes(data)

    async def end(self) -> None:
        """Ends the pipe."""
        if self._later is not None:
            self._later.cancel()
        with suppress(ConnectionResetError):
            await self._say(end={})

    async def _heard(self) -> aiohttp.WSMessage:
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.TEXT:
            said = orjson.loads(message.data)
            if "end" in said:
                raise RuntimeError(f"a pipe ended: {said['end']}")
            if "rewind" in said:
                if said["rewind"] != self._sent:
                    raise RuntimeError(f"of {self._sent} bytes that were typed {said['rewind']} arrived")
                self._joined = True
                await self._say(**{"from": self._sent})
        elif message.type is not aiohttp.WSMsgType.BINARY:
            raise RuntimeError(f"a WebSocket was closed: {message.data} {message.extra}")
        return message

    async def _took(self) -> None:
        if self.received - self._acknowledged >= self._worth:
            await self._acknowledge()
        elif self._later is None:
            self._later = asyncio.get_running_loop().call_later(_ACK_AFTER, self._say_soon)

    def _say_soon(self) -> None:
        self._later = None
        self._saying = asyncio.create_task(self._acknowledge())

    async def _acknowledge(self) -> None:
        if self.received > self._acknowledged:
            self._acknowledged = self.received
            with suppress(ConnectionResetError):  # whoever reads hears of it
                await self._say(ack=self.received)

    async def _say(self, **said: object) -> None:
        await self._socket.send_str(orjson.dumps(said).decode())


@dataclass(frozen=True)
class At:
    """Where WebSockets are asked for: the URL, and the headers that say who asks."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Browser:
    """Opens pipes by REST, and their WebSockets.

    Args:
        target: where.
        probe: which probe's controls it calls.
    """

    def __init__(self, target: Target, probe: str) -> None:
        self._url = target.url
        self._probe = probe
        self._headers = {"authorization": f"Bearer {target.api_token}"}
        self._tls = target.tls() or True
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(limit=0, ssl=self._tls)
        session = aiohttp.ClientSession(headers=self._headers, connector=connector)
        self._session = await self._stack.enter_async_context(session)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def open(
        self, control: str, *, at: At | None = None, worth: int = WORTH_SAYING, **arguments: str
    ) -> AsyncIterator[Screen]:
        """A pipe that a control has opened, ended on leaving.

        Args:
            control: which.
            at: where the WebSocket is asked for; by default at the edge.
            worth: after how many bytes it is acknowledged at once.
            arguments: of the control.

        Raises:
            RuntimeError: the control was refused, or the WebSocket.
        """
        at = at or At(self._url)
        async with asyncio.timeout(PATIENCE):
            pipe = await self._invoke(control, arguments)
            try:
                socket = await self._session.ws_connect(f"{at.url}/api/pipe/{pipe}", headers=at.headers, max_msg_size=0)
            except aiohttp.ClientError as error:
                raise RuntimeError(f"no WebSocket: {error}") from error
        screen = Screen(socket, worth)
        async with socket:
            try:
                yield screen
            finally:
                await screen.end()

    async def _invoke(self, control: str, arguments: dict[str, str]) -> str:
        path = f"/api/control/{self._probe}/{quote(_NODE, safe='')}/{control}"
        address = URL(f"{self._url}{path}", encoded=True)
        async with self._session.post(address, json=arguments) as answer:
            said = await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{control}: {answer.status} {said.decode()[:300]}")
        pipe: str = orjson.loads(said)["pipe"]
        return pipe
