"""How often something may happen, as settings say it (`10 per hour`), and counted in one process's memory."""

import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

_ROUNDING = 1e-6  # what adding up numbers may lose
_FORM = re.compile(r"([1-9]\d{0,8}) per (?:([1-9]\d{0,4}) )?(second|minute|hour|day)s?", re.ASCII)


@dataclass(frozen=True)
class Rate:
    """So many in so long. As many may come at once; what was used comes back evenly."""

    count: int
    per: timedelta
    #: As a setting says it.
    text: str

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Reads `10 per hour`; raises ValueError that says what a rate looks like."""
        found = _FORM.fullmatch(" ".join(text.split()).lower())
        if found is None:
            raise ValueError(f"is {text!r}, not a rate like '10 per hour', '5 per 10 minutes' or '3 per second'")
        count, number, unit = found.groups()
        return cls(int(count), timedelta(**{f"{unit}s": int(number or 1)}), found[0])

    @property
    def interval(self) -> timedelta:
        """How long it takes until one comes back; rounded down, so that all fit into the time."""
        return self.per // self.count


def _read(value: Rate | str) -> Rate:
    return value if isinstance(value, Rate) else Rate.parse(value)


class Buckets:
    """What many use of a rate that each of them has, remembered as the moment when all of it has come back.

    Args:
        most: how many somebody who used nothing may use at once.
        interval: how long it takes until one comes back, in seconds.
        clock: seconds; for tests.
    """

    def __init__(self, most: float, interval: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._span = most * interval * (1 + _ROUNDING)
        self._interval = interval
        self._clock = clock
        # Whoever was here last is last. A bucket that is full is as good as one that is not there.
        self._full: OrderedDict[str, float] = OrderedDict()

    def take(self, name: str, interval: float | None = None) -> float:
        """Takes one of somebody's; where there is none it answers how long to wait for it, in seconds, otherwise 0.

        With an interval of its own somebody has another rate, and in the same time uses it up at once.
        """
        now = self._clock()
        while self._full and next(iter(self._full.values())) <= now:
            self._full.popitem(last=False)
        full = max(self._full.get(name, now), now) + (interval or self._interval)
        if full - now > self._span:
            return full - now - self._span
        self._full[name] = full
        self._full.move_to_end(name)
        return 0


#: The type of a setting that is a rate.
RateSetting = Annotated[Rate, NoDecode, BeforeValidator(_read)]
