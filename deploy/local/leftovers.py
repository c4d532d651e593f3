"""One mesh for one data folder: the lock that says so, and the end of what an earlier supervisor could not end itself.

What belongs to a mesh carries the data folder in its environment. So nothing needs to be recorded, and a process that
merely got the number of a dead one is never touched.
"""

import fcntl
import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

MARK = "SCOPE_DATA_FOLDER"
_PATIENCE = 5.0
_STEP = 0.02


class LockedError(Exception):
    """Another supervisor has this data folder; `pid` is its process."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


@contextmanager
def lock(data: Path) -> Iterator[None]:
    """Holds the data folder; raises `LockedError` when another process does. The lock goes with its process."""
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LockedError(int(os.pread(descriptor, 32, 0) or b"0")) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def end_left(data: Path) -> list[str]:
    """Ends all processes of this data folder but ourselves and our parents; answers what they were, by name and pid."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    left = [process for process in psutil.process_iter() if process.pid not in ours and _belongs_to(process, data)]
    names = [f"{process.name()} ({process.pid})" for process in left if process.is_running()]
    end_all(left, signal.SIGTERM)
    return names


def end_all(processes: Sequence[psutil.Process], ending: signal.Signals) -> None:
    """Ends these processes, in order where they can, else by force; returns when they are gone."""
    for number in (ending, signal.SIGKILL):
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)
        deadline = time.monotonic() + _PATIENCE
        while (processes := [process for process in processes if _lives(process)]) and time.monotonic() < deadline:
            time.sleep(_STEP)


def _lives(process: psutil.Process) -> bool:
    """Whether it still does anything: one that nobody reaps, as in a container without an init, does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _belongs_to(process: psutil.Process, data: Path) -> bool:
    try:
        return process.environ().get(MARK) == str(data)
    except (psutil.Error, OSError):
        return False
