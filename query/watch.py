"""Following a view for one reader."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from mesh.errors import ServiceError
from mesh.renewal import Lease
from query.instruments import EVENTS
from query.options import Choice
from query.organization import Organizations
from query.telling import Form, Missed
from query.topologies.definition import Definition
from query.view import View

#: The permission to see what is marked as sensitive.
SENSITIVE = "report.sensitive.view"
#: How often a reader is told that the stream is alive, in seconds.
_ALIVE = 15.0
#: How often a reader looks up although nothing changed, in seconds.
_PAUSE = 1.0

T = TypeVar("T")

#: Says which topology a reader has chosen and what of it, by whether they may see what is marked as sensitive.
Choose = Callable[[bool], tuple[Definition, Choice]]


async def watch(
    organizations: Organizations, lease: Lease, choose: Choose, cursor: str, form: Form[T]
) -> AsyncIterator[T]:
    """Tells for ever, in one form: what the reader has missed since the cursor, then what changes.

    A reader that does not keep up is told less often, of changes that were merged. What the reader may see follows its
    lease.
    """
    place = _Place(form, cursor)
    failure: ServiceError | None = None
    alive = time.monotonic()
    try:
        while True:
            place.wake.clear()
            before = failure
            view, failure = await _look(organizations, lease, choose)
            if failure is not None and before is None:
                yield form.failure(failure)
            place.move(view)
            if time.monotonic() - alive >= _ALIVE:
                alive = time.monotonic()
                yield form.alive
            part = await place.advance()
            if part is not None:
                EVENTS.add()
                yield part
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE):
                    await place.wake.wait()
    finally:
        place.move(None)


class _Place(Generic[T]):
    """Where a reader is: in which view, and how far in what it has missed there."""

    def __init__(self, form: Form[T], cursor: str) -> None:
        #: Set when there may be more to tell.
        self.wake = asyncio.Event()
        self._form = form
        self._cursor = cursor
        self._view: View | None = None
        self._missed: Missed | None = None
        self._at = 0

    def move(self, view: View | None) -> None:
        """Goes on in a view, perhaps another one; None: in none."""
        if view is self._view:
            return
        if self._view is not None:
            self._view.wakes.discard(self.wake)
        if view is not None:
            view.wakes.add(self.wake)
        self._view, self._missed = view, None

    async def advance(self) -> T | None:
        """The next part of what the reader has missed; None where that is nothing."""
        if self._view is None:
            return None
        await self._form.prepare(self._view)
        if self._missed is None:
            self._missed, self._at = self._view.since(self._cursor), 0
        if self._missed is None:
            return None
        part, self._at = self._view.part(self._form, self._missed, self._at)
        if self._at == len(self._missed.difference):
            self._cursor, self._missed = self._missed.cursor, None
        return part


async def _look(organizations: Organizations, lease: Lease, choose: Choose) -> tuple[View | None, ServiceError | None]:
    """The view that the reader may see now, and what is wrong with it."""
    try:
        organization = await organizations.get(lease.identity.organization)
    except ServiceError as error:
        return None, error
    return await organization.view(*choose(SENSITIVE in lease.identity.permissions)), organization.failure()
