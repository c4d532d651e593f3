"""How many reports, and of how many probes, an organization may send. Each replica counts for itself."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import grpc

from mesh.errors import ServiceError
from mesh.rates import Buckets
from scope.errors.v1.errors_pb2 import Reason

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

    def take(self, name: str) -> None:
        """Counts one of somebody's reports.

        Raises:
            ServiceError: RESOURCE_EXHAUSTED (RATE_EXCEEDED) where it is too many; it says how long to wait.
        """
        if self._buckets.take(name):
            raise self._exceeded()

    def _exceeded(self) -> ServiceError:
        message = (
            f"this {self._whose} sends more than {self._per_second:.0f} reports a second and this one was not stored; "
            f"wait, then go on with it, or have an operator raise {self._setting}"
        )
        code, reason = grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.REASON_RATE_EXCEEDED
        return ServiceError(code, reason, message, retry_after=WAIT_SECONDS)


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

    async def admit(self, organization: str, probe: str) -> None:
        """Admits a probe that the log does not know.

        Raises:
            ServiceError: RESOURCE_EXHAUSTED (LIMIT_EXCEEDED) where the log holds too many, and what `ask` raises.
        """
        known = await self._known(organization)
        if probe not in known and len(known) >= self._most:
            message = (
                f"the organization has {self._most} probes, which is the most; one that has ended is forgotten "
                "when its last report is older than LOG_MAX_AGE; an operator can raise PROBES_PER_ORGANIZATION"
            )
            raise ServiceError(grpc.StatusCode.RESOURCE_EXHAUSTED, Reason.REASON_LIMIT_EXCEEDED, message)
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
