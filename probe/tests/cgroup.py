"""Processes in cgroups as engines make them."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from scope_probe.containers import cgroups

USED = ("", "cpuacct", "memory")


@contextmanager
def contained(process: "subprocess.Popen[bytes]", container: str) -> Iterator[None]:
    """The process in the cgroup of a container, in each hierarchy that tells of usage; it is killed in the end."""
    parents = {
        Path(cgroups.hierarchies()[name]) / f"scope-{os.getpid()}" for name in USED if name in cgroups.hierarchies()
    }
    try:
        for parent in parents:
            (parent / container / "inner").mkdir(parents=True)
            for above in (parent.parent, parent, parent / container):
                with suppress(OSError):  # version 1 has no such file; in version 2 what is not there cannot be had
                    (above / "cgroup.subtree_control").write_text("+cpu +memory")
            (parent / container / "inner/cgroup.procs").write_text(str(process.pid))
        yield
    finally:
        process.kill()
        process.wait()
        for parent in parents:
            for made in (parent / container / "inner", parent / container, parent):
                made.rmdir()
