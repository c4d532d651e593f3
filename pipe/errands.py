"""What is begun where nobody waits for it."""

import asyncio
from collections.abc import Coroutine

import structlog

_log = structlog.get_logger()


class Errands:
    """Runs what it is given, each beside everything else, and logs what fails."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, errand: Coroutine[object, object, object]) -> None:
        """Begins it."""
        task = asyncio.create_task(self._run(errand))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, errand: Coroutine[object, object, object]) -> None:
        try:
            await errand
        except Exception as error:  # noqa: BLE001 - nobody waits for it who could be told
            _log.warning("something failed that nobody waits for", why=repr(error))

    async def done(self) -> None:
        """Waits for those that were begun."""
        await asyncio.gather(*self._tasks)
