"""What may happen to a process of a mesh, and when the mesh is whole again."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from authfe.tests.running import healthy_replicas
from deploy.local.command import accepts
from deploy.local.files import read_json

KINDS = ("kill", "stop", "term")
"""SIGKILL; SIGSTOP and, ten seconds later, SIGCONT; SIGTERM."""

STOPPED = 10.0
"""Seconds for which a process stands still."""

NOTICED_WITHIN = 1.2
"""Seconds for the edge to look twice whether a replica is there, after which it sends it nothing any more."""

_SUPERVISED_WITHIN = 60.0  # a process that keeps dying is started again every 30 s
_LOOK = 0.02


@dataclass(frozen=True)
class Fault:
    """One thing that happens to one process, as `collection-0`."""

    kind: str
    process: str

    def __str__(self) -> str:
        return f"{self.kind} {self.process}"


def processes(data: Path) -> list[dict[str, Any]]:
    """The processes of the mesh on this data folder; that of the probe is a guest."""
    return [entry for entry in read_json(data / "run.json").get("processes", ()) if entry["name"] != "probe"]


async def inject(data: Path, fault: Fault) -> None:
    """Lets it happen, once there is such a process; returns when it is over."""
    async with asyncio.timeout(_SUPERVISED_WITHIN):
        while (process := _alive(data, fault.process)) is None:
            await asyncio.sleep(_LOOK)
    with suppress(psutil.NoSuchProcess):
        if fault.kind == "kill":
            process.kill()
        elif fault.kind == "term":
            process.terminate()
        else:
            with _standing_still(process):
                await asyncio.sleep(STOPPED)


def whole(data: Path) -> bool:
    """Whether every process runs, and the edge finds every replica healthy."""
    entries = processes(data)
    addresses = [address for entry in entries if (address := entry["grpc"] or entry["http"])]
    return (
        all(_alive(data, _name(entry)) for entry in entries)
        and all(accepts(int(address.rpartition(":")[2])) for address in addresses)
        and healthy_replicas((data / "private").resolve() / "admin.sock") == len(addresses)
    )


def pid(data: Path, name: str) -> int:
    """Of the process of this name, as `collection-0`; 0 where there is none."""
    return next((int(entry["pid"]) for entry in processes(data) if _name(entry) == name), 0)


def _name(entry: dict[str, Any]) -> str:
    return f"{entry['name']}-{entry['replica']}"


def _alive(data: Path, name: str) -> psutil.Process | None:
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid(data, name))
        return process if process.status() != psutil.STATUS_ZOMBIE else None
    return None


@contextmanager
def _standing_still(process: psutil.Process) -> Iterator[None]:
    """With those it has started: a database's are what its clients talk to."""
    family: Sequence[psutil.Process] = [process, *process.children(recursive=True)]
    try:
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.suspend()
        yield
    finally:
        for each in family:
            with suppress(psutil.NoSuchProcess):
                each.resume()
