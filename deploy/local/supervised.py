"""One process that is kept alive: started again within a second, less and less eagerly when it keeps dying."""

import asyncio
import os
import shutil
import signal
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from deploy.local.command import Command

FIRST_PAUSE = 0.2
LAST_PAUSE = 30.0
# A process that lived this long starts afresh: its next death counts as its first.
LIVED = 30.0
# After this a process that was asked to end is killed.
PATIENCE = 15.0
LOG_BYTES = 16 * 1024 * 1024
# How much of a log's end is shown at most.
_SHOWN_BYTES = 500
_STEP = 0.02
# How often a process is asked whether it has begun to end, in seconds.
_LOOK = 0.5
# Whoever waits for a process to get ready gives up at this many deaths; it is started again all the same.
_TOO_MANY = 3

Say = Callable[[str], None]


class NeverReadyError(Exception):
    """A process did not get ready; the message says where to read why."""


class Pause:
    """How long to wait before the next start: doubled from death to death, up to a bound."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE

    def after(self, lived: float) -> float:
        """The pause after a process that lived for so many seconds."""
        pause = FIRST_PAUSE if lived >= LIVED else self._next
        self._next = min(LAST_PAUSE, 2 * pause)
        return pause


class Supervised:
    """One process and its successors; `pid` is the newest one's. `changed` is called at each start but the first."""

    def __init__(self, command: Command, replica: int, logs: Path, say: Say, changed: Callable[[], None]) -> None:
        self.name = command.name
        self.replica = replica
        self.pid = 0
        self.deaths = 0
        self.log = logs / f"{command.name}-{replica}.log"
        self._shown_log = min(str(self.log), os.path.relpath(self.log), key=len)
        self._command = command
        self._say = say
        self._changed = changed
        self._ending = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins; `wait_ready` tells when it works."""
        self._task = asyncio.create_task(self._keep())

    async def wait_ready(self, within: float) -> None:
        """Returns when the process works; raises `NeverReadyError` when it keeps dying or takes too long."""
        deadline = time.monotonic() + within
        while self.pid == 0 or not await asyncio.to_thread(self._command.ready):
            self.check()
            if time.monotonic() > deadline:
                raise NeverReadyError(f"{self.name} does not get ready: see {self._shown_log}")
            await asyncio.sleep(_STEP)

    def check(self) -> None:
        """Raises `NeverReadyError` when the process keeps dying."""
        if self.deaths >= _TOO_MANY:
            raise NeverReadyError(f"{self.name} keeps dying: {_last_line(self.log)} (see {self._shown_log})")

    async def stop(self) -> None:
        """Ends it, by force when it takes too long; returns when it is gone, and raises what kept it from ending."""
        self._ending.set()
        if self._task is not None:
            await self._task

    def bound_log(self) -> None:
        """Keeps the log below its bound; a log that cannot be kept is said and lost, whatever it is that refuses."""
        try:
            bound(self.log)
        except OSError as error:
            self._say(f"{self._shown_log} cannot be kept below its bound: {error}")

    async def _keep(self) -> None:
        pause = Pause()
        while not self._ending.is_set():
            began = time.monotonic()
            try:
                death = await self._live()
            except Exception as error:
                # Whatever it is, the process is to be started again, unless we were about to end anyway.
                if self._ending.is_set() or (self._task is not None and self._task.cancelling()):
                    raise
                death = f"cannot be kept ({error!r})"
            if self._ending.is_set():
                return
            self.deaths += 1
            seconds = pause.after(time.monotonic() - began)
            self._say(f"{self.name}-{self.replica} {death}: starts again in {seconds:g} s, see {self._shown_log}")
            await self._sleep(seconds)

    async def _live(self) -> str:
        """Runs the process until it dies or is to end; answers how it died."""
        try:
            await asyncio.to_thread(self._command.before)
            process = await self._spawn()
        except OSError as error:
            return f"cannot start ({error})"
        try:
            first, self.pid = self.pid == 0, process.pid
            if not first:
                self._changed()
            await self._until_end(process)
        finally:
            if process.returncode is None:
                await self._end(process)
        return _death(await process.wait())

    async def _until_end(self, process: Process) -> None:
        """Returns when the process died, is to end, or has begun to end without getting there."""
        ending = asyncio.create_task(self._ending.wait())
        died = asyncio.create_task(process.wait())
        leaving = self._command.leaving
        while leaving is None or not leaving():
            look = None if leaving is None else _LOOK
            done, _ = await asyncio.wait((ending, died), timeout=look, return_when=asyncio.FIRST_COMPLETED)
            if done:
                break
        for task in (ending, died):
            task.cancel()

    async def _spawn(self) -> Process:
        self.bound_log()
        with self.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self._command.argv, stdin=DEVNULL, stdout=log, stderr=log, **self._command.options()
            )

    async def _end(self, process: Process) -> None:
        with suppress(ProcessLookupError):
            process.send_signal(self._command.ending)
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            self._say(f"{self.name}-{self.replica} does not end: killed")
            with suppress(ProcessLookupError):
                process.kill()

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._ending.wait(), seconds)
        except TimeoutError:
            return


def bound(log: Path) -> None:
    """Keeps a log below its bound: what it holds becomes the previous log, and its writer goes on at the beginning.

    Raises:
        OSError: it cannot become the previous log, as on a full disk; there is none then, and the log is empty again.
    """
    if not log.exists() or log.stat().st_size <= LOG_BYTES:
        return
    previous = log.with_suffix(".log.1")
    try:
        shutil.copyfile(log, previous)
    except OSError:
        with suppress(OSError):
            previous.unlink()
        raise
    finally:
        os.truncate(log, 0)


def _last_line(log: Path) -> str:
    """What a process said last, at most so much of it that somebody reads it; empty when it said nothing."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _SHOWN_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return lines[-1] if lines else ""


def _death(status: int) -> str:
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
