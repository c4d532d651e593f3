"""How one process of the mesh is started, known to be ready, and told to end."""

import ctypes
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

LOOPBACK = "127.0.0.1"
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class Options(TypedDict):
    """What `subprocess.Popen` and `asyncio.create_subprocess_exec` both take by name."""

    env: Mapping[str, str]
    cwd: Path | None
    user: int | None
    group: int | None
    extra_groups: Sequence[int] | None
    start_new_session: bool
    preexec_fn: Callable[[], None] | None


def _at_once() -> bool:
    """Nothing waits for most programs: what needs them tries again."""
    return True


def _nothing() -> None:
    """Most programs need nothing before they start."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One process: `argv` is what runs, `environment` all that it inherits, `user` whom it runs as (None: as we do).

    `ready` answers without waiting long whether it works; `before` clears the way for each start; `ending` is the
    signal by which it ends in order.
    """

    name: str
    argv: Sequence[str]
    ready: Callable[[], bool] = _at_once
    before: Callable[[], None] = _nothing
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    user: tuple[int, int] | None = None
    ending: signal.Signals = signal.SIGTERM

    def options(self) -> Options:
        """A session of its own, so that Ctrl-C reaches us alone; and it ends when we die without having said so."""
        uid, gid = self.user or (None, None)
        return Options(
            env=self.environment,
            cwd=self.folder,
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            start_new_session=True,
            preexec_fn=self._die_with_parent if _LIBC else None,
        )

    def _die_with_parent(self) -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(self.ending))


def plain_environment() -> dict[str, str]:
    """What a program needs that is none of ours: nothing in it changes how PostgreSQL, NATS or Envoy work."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback that nobody listens on; held open together so that none comes twice."""
    sockets = [socket.create_server((LOOPBACK, 0)) for _ in range(count)]
    ports = [taken.getsockname()[1] for taken in sockets]
    for taken in sockets:
        taken.close()
    return ports


def accepts(port: int) -> bool:
    """Whether something takes connections on this port of the loopback."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((LOOPBACK, port)) == 0
