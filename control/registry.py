"""The streams of probes that this replica holds."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager

from nats.aio.client import Client

from control.holding import ProbeStream
from control.instruments import STREAMS, UNDER_WAY
from control.subscriptions import Subscriptions
from mesh.identity import Verifier
from mesh.routes import timestamp
from scope.routes.v1.routes_pb2 import Held

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
        self._newest: dict[tuple[str, str], ProbeStream] = {}
        self._all: set[ProbeStream] = set()
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

    def get(self, organization: str, probe: str) -> ProbeStream | None:
        """The stream of a probe that takes calls here, if there is one."""
        held = self._newest.get((organization, probe))
        return held if held is not None and held.takes_calls else None

    def routes(self) -> Iterator[Held]:
        """The probes whose calls come here."""
        for held in list(self._newest.values()):
            if held.takes_calls:
                yield Held(organization=held.organization, probe_id=held.probe, since=timestamp(held.since))

    @asynccontextmanager
    async def holding(self, held: ProbeStream) -> AsyncIterator[Subscriptions]:
        """Has a stream take calls, in place of the probe's older ones wherever they are, while the body runs.

        Raises:
            ServiceError: UNAVAILABLE (SERVICE_UNAVAILABLE) where the bus cannot be reached.
        """
        subscriptions = Subscriptions(self._client, self._verifier, held)
        await subscriptions.open()
        name = held.organization, held.probe
        self._newest[name] = held
        self._all.add(held)
        try:
            yield subscriptions
        finally:
            self._all.discard(held)
            if self._newest.get(name) is held:
                del self._newest[name]
            closing = asyncio.create_task(subscriptions.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
