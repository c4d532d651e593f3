"""How one process of the mesh is started, known to be ready, and told to end."""

import ctypes
import os
import random
import resource
import signal
import socket
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

LOOPBACK = "127.0.0.1"
# Below 32768, where Linux begins to number outgoing connections, and above what services are usually found under.
_PORTS = range(20_000, 32_000)
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
# Enough for as many connections as the edge takes. Where the system sets no bound, some programs visit every number.
_OPEN_FILES = 65_536


class Options(TypedDict):
    """What `subprocess.Popen` and `asyncio.create_subprocess_exec` both take by name."""

    env: Mapping[str, str]
    cwd: Path | None
    user: int | None
    group: int | None
    extra_groups: Sequence[int] | None
    start_new_session: bool
    preexec_fn: Callable[[], None]


def _at_once() -> bool:
    """Nothing waits for most programs: what needs them tries again."""
    return True


def _nothing() -> None:
    """Most programs need nothing before they start."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One process: `argv` is what runs, `environment` all that it inherits, `user` whom it runs as (None: as we do).

    `ready` answers without waiting long whether it works; `before` clears the way for each start; `ending` is the
    signal by which it ends in order; `leaving` answers whether it has begun to end and may take as long as its clients
    want, so that it is to be ended by us.
    """

    name: str
    argv: Sequence[str]
    ready: Callable[[], bool] = _at_once
    before: Callable[[], None] = _nothing
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    user: tuple[int, int] | None = None
    ending: signal.Signals = signal.SIGTERM
    leaving: Callable[[], bool] | None = None

    def options(self) -> Options:
        """A session of its own, so that Ctrl-C reaches us alone; it ends when we die without having said so.

        Each may open as many files, and so hold as many connections, as this machine lets it.
        """
        uid, gid = self.user or (None, None)
        return Options(
            env=self.environment,
            cwd=self.folder,
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            start_new_session=True,
            preexec_fn=self._prepare,
        )

    def _prepare(self) -> None:
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(self.ending))
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if (most := open_files(soft, hard)) != soft:
            # A system may refuse what it seems to offer; the program then has what it would have had.
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def open_files(soft: int, hard: int) -> int:
    """How many files a process may open that could have `hard`: those up to our bound, never fewer than `soft`."""
    if soft == resource.RLIM_INFINITY:
        return soft
    return max(soft, _OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES))


def plain_environment() -> dict[str, str]:
    """What a program needs that is none of ours: nothing in it changes how PostgreSQL, NATS or Envoy work."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def free_ports(count: int, taken: Collection[int] = ()) -> list[int]:
    """Different ports of the loopback that nobody listens on, chosen at random, and none of those that are taken.

    They lie below those that systems give to outgoing connections: such a connection could otherwise hold the port of a
    process that is just being started again.
    """
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if port in taken:
            continue
        with suppress(OSError), socket.create_server((LOOPBACK, port)):
            found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"fewer than {count} ports from {_PORTS.start} to {_PORTS.stop - 1} are free")


def accepts(port: int) -> bool:
    """Whether something takes connections on this port of the loopback."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex((LOOPBACK, port)) == 0
