"""The directory where a probe keeps its id and epoch from one run to the next. What is in it is the SDK's affair."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class StateError(Exception):
    """The directory cannot be used; the message says what to do."""


def default_directory() -> Path:
    """Where state goes unless told otherwise: /var/lib/scope-probe for root, below the XDG state directory else."""
    if os.geteuid() == 0:
        return Path("/var/lib/scope-probe")
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "scope-probe"


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
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StateError(f"Another probe is using {directory}; stop it, or use another --state.") from None
        yield directory
