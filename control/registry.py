"""The streams of probes that this replica holds."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from nats.aio.client import Client

from control.holding import Held
from control.instruments import STREAMS, UNDER_WAY
from control.line import Line
from mesh.identity import Verifier

#: How long the last words about ended streams may take when the process leaves, in seconds.
LAST_WORDS = 2.0


class Registry:
    """Who is held here.

    Args:
        client: the bus.
        verifier: tells whose the calls are that come by it.
    """

    def __init__(self, client: Client, verifier: Verifier) -> None:
        self._client = client
        self._verifier = verifier
        self._held: dict[tuple[str, str], Held] = {}
        self._all: set[Held] = set()
        self._closing: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Counts who is held while the body runs, and waits a moment for what is to be said at the end."""
        with ExitStack() as counted:
            counted.enter_context(STREAMS.reads(lambda: len(self._all)))
            counted.enter_context(UNDER_WAY.reads(lambda: sum(held.under_way for held in list(self._all))))
            yield
            if self._closing:
                await asyncio.wait(self._closing, timeout=LAST_WORDS)

    def get(self, organization: str, probe: str) -> Held | None:
        """The stream of a probe that takes calls here, if there is one."""
        held = self._held.get((organization, probe))
        return held if held is not None and held.takes_calls else None

    @asynccontextmanager
    async def holding(self, held: Held) -> AsyncIterator[Line]:
        """Has a stream take calls, in place of the probe's older ones wherever they are, while the body runs.

        Raises:
            ServiceError: UNAVAILABLE (SERVICE_UNAVAILABLE) where the bus cannot be reached.
        """
        line = Line(self._client, self._verifier, held)
        await line.open()
        name = held.organization, held.probe
        self._held[name] = held
        self._all.add(held)
        try:
            yield line
        finally:
            self._all.discard(held)
            if self._held.get(name) is held:
                del self._held[name]
            closing = asyncio.create_task(line.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
