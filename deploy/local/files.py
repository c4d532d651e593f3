"""Files that are either whole or absent, and that only their owner reads."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from deploy.secrets.files import write_private

_PREFIX = "scope-"


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
