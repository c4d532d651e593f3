"""Credentials remembered for two seconds, so that a busy caller costs the database one query in that time.

Failures are not remembered. Inventing secrets costs a query each, but there is a bound on how many are under way, and
those who were known a moment ago do not wait behind them: neither here nor for a connection to the database.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from mesh.errors import unavailable
from scope.errors.v1.errors_pb2 import Reason
from users import instruments
from users.credentials import Holder
from users.database import CONNECTIONS
from users.secrets import Secret

#: How old what is known of a credential may be, in seconds: a revocation is felt after it.
FRESH = 2.0
#: How many credentials are remembered.
SIZE = 10_000
#: How many credentials are looked up at once; those that are remembered, but no longer fresh, come on top.
LOOKUPS = 1_000
#: How many of those may ask the database at the same time: half of its connections.
READS = CONNECTIONS // 2


class Credentials:
    """Holders by secret. Only good credentials are remembered: a failure is asked again.

    Args:
        read: asks the database.
        clock: seconds; for tests.
    """

    def __init__(
        self, read: Callable[[Secret], Awaitable[Holder | None]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._read = read
        self._clock = clock
        self._known: OrderedDict[Secret, tuple[float, Holder]] = OrderedDict()
        self._asking: dict[Secret, asyncio.Future[Holder | None]] = {}
        self._reads = asyncio.Semaphore(READS)

    async def holder(self, secret: Secret, *, anew: bool = False) -> Holder | None:
        """Who holds the secret, looked up `anew` or as remembered; None when it is worth nothing.

        Raises:
            ServiceError: UNAVAILABLE when that cannot be found out.
        """
        known = self._known.get(secret)
        if known is not None and not anew and self._clock() - known[0] < FRESH:
            instruments.LOOKUPS.add(1, "cache")
            return known[1]
        if secret not in self._asking:
            if len(self._asking) >= LOOKUPS and known is None:
                message = f"more than {LOOKUPS} credentials are being looked up; try again in a moment"
                raise unavailable(Reason.REASON_IDENTITY_UNAVAILABLE, message)
            instruments.LOOKUPS.add(1, "database")
            turn = self._reads if known is None else nullcontext()
            self._asking[secret] = asyncio.ensure_future(self._look_up(secret, turn))
        return await asyncio.shield(self._asking[secret])  # others wait for it too

    def forget(self) -> None:
        """Asks again about everybody, after a revocation: it is then felt at once. Who was known is not unknown."""
        self._known = OrderedDict((secret, (-math.inf, holder)) for secret, (_, holder) in self._known.items())
        self._asking.clear()

    async def _look_up(self, secret: Secret, turn: AbstractAsyncContextManager[None]) -> Holder | None:
        this = asyncio.current_task()
        try:
            async with turn:
                asked = self._clock()
                holder = await self._read(secret)
            if self._asking.get(secret) is this:
                self._remember(secret, asked, holder)
            return holder
        finally:
            if self._asking.get(secret) is this:
                del self._asking[secret]

    def _remember(self, secret: Secret, asked: float, holder: Holder | None) -> None:
        self._known.pop(secret, None)
        if holder is not None:
            self._known[secret] = (asked, holder)
        if len(self._known) > SIZE:
            self._known.popitem(last=False)
