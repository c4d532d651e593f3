"""Work on large reports, beside which everybody else's calls go on."""

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakValueDictionary

#: Reports of at most so many bytes are worked on at once: that takes a few hundredths of a second at most.
LARGE = 64 * 1024
#: How many larger ones are worked on at a time; more would take the interpreter from everybody else.
AT_ONCE = 2

T = TypeVar("T")


class Aside:
    """Has large reports worked on in threads, few at a time, and one of an organization: none keeps others from it."""

    def __init__(self) -> None:
        self._all = asyncio.Semaphore(AT_ONCE)
        # Those of organizations that have work here.
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def run(self, organization: str, size: int, work: Callable[[], T]) -> T:
        """Answers what the work answers, or raises what it raises; `size` is that of the report, in bytes."""
        if size <= LARGE:
            return work()
        async with self._turns.setdefault(organization, asyncio.Lock()), self._all:
            working = asyncio.ensure_future(asyncio.to_thread(work))
            try:
                return await asyncio.shield(working)
            finally:
                # Nothing ends a thread: whose caller is gone keeps its turn until the work is done.
                await asyncio.wait([working])
