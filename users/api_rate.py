"""How often one credential may call: counted by each replica for itself, before a service has any work with it."""

import time
from collections.abc import Callable

from mesh.errors import rate_exceeded
from mesh.rates import Buckets, Rate
from scope.auth.v1.access_pb2 import Caller
from users.credentials import Holder


class ApiRate:
    """A rate that each API token and each session has.

    Args:
        rate: it.
        clock: seconds; for tests.
    """

    def __init__(self, rate: Rate, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._buckets = Buckets(rate.count, rate.interval.total_seconds(), clock)

    def take(self, holder: Holder) -> None:
        """Counts a call; of probes none, who call once for all their reports, which collection counts.

        Raises:
            ServiceError: RESOURCE_EXHAUSTED (RATE_EXCEEDED) where it is too many; it says how long to wait.
        """
        if holder.caller == Caller.CALLER_PROBE:
            return
        if wait := self._buckets.take(holder.credential):
            message = (
                f"too many calls: at each replica this credential may make {self._rate.text}; try again in a moment, "
                "or have an operator raise API_RATE"
            )
            raise rate_exceeded(message, wait)
