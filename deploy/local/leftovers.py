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
# Whoever takes the lock says which process it is at once.
_SAYS_WHO = 2.0
_STEP = 0.02


class LockedError(Exception):
    """Another supervisor has this data folder; `pid` is its process, 0 where it does not say which one."""

    def __init__(self, pid: int) -> None:
        super().__init__(pid)
        self.pid = pid


@contextmanager
def lock(data: Path) -> Iterator[None]:
    """Holds the data folder; raises `LockedError` when another process does. The lock goes with its process."""
    descriptor = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + _PATIENCE
    try:
        while not _take(descriptor, fcntl.LOCK_EX):
            pid = holder(data)
            if pid is not None or time.monotonic() > deadline:
                raise LockedError(pid or 0)
            # Nobody holds it: somebody was looking who does.
            time.sleep(_STEP)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(data: Path) -> int | None:
    """The process that holds the data folder, 0 where it does not say which one, None where nobody does.

    Looking changes nothing, and keeps nobody from taking the folder for longer than a moment.
    """
    try:
        descriptor = os.open(data / "lock", os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    deadline = time.monotonic() + _SAYS_WHO
    try:
        while not _take(descriptor, fcntl.LOCK_SH):
            # Between taking the lock and saying who did, the file is empty or names one that died.
            text = os.pread(descriptor, 32, 0)
            if text.isdigit() and (pid := int(text)) > 0 and psutil.pid_exists(pid):
                return pid
            if time.monotonic() > deadline:
                return 0
            time.sleep(_STEP)
        return None
    finally:
        os.close(descriptor)


def _take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def end_left(data: Path) -> list[str]:
    """Ends all processes of this data folder but ourselves and our parents; answers what they were, by name and pid."""
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    left = [process for process in psutil.process_iter() if process.pid not in ours and _belongs_to(process, data)]
    names = [name for process in left if (name := _name(process))]
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


def _name(process: psutil.Process) -> str:
    """Its name and pid; empty where it is gone."""
    try:
        return f"{process.name()} ({process.pid})" if process.is_running() else ""
    except psutil.NoSuchProcess:
        return ""


def _belongs_to(process: psutil.Process, data: Path) -> bool:
    try:
        return process.environ().get(MARK) == str(data)
    except (psutil.Error, OSError):
        return False
