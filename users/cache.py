"""Credentials remembered for two seconds, so that a busy caller costs the database one query in that time."""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from users.credentials import Holder
from users.instruments import LOOKUPS
from users.secrets import Secret

#: How old what is known of a credential may be, in seconds: a revocation is felt after it.
FRESH = 2.0
#: How many credentials are remembered.
SIZE = 10_000


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

    async def holder(self, secret: Secret) -> Holder | None:
        """Who holds the secret; None when it is worth nothing.

        Raises:
            ServiceError: UNAVAILABLE when that cannot be found out.
        """
        known = self._known.get(secret)
        asked = self._clock()
        if known is not None and asked - known[0] < FRESH:
            LOOKUPS.add(1, "cache")
            return known[1]
        LOOKUPS.add(1, "database")
        self._known.pop(secret, None)
        holder = await self._read(secret)
        if holder is not None:
            self._remember(secret, asked, holder)
        return holder

    def forget(self) -> None:
        """Forgets everything, after a revocation: it is then felt here at once."""
        self._known.clear()

    def _remember(self, secret: Secret, asked: float, holder: Holder) -> None:
        self._known[secret] = (asked, holder)
        self._known.move_to_end(secret)
        if len(self._known) > SIZE:
            self._known.popitem(last=False)
