"""How long to wait before trying again."""

import random

_FIRST = 0.2
_BASE = 1.0
_MOST = 30.0


class Backoff:
    """Waits that grow: at most 0.2 s before the first new try, then 1 s doubling to 30 s, each shortened by up to half.

    The chance in it keeps many probes from coming back at the same moment.
    """

    def __init__(self) -> None:
        self._tries = 0

    def next(self) -> float:
        """Seconds to wait before the next try."""
        self._tries += 1
        if self._tries == 1:
            return random.uniform(0, _FIRST)  # noqa: S311  # spreads load, guards nothing
        return spread(min(_BASE * 2.0 ** min(self._tries - 2, 10), _MOST))

    def longest(self) -> float:
        """Seconds to wait where trying again soon is of no use."""
        self._tries += 1
        return spread(_MOST)

    def reset(self) -> None:
        """It worked: begin anew."""
        self._tries = 0


def spread(seconds: float) -> float:
    """Between half of it and all of it."""
    return seconds * random.uniform(0.5, 1)  # noqa: S311  # spreads load, guards nothing


def at_least(seconds: float) -> float:
    """All of it, and up to half as much again."""
    return seconds * random.uniform(1, 1.5)  # noqa: S311  # spreads load, guards nothing
