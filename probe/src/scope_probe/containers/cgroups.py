"""Which container a process is in and what a container uses, as the kernel knows it, whoever runs them.

Everybody who runs containers gives each a cgroup that is named by its id: `/docker/ID`, `docker-ID.scope`,
`libpod-ID.scope/container`, `cri-containerd-ID.scope`, `kubepods-pod1.slice:cri-containerd:ID`. Version 1 has several
hierarchies of cgroups, version 2 has one whose controller is called "" here; a machine may have both. What the files
hold is described in cgroups(7), and the kernel's `admin-guide/cgroup-v1` and `admin-guide/cgroup-v2`.
"""

import ctypes
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from scope_probe import proc

#: A path down to the container it names, the innermost where they are nested. The process that watches a container is
#: not in it, and a pod is none.
_CONTAINER = re.compile(r"(?:.*[/:-])?(?<!conmon-)(?<!libpod_parent/)([0-9a-f]{64})(?:\.scope)?(?=/|$)")
_TEXT_BYTES = 16384
_UNLIMITED = 1 << 60
_CLONE_NEWCGROUP = 0x02000000


class Group(NamedTuple):
    """The cgroup of a container: its path in each hierarchy, by controller."""

    container: str
    paths: Mapping[str, str]


class Used(NamedTuple):
    """What a container used: seconds of processor time in its life, bytes of memory now, and how many it may (0: any).

    Memory that the kernel would take back first, files read and not used since, does not count.
    """

    cpu: float
    memory: int
    memory_max: int


class Usage(NamedTuple):
    """What a container used at one look. `cpu`: percent of one processor; `memory`, `memory_max`: as in Used."""

    time_ms: int
    cpu: float | None
    memory: int
    memory_max: int


@dataclass
class Meter:
    """How much of a processor containers use, from one look to the next."""

    _looks: dict[str, tuple[int, Used]] = field(default_factory=dict)

    def look(self, containers: Mapping[str, int], time_ms: int) -> dict[str, Usage]:
        """What each of these containers uses now: ids with the pid of a process that is in it.

        The `cpu` of a container is None at its first look. Containers that are not asked for are forgotten.
        """
        found = {container: usage(pid) for container, pid in containers.items()}
        looks = {container: (time_ms, used) for container, used in found.items() if used is not None}
        before, self._looks = self._looks, looks
        return {container: _usage(before.get(container), time_ms, used) for container, (_, used) in looks.items()}


def container_of(pid: int) -> str:
    """The full id of the container that a process is in; empty where it is in none, or gone."""
    group = group_of(pid)
    return group.container if group else ""


def group_of(pid: int) -> Group | None:
    """The cgroup of the container that a process is in."""
    raw = proc.read(f"/proc/{pid}/cgroup", _TEXT_BYTES)
    return parse(raw) if raw else None


@lru_cache(maxsize=4096)
def parse(raw: bytes) -> Group | None:
    """Read /proc/PID/cgroup: lines like `4:memory:/docker/ID`."""
    container, paths = "", {}
    for line in proc.text(raw).splitlines():
        _, controllers, path = line.split(":", 2)
        found = _CONTAINER.match(path)
        if found:
            container = container or found[1]
            paths.update(dict.fromkeys(controllers.split(","), found[0]))
    return Group(container, paths) if container else None


def usage(pid: int) -> Used | None:
    """What the container that a process is in used; None where it is in none, or the kernel does not tell."""
    group = group_of(pid)
    known = hierarchies()
    return (
        read_usage({name: known[name] + path for name, path in group.paths.items() if name in known}) if group else None
    )


def read_usage(folders: Mapping[str, str]) -> Used | None:
    """What a cgroup used, from its folder in each hierarchy."""
    if "cpuacct" in folders:
        cpu, unit = _number(folders["cpuacct"], "cpuacct.usage"), 1e9
    else:
        cpu, unit = _number(folders.get("", ""), "cpu.stat", "usage_usec "), 1e6
    if "memory" in folders:
        folder, files = folders["memory"], ("memory.usage_in_bytes", "total_inactive_file ", "memory.limit_in_bytes")
    else:
        folder, files = folders.get("", ""), ("memory.current", "inactive_file ", "memory.max")
    memory, limit = _number(folder, files[0]), _number(folder, files[2]) or 0
    idle = _number(folder, "memory.stat", files[1]) or 0
    if cpu is None or memory is None:
        return None
    return Used(cpu / unit, max(0, memory - idle), limit if limit < _UNLIMITED else 0)


@cache
def hierarchies() -> Mapping[str, str]:
    """Where each hierarchy of cgroups can be read: whole, as the first process of the machine sees it, or as we do."""
    for process in ("1", "self"):
        found = mounted(process)
        if any(os.access(folder, os.R_OK) for folder in found.values()):
            return found
    return {}


def mounted(process: str) -> dict[str, str]:
    """Where the hierarchies are for this process, as far as we may look."""
    try:
        raw = Path(f"/proc/{process}/mountinfo").read_bytes()  # the kernel tells it page by page
    except OSError:
        return {}
    return parse_mounts(proc.text(raw), f"/proc/{process}/root")


def parse_mounts(text: str, root: str) -> dict[str, str]:
    """Read /proc/PID/mountinfo: folders under `root` by controller. Hierarchies that are seen in part are none."""
    found = {}
    for line in text.splitlines():
        mount, _, system = line.partition(" - ")
        _, _, _, top, point, *_ = mount.split(" ")
        kind, _, options = system.split(" ", 2)
        if kind in ("cgroup", "cgroup2") and top == "/":
            controllers = options.split(",") if kind == "cgroup" else [""]
            found.update(dict.fromkeys(controllers, root + point))
    return found


def see_all(process: int = 1) -> None:
    """See cgroups as another process does, where that is allowed: this thread, and those that it starts from now on.

    In a container with a cgroup namespace of its own, paths begin where its own ends: its id is nowhere to be seen.
    """
    try:
        with Path(f"/proc/{process}/ns/cgroup").open("rb") as namespace:
            ctypes.CDLL(None).setns(namespace.fileno(), _CLONE_NEWCGROUP)
    except OSError:  # not ours to look at, or a kernel without them
        return


def _usage(before: tuple[int, Used] | None, time_ms: int, used: Used) -> Usage:
    cpu = None
    if before is not None and time_ms > before[0]:
        cpu = max(0.0, 100_000 * (used.cpu - before[1].cpu) / (time_ms - before[0]))
    return Usage(time_ms, cpu, used.memory, used.memory_max)


def _number(folder: str, file: str, key: str = "") -> int | None:
    """The number in a file, or in that line of it which begins with `key`; None too where there is no limit."""
    raw = proc.read(f"{folder}/{file}", _TEXT_BYTES) or b""
    for line in proc.text(raw).splitlines():
        if line.startswith(key):
            value = line.removeprefix(key)
            return int(value) if value.isdigit() else None
    return None
