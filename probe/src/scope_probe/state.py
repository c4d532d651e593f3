"""The directory where a probe keeps its id and epoch from one run to the next. What is in it is the SDK's affair."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

#: How long a probe waits for its directory: somebody may be looking whether it is in use, for a moment.
_PATIENCE = 1.0
_STEP = 0.02


class StateError(Exception):
    """The directory cannot be used; the message says what to do."""


def default_directory() -> Path:
    """Where state goes unless told otherwise: /var/lib/scope-probe for root, below the XDG state directory else."""
    if os.geteuid() == 0:
        return Path("/var/lib/scope-probe")
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "scope-probe"


def is_held(directory: Path) -> bool:
    """Whether a probe is using the directory. Looking changes nothing.

    Raises:
        StateError: it may not be read.
    """
    try:
        lock = (directory / "lock").open("rb")
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise StateError(
            f"{directory} cannot be read ({error.strerror}); ask as the user that the probe runs as."
        ) from None
    with lock:
        return not _take(lock, fcntl.LOCK_SH)


@contextmanager
def opened(directory: Path) -> Iterator[Path]:
    """Make the directory if need be, and hold it: two probes of one state would pass for one.

    Raises:
        StateError: it cannot be written, or another probe holds it.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (directory / "lock").open("a")
    except OSError as error:
        raise StateError(f"{directory} cannot be used ({error.strerror}); name another with --state.") from None
    with lock:
        deadline = time.monotonic() + _PATIENCE
        while not _take(lock, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise StateError(f"Another probe is using {directory}; stop it, or use another --state.")
            time.sleep(_STEP)
        yield directory


def _take(lock: IO[Any], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
