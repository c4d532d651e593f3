"""What the kernel says about single processes, read raw: a pass over all of them every second must cost little.

A process may end between any two reads. Every reader here then answers None, and so it does when the kernel does not
let us look. (os.listdir and os.readlink, because pathlib costs several times as much.)
"""

import os
import resource
from typing import NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
CMDLINE_BYTES = 4096
_STAT_BYTES = 1024
_KERNEL_THREAD = 0x00200000  # PF_KTHREAD


class Stat(NamedTuple):
    """A line of /proc/PID/stat, as far as it is reported. `started` and `cpu` are in ticks, `rss` in bytes."""

    pid: int
    comm: str
    state: str
    ppid: int
    threads: int
    started: int
    cpu: int
    rss: int


def pids() -> list[int]:
    """Every process there is now, in ascending order."""
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208 - see above


def parse_stat(raw: bytes) -> Stat:
    """Read a line of /proc/PID/stat; the name in parentheses may itself hold spaces and parentheses."""
    opening, closing = raw.index(b"("), raw.rindex(b")")
    rest = raw[closing + 2 :].split()
    return Stat(
        pid=int(raw[:opening]),
        comm=text(raw[opening + 1 : closing]),
        state=rest[0].decode(),
        ppid=int(rest[1]),
        threads=int(rest[17]),
        started=int(rest[19]),
        cpu=int(rest[11]) + int(rest[12]),
        rss=int(rest[21]) * PAGE,
    )


def stat(pid: int) -> Stat | None:
    """What a process is doing."""
    raw = read(f"/proc/{pid}/stat", _STAT_BYTES)
    return parse_stat(raw) if raw else None


def is_kernel_thread(pid: int) -> bool:
    """Whether it is a part of the kernel."""
    return bool((_field(pid, 9) or 0) & _KERNEL_THREAD)


def foreground(pid: int) -> int | None:
    """The process group in the foreground of its terminal; -1 where it has none."""
    return _field(pid, 8)


def _field(pid: int, number: int) -> int | None:
    """A number of /proc/PID/stat, which proc(5) counts from 1; the third is the first after the name."""
    raw = read(f"/proc/{pid}/stat", _STAT_BYTES)
    return int(raw[raw.rindex(b")") + 2 :].split()[number - 3]) if raw else None


def command(pid: int) -> list[str] | None:
    """Its arguments, the program first, at most CMDLINE_BYTES of them; empty for a kernel thread."""
    raw = read(f"/proc/{pid}/cmdline", CMDLINE_BYTES)
    if raw is None:
        return None
    raw = raw.rstrip(b"\0 ")
    return text(raw).split("\0") if raw else []


def descriptors(pid: int) -> list[str] | None:
    """The numbers of its open files."""
    try:
        return os.listdir(f"/proc/{pid}/fd")  # noqa: PTH208 - see above
    except OSError:
        return None


def descriptors_max(pid: int) -> int | None:
    """How many files it may open; None too where there is no limit."""
    try:
        soft, _ = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    except OSError:
        return None
    return None if soft == resource.RLIM_INFINITY else soft


def link(pid: int | str, name: str) -> str | None:
    """Where one of its links leads, like `fd/3` or `ns/net`."""
    try:
        return os.readlink(f"/proc/{pid}/{name}")  # noqa: PTH115 - see above
    except OSError:
        return None


def text(raw: bytes) -> str:
    """Whatever bytes a program gave itself as a name, as text that can be sent."""
    return raw.decode(errors="replace")


def read(path: str, size: int) -> bytes | None:
    """The beginning of a file, without the cost of a file object."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(descriptor, size)
    except OSError:
        return None
    finally:
        os.close(descriptor)
