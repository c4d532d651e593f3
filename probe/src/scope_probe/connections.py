"""The connection reporter: TCP over IPv4 and IPv6 in every network namespace, and who holds each end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from scope_probe import proc, sockets

_SOCKET = "socket:["


@dataclass(frozen=True, slots=True)
class Connection:
    """One end of a connection. `pid` is None where no process is known to hold it.

    `namespace` names the network namespace where loopback addresses mean something else than in the probe's own.
    """

    pid: int | None
    local: str
    local_port: int
    remote: str
    remote_port: int
    incoming: bool
    namespace: str = ""


@dataclass
class Found:
    """What a look at open files and sockets brings: the connections, and how many files each process has open."""

    connections: list[Connection] = field(default_factory=list)
    open_files: dict[int, int] = field(default_factory=dict)


def collect() -> Found:
    """Look at every socket and every open file there is now."""
    pids = proc.pids()
    namespaces = dict(_namespaces(pids))
    wanted = {socket.inode for table in namespaces.values() for socket in table.connected} - {0}
    found = Found()
    owners = _owners(pids, wanted, found.open_files)
    for name, table in namespaces.items():
        found.connections += _connections(name, table, owners)
    return found


def _namespaces(pids: Iterable[int]) -> Iterator[tuple[str, sockets.Namespace]]:
    """The probe's own network namespace, named "", and each other that a process lives in, by its number."""
    own = sockets.read("self")
    seen = {proc.link("self", "ns/net"), None}
    if own is not None:
        yield "", own
    for pid in pids:
        name = proc.link(pid, "ns/net")
        if name in seen:
            continue
        table = sockets.read(pid)
        if name is not None and table is not None:
            seen.add(name)
            yield name.removeprefix("net:[").removesuffix("]"), table


def _owners(pids: Iterable[int], wanted: set[int], open_files: dict[int, int]) -> dict[int, int]:
    """Which process holds each wanted socket, the oldest where several do; counts open files on the way."""
    owners: dict[int, int] = {}
    for pid in pids:
        descriptors = proc.descriptors(pid)
        if descriptors is None:
            continue
        open_files[pid] = len(descriptors)
        if len(owners) < len(wanted):
            for inode in _held(pid, descriptors):
                if inode in wanted:
                    owners.setdefault(inode, pid)
    return owners


def _held(pid: int, descriptors: Iterable[str]) -> Iterator[int]:
    for descriptor in descriptors:
        target = proc.link(pid, f"fd/{descriptor}")
        if target is not None and target.startswith(_SOCKET):
            yield int(target[len(_SOCKET) : -1])


def _connections(name: str, table: sockets.Namespace, owners: dict[int, int]) -> Iterator[Connection]:
    for socket in table.connected:
        yield Connection(
            pid=owners.get(socket.inode),
            local=socket.local,
            local_port=socket.local_port,
            remote=socket.remote,
            remote_port=socket.remote_port,
            incoming=table.incoming(socket),
            namespace=name,
        )
