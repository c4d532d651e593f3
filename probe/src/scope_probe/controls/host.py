"""A shell of this host."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scope_probe import proc
from scope_probe.controls.exec import SIZE, TERM, Wanted, relay, wanted
from scope_probe.controls.pty import Command, running
from scope_sdk.controls import ControlError, Controls, Ended, Result
from scope_sdk.pipes import Pipe
from scope_sdk.report import ids

HOST_EXEC = "host_exec"

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where programs are looked for until the login shell says otherwise."""

_NAMESPACES = ("--mount", "--uts", "--ipc", "--net")
_TRIED_SECONDS = 10.0
#: Of the probe's own variables, those that say where and in which language its user is; everything else stays with it.
_LANGUAGE = ("LANG", "LANGUAGE", "TZ")


class CannotEnterError(Exception):
    """No shell of the host can be opened from here; the message says why and what to do."""


@dataclass(frozen=True)
class Way:
    """How a program comes to run on the host: called through `entering`; its files are seen from here at `root`."""

    entering: Sequence[str] = ()
    root: str = ""


@dataclass(frozen=True)
class HostControls:
    """What can be done to the host that is called `hostname`."""

    hostname: str
    way: Way

    def register(self, controls: Controls) -> None:
        """Takes calls."""
        controls.control(HOST_EXEC)(self.exec)

    async def exec(
        self,
        node_id: str,
        *,
        command: str = "",
        tty: bool = True,
        width: int = SIZE.width,
        height: int = SIZE.height,
        term: str = TERM,
    ) -> Result:
        """The login shell of the user that the probe runs as, or `command` in its place."""
        if node_id != ids.host_id(self.hostname):
            raise ControlError(f"this probe runs on the host {self.hostname}, which is another one")
        asked = wanted(command=command, tty=tty, width=width, height=height, term=term)
        return asked.result(partial(self._session, asked))

    async def _session(self, asked: Wanted, pipe: Pipe) -> Ended:
        async with running(self._command(asked), asked.size) as program:
            return await relay(pipe, program)

    def _command(self, asked: Wanted) -> Command:
        user = login(self.way.root)
        shell = user.pw_shell or "/bin/sh"
        environment = {
            "HOME": user.pw_dir,
            "USER": user.pw_name,
            "LOGNAME": user.pw_name,
            "SHELL": shell,
            "PATH": PATH,
            **{name: value for name, value in os.environ.items() if name in _LANGUAGE or name.startswith("LC_")},
            **({"TERM": asked.term} if asked.size else {}),
        }
        return Command(asked.command or (shell, "-l"), environment, self.way.entering, self.way.root)


def way(first: int = 1) -> Way:
    """How to get from here to the host, which is wherever the first process is that is seen from here.

    Raises:
        CannotEnterError: it is somewhere else than here, or may be, and cannot be entered.
    """
    here, there = proc.link("self", "ns/mnt"), proc.link(first, "ns/mnt")
    if there is None and _in_container():
        raise CannotEnterError(
            f"the probe runs in a container and may not look at the namespaces of process {first}, so a shell may not "
            "be the host's; run it as root with --privileged, or with SYS_ADMIN, SYS_CHROOT and SYS_PTRACE"
        )
    if there is None or here == there:
        return Way()
    found = shutil.which("nsenter")
    if found is None:
        raise CannotEnterError(
            "the probe runs in a container without the program nsenter; install util-linux in its image"
        )
    entering = (found, f"--target={first}", *_NAMESPACES, "--")
    tried = subprocess.run(
        [*entering, "/bin/sh", "-c", ":"], capture_output=True, text=True, timeout=_TRIED_SECONDS, check=False
    )
    if tried.returncode:
        raise CannotEnterError(
            f"the probe runs in a container that may not enter the host ({tried.stderr.strip()}); "
            "run it with --privileged, or with SYS_ADMIN, SYS_CHROOT and SYS_PTRACE"
        )
    return Way(entering, f"/proc/{first}/root")


def _in_container() -> bool:
    """Whether an engine started this: all of them mount a name of its own into a container, which no host has."""
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    return any(mount.split()[4] == "/etc/hostname" for mount in mounts)


def login(root: str) -> pwd.struct_passwd:
    """Whom a shell belongs to: the user that the probe runs as; where it enters another place, root of that place."""
    with suppress(KeyError):
        return _first_user(Path(f"{root}/etc/passwd")) if root else pwd.getpwuid(os.geteuid())
    return pwd.struct_passwd((str(os.geteuid()), "", os.geteuid(), os.getegid(), "", "/", "/bin/sh"))


def _first_user(file: Path) -> pwd.struct_passwd:
    with suppress(OSError):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            fields = line.split(":")
            if len(fields) == 7 and fields[2] == "0":
                return pwd.struct_passwd((*fields[:2], 0, 0, *fields[4:]))
    raise KeyError(str(file))
