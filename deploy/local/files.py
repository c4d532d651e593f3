"""Files that are either whole or absent, and that only their owner reads."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_PREFIX = "scope-"


def write_private(path: Path, text: str) -> None:
    """Writes a file of mode 0600 in one step: a reader sees the old text or the new, never half of either."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    finally:
        unfinished.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """The same for a JSON document, a line for each key."""
    write_private(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> dict[str, Any]:
    """The document in this file; an empty one where the file is absent or was never a document."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


@contextmanager
def private_folder(data: Path) -> Iterator[Path]:
    """A folder of ours alone with a short path, for the time being; one that a killed process left is removed first.

    A unix socket's path has at most 107 bytes, so it cannot lie in the data folder.
    """
    link = data / "private"
    with suppress(FileNotFoundError):
        _remove_left(link)
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        link.symlink_to(name)
        try:
            yield Path(name)
        finally:
            link.unlink(missing_ok=True)


def _remove_left(link: Path) -> None:
    left = link.readlink()
    if left.name.startswith(_PREFIX):
        shutil.rmtree(left, ignore_errors=True)
    link.unlink()
