"""Builds the pages, `ui/dist`, unless what is there was built from what they are made of now: `python -m deploy.pages`.

A build takes the place of the one before in one step, once it is whole.
"""

import fcntl
import hashlib
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy import node
from deploy.local.screen import Screen

ROOT = Path(__file__).resolve().parent.parent
UI = ROOT / "ui"
DIST = UI / "dist"

#: What the pages are made of, but for the packages, which the lock file stands for.
_SOURCES = (
    *(UI / name for name in ("src", "index.html", "package.json", "package-lock.json", "tsconfig.json")),
    *(UI / name for name in ("vite.config.ts", "precompressed.ts")),
    *(ROOT / "gen" / "ts" / name for name in ("src", "package.json")),
)
_STAMP = ".sources"
_WORK = ROOT / ".build"


def build(screen: Screen) -> None:
    """Builds them where that is needed; who builds at the same time waits, and finds it done.

    Raises:
        NodeError: it cannot be done; the pages of before stay.
    """
    if _is_up_to_date():
        return
    with _alone():
        if _is_up_to_date():
            return
        node.node()
        if not node.is_installed(UI):
            with screen.step("packages of the pages"):
                node.install(UI)
        with screen.step("pages"):
            _build()


def _build() -> None:
    digest = _digest()
    # A folder of its own: of a build that was killed something may still be writing.
    with tempfile.TemporaryDirectory(prefix="pages-", dir=_WORK) as work:
        unfinished, former = Path(work, "unfinished"), Path(work, "former")
        node.npm(UI, "run", "build", "--", "--outDir", str(unfinished), "--emptyOutDir", "--logLevel", "warn")
        (unfinished / _STAMP).write_text(digest)
        if DIST.exists():
            DIST.rename(former)
        unfinished.rename(DIST)


def _is_up_to_date() -> bool:
    stamp = DIST / _STAMP
    return stamp.exists() and stamp.read_text() == _digest()


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(_files()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"{path.relative_to(ROOT)}\0{content}\n".encode())
    return digest.hexdigest()


def _files() -> Iterator[Path]:
    for source in _SOURCES:
        yield from (path for path in source.rglob("*") if path.is_file()) if source.is_dir() else (source,)


@contextmanager
def _alone() -> Iterator[None]:
    _WORK.mkdir(exist_ok=True)
    with (_WORK / "pages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    """The command."""
    screen = Screen()
    # Whoever ends us ends what we wait for, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        build(screen)
    except node.NodeError as error:
        screen.fail(f"the pages cannot be built: {error}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
