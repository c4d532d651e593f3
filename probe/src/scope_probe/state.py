"""What a probe keeps between its runs: a directory of its own that holds its id, and what its SDK keeps."""

import fcntl
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROBE_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ID_FILE, _LOCK_FILE = "probe-id", "lock"
_ID_BYTES = 1024


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
        lock = (directory / _LOCK_FILE).open("a")
    except OSError as error:
        raise StateError(f"{directory} cannot be used ({error.strerror}); name another with --state.") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StateError(f"Another probe is using {directory}; stop it, or use another --state.") from None
        yield directory


def probe_id(directory: Path) -> str:
    """The id kept in the directory, made when there is none.

    Raises:
        StateError: what is kept there is no id, or it cannot be written.
    """
    file = directory / _ID_FILE
    try:
        if not file.exists():
            fresh = file.with_suffix(".new")
            fresh.write_text(new_probe_id() + "\n", encoding="utf-8")
            fresh.replace(file)
        with file.open("rb") as kept:
            found = kept.read(_ID_BYTES).decode(errors="replace").strip()
    except OSError as error:
        raise StateError(f"{file} cannot be used ({error.strerror}); name another directory with --state.") from None
    if not PROBE_ID.fullmatch(found):
        raise StateError(f"{file} does not hold a probe id; remove it, or name one with --probe-id.")
    return found


def new_probe_id() -> str:
    """An id that no other probe has."""
    return secrets.token_hex(16)
