"""Signals to processes of this host, for those who ask for it."""

import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from scope_probe import proc
from scope_probe.processes import DEAD
from scope_sdk.controls import ControlError, Controls, Result
from scope_sdk.report import ids

PROCESS_SIGNAL = "process_signal"

Name = Literal["TERM", "KILL", "HUP", "INT", "QUIT", "USR1", "USR2", "STOP", "CONT"]


@dataclass(frozen=True)
class ProcessControls:
    """What can be done to processes of the host that is called `hostname`.

    Attributes:
        started: when a process that was reported under a pid was started, as the kernel counts; None: none was.
    """

    hostname: str
    started: Callable[[int], int | None]

    def register(self, controls: Controls) -> None:
        """Takes calls."""
        controls.control(PROCESS_SIGNAL)(self.signal)

    async def signal(self, node_id: str, *, signal: Name = "TERM") -> Result:
        """Sends a signal to the process that was reported, and to no other that has its pid by now."""
        pid = self._pid(node_id)
        if not may_be_signalled(pid):
            raise ControlError(f"process {pid} is the first of its host, the probe itself, or the kernel's: it stays")
        self._send(pid, f"SIG{signal}")
        return f"SIG{signal} was sent to process {pid}"

    def _pid(self, node_id: str) -> int:
        prefix = ids.process_id(self.hostname, 0).removesuffix("0")
        number = node_id.removeprefix(prefix)
        if not node_id.startswith(prefix) or not (number.isascii() and number.isdigit()):
            raise ControlError(f"this is no process of the host {self.hostname}")
        return int(number)

    def _send(self, pid: int, name: str) -> None:
        gone = ControlError(f"process {pid} has ended, or is another one than was reported")
        try:
            handle = os.pidfd_open(pid)  # from here on no other process can be meant
        except ProcessLookupError:
            raise gone from None
        except OSError as error:
            raise ControlError(f"process {pid} cannot be signalled: {error.strerror}") from None
        try:
            now = proc.stat(pid)
            if now is None or now.state in DEAD or now.started != self.started(pid):
                raise gone
            signal.pidfd_send_signal(handle, signal.Signals[name])
        except ProcessLookupError:
            raise gone from None
        except OSError as error:
            raise ControlError(f"process {pid} cannot be signalled: {error.strerror}") from None
        finally:
            os.close(handle)


def may_be_signalled(pid: int) -> bool:
    """Whether it may end: it is neither the first of its host, nor the probe, nor a thread of the kernel."""
    return pid not in (1, os.getpid()) and not proc.is_kernel_thread(pid)
