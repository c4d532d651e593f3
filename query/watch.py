"""Following a view for one reader."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

from google.protobuf import json_format

from mesh.errors import ServiceError
from mesh.renewal import Lease
from query.events import COMMENT, told
from query.organization import Organizations
from query.topologies.definition import Definition
from query.view import View

#: The permission to see what is marked as sensitive.
SENSITIVE = "report.sensitive.view"
#: How often a comment says that the stream is alive, in seconds.
_COMMENT = 15.0
#: How often a reader looks up although nothing changed, in seconds.
_PAUSE = 1.0


async def watch(
    organizations: Organizations, lease: Lease, definition: Definition, cursor: str
) -> AsyncIterator[bytes]:
    """Yields server-sent events for ever: what the reader has missed since the cursor, then what changes.

    A reader that does not keep up gets fewer, merged events. What the reader may see follows its lease.
    """
    wake = asyncio.Event()
    following: View | None = None
    failure: ServiceError | None = None
    commented = time.monotonic()
    try:
        while True:
            wake.clear()
            before = failure
            view, failure = await _look(organizations, lease, definition)
            if failure is not None and before is None:
                yield told("failure", json_format.MessageToDict(failure.status()))
            if view is not following:
                _move(wake, following, view)
                following = view
            if view is not None:
                await view.prepare()
                chunks, cursor = view.since(cursor)
                for chunk in chunks:
                    yield chunk
            if time.monotonic() - commented >= _COMMENT:
                commented = time.monotonic()
                yield COMMENT
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE):
                    await wake.wait()
    finally:
        _move(wake, following, None)


async def _look(
    organizations: Organizations, lease: Lease, definition: Definition
) -> tuple[View | None, ServiceError | None]:
    """The view that the reader may see now, and what is wrong with it."""
    try:
        organization = await organizations.get(lease.identity.organization)
    except ServiceError as error:
        return None, error
    sensitive = SENSITIVE in lease.identity.permissions
    return organization.view(definition, sensitive=sensitive), organization.failure()


def _move(wake: asyncio.Event, old: View | None, new: View | None) -> None:
    """Waits in another view."""
    if old is not None:
        old.wakes.discard(wake)
    if new is not None:
        new.wakes.add(wake)
