"""A program at a terminal of its own, as somebody sits at one."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.e2e.client import PATIENCE


class Terminal:
    """A terminal and what runs at it.

    Attributes:
        process: what runs.
        shown: everything that it has shown so far.
    """

    def __init__(self, process: subprocess.Popen[bytes], ours: int) -> None:
        self.process = process
        self.shown = b""
        self._ours = ours

    def type(self, text: str) -> None:
        """Types, all at once."""
        os.write(self._ours, text.encode())

    def resize(self, width: int, height: int) -> None:
        """Makes the window of another size."""
        _resize(self._ours, width, height)

    def modes(self) -> list[object]:
        """How the terminal is set."""
        return termios.tcgetattr(self._ours)

    def until(self, text: str) -> str:
        """Waits for something that was not shown by the last call; all that was shown up to there."""
        deadline = time.monotonic() + PATIENCE
        while (found := self.shown.find(text.encode())) < 0:
            ready, _, _ = select.select([self._ours], [], [], max(deadline - time.monotonic(), 0))
            assert ready, f"{text!r} was not shown within {PATIENCE} s, but {self.shown[-2000:]!r}"
            self.shown += self._read()
        seen, self.shown = self.shown[: found + len(text)], self.shown[found + len(text) :]
        return seen.decode(errors="replace")

    def ended(self) -> int:
        """Waits for the end; its status. What it shows meanwhile is in `shown`."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it has not ended: {self.shown[-2000:]!r}"
            if select.select([self._ours], [], [], 0.05)[0]:
                self.shown += self._read()
        while select.select([self._ours], [], [], 0)[0]:
            self.shown += self._read()
        return self.process.returncode

    def _read(self) -> bytes:
        return os.read(self._ours, 65_536)


@contextmanager
def terminal(
    command: Sequence[str], environment: Mapping[str, str], width: int = 80, height: int = 24
) -> Iterator[Terminal]:
    """Starts a program at a terminal of this size, which stays as the program left it until the block ends."""
    ours, theirs = pty.openpty()
    _resize(ours, width, height)
    sitting = ["setsid", "--ctty", *command]
    process = subprocess.Popen(sitting, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    try:
        yield Terminal(process, ours)
    finally:
        process.kill()
        process.wait()
        os.close(theirs)
        os.close(ours)


def _resize(terminal: int, width: int, height: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
