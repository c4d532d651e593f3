"""How many reports, and of how many probes, an organization may send. Each replica counts for itself."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from mesh.errors import ServiceError, limit_exceeded, rate_exceeded
from mesh.rates import Buckets

#: For how many seconds' worth of its rate somebody who was silent may report at once.
BURST_SECONDS = 3.0
#: How long to wait where that is used up, in seconds: a second's worth may then come at once.
WAIT_SECONDS = 1.0
#: How long the log's answer about an organization's probes is good for, in seconds.
FRESH = 2.0


class Rate:
    """A rate of reports that each of many may keep up.

    Args:
        per_second: how many a second.
        whose: whom it is for, as messages say it.
        setting: the environment variable that raises it.
        clock: seconds; for tests.
    """

    def __init__(
        self, per_second: float, whose: str, setting: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_second = per_second
        self._whose = whose
        self._setting = setting
        self._buckets = Buckets(BURST_SECONDS * per_second, 1 / per_second, clock)

    def take(self, name: str, own: int | None = None) -> None:
        """Counts one of somebody's reports; `own`: how many a second that one may send, where all others may not.

        Raises:
            ServiceError: RESOURCE_EXHAUSTED (RATE_EXCEEDED) where it is too many; it says how long to wait.
        """
        if self._buckets.take(name, own and 1 / own):
            raise self._exceeded(own)

    def _exceeded(self, own: int | None) -> ServiceError:
        message = (
            f"this {self._whose} sends more than {own or self._per_second:.0f} reports a second and this one was not "
            f"stored; wait, then go on with it, or {_raised(self._setting, own)}"
        )
        return rate_exceeded(message, WAIT_SECONDS)


def _raised(setting: str, own: int | None) -> str:
    """Who can do something about a limit, and what."""
    if own is None:
        return f"have an operator raise {setting}"
    return "have an administrator of the deployment raise the organization's own limit"


class Probes:
    """Which probes each organization's log holds.

    The log is asked once for all who come within two seconds; who is admitted meanwhile is counted here. Replicas do
    not see each other's, so that together they may admit some more in that time.

    Args:
        ask: answers the probes that an organization's log holds.
        most: how many one may hold.
        clock: seconds; for tests.
    """

    def __init__(
        self, ask: Callable[[str], Awaitable[set[str]]], most: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask = ask
        self._most = most
        self._clock = clock
        self._asked: OrderedDict[str, tuple[float, asyncio.Future[set[str]]]] = OrderedDict()

    async def admit(self, organization: str, probe: str, own: int | None = None) -> None:
        """Admits a probe that the log does not know; `own`: how many the organization may have, where that is its own.

        Raises:
            ServiceError: RESOURCE_EXHAUSTED (LIMIT_EXCEEDED) where the log holds too many, and what `ask` raises.
        """
        known = await self._known(organization)
        most = self._most if own is None else own
        if probe not in known and len(known) >= most:
            message = (
                f"the organization has {len(known)} probes and may have {most}; one that has ended is forgotten when "
                f"its last report is older than LOG_MAX_AGE; or {_raised('PROBES_PER_ORGANIZATION', own)}"
            )
            raise limit_exceeded(message)
        known.add(probe)

    async def _known(self, organization: str) -> set[str]:
        now = self._clock()
        while self._asked and now - next(iter(self._asked.values()))[0] >= FRESH:
            self._asked.popitem(last=False)
        if organization not in self._asked:
            self._asked[organization] = now, asyncio.ensure_future(self._ask(organization))
        try:
            return await asyncio.shield(self._asked[organization][1])  # others wait for it too
        except ServiceError:
            self._asked.pop(organization, None)
            raise
