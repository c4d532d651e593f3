"""One process of the mesh without the supervisor: what tests start a real database or a real log with."""

import subprocess
import time
from pathlib import Path

from deploy.local.command import Command

_STEP = 0.01


class NotReadyError(Exception):
    """A process ended or did not get ready in time; the message has the end of its log."""


class Running:
    """A started process whose output goes to `log`; `start` returns when it is ready."""

    def __init__(self, command: Command, log: Path) -> None:
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process; only while it runs."""
        assert self._process is not None
        return self._process.pid

    def start(self, within: float = 60) -> None:
        """Starts it and waits until it is ready; raises `NotReadyError` when that takes too long."""
        self._command.before()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._command.options()
            )
        deadline = time.monotonic() + within
        while not self._command.ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise NotReadyError(f"{self._command.name}: {self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(_STEP)

    def stop(self, within: float = 30) -> None:
        """Ends it in order; what does not end in time is killed."""
        if self._process is None:
            return
        self._process.send_signal(self._command.ending)
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """Ends it as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
