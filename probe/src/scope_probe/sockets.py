"""TCP sockets as the kernel lists them, one network namespace at a time."""

import ipaddress
import sys
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT, LISTEN = "01", "04", "05", "08", "0A"
CONNECTED = frozenset({ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT})
_EVERY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - recognised in others, never bound


class Socket(NamedTuple):
    """A TCP socket. `inode` names it in /proc/PID/fd; 0: no process holds it any more."""

    local: str
    local_port: int
    remote: str
    remote_port: int
    state: str
    inode: int


class Namespace(NamedTuple):
    """The sockets of one network namespace."""

    connected: list[Socket]
    listening: frozenset[tuple[str, int]]
    addresses: frozenset[str]

    def listens(self, address: str, port: int) -> bool:
        """Whether somebody here waits for connections at this address."""
        return (address, port) in self.listening or any((every, port) in self.listening for every in _EVERY_ADDRESS)

    def incoming(self, socket: Socket) -> bool:
        """Whether the remote end opened this connection.

        The end that somebody listens at was called. Where that settles nothing (nobody listens any more, both ends do,
        or the other end is elsewhere) the lower port was: clients get theirs from the high end.
        """
        here = self.listens(socket.local, socket.local_port)
        there = socket.remote in self.addresses and self.listens(socket.remote, socket.remote_port)
        return here if here != there else socket.local_port < socket.remote_port


def read(process: int | str) -> Namespace | None:
    """The sockets of the namespace that a process (a pid or `self`) lives in; None when it is gone or hidden."""
    found = False
    sockets: list[Socket] = []
    for table in ("tcp", "tcp6"):
        try:
            with Path(f"/proc/{process}/net/{table}").open(encoding="utf-8") as lines:
                sockets += parse(lines)
            found = True
        except OSError:  # a kernel without IPv6 has no tcp6
            continue
    return arrange(sockets) if found else None


def arrange(sockets: Iterable[Socket]) -> Namespace:
    """Tell connections from what is listened at."""
    connected, listening = [], set()
    for socket in sockets:
        if socket.state == LISTEN:
            listening.add((socket.local, socket.local_port))
        else:
            connected.append(socket)
    return Namespace(connected, frozenset(listening), frozenset(socket.local for socket in connected))


def parse(lines: Iterable[str]) -> list[Socket]:
    """Read /proc/net/tcp or tcp6, heading included: sockets that listen or are connected, in the file's order."""
    sockets = []
    for line in lines:
        fields = line.split(None, 10)
        if len(fields) < 10 or (fields[3] not in CONNECTED and fields[3] != LISTEN):
            continue
        local, _, local_port = fields[1].partition(":")
        remote, _, remote_port = fields[2].partition(":")
        sockets.append(
            Socket(
                address(local), int(local_port, 16), address(remote), int(remote_port, 16), fields[3], int(fields[9])
            )
        )
    return sockets


@lru_cache(maxsize=4096)
def address(digits: str) -> str:
    """Read an address as the kernel prints it: words of 32 bits in the machine's byte order. IPv4-mapped as IPv4."""
    words = (int(digits[start : start + 8], 16).to_bytes(4, sys.byteorder) for start in range(0, len(digits), 8))
    found = ipaddress.ip_address(b"".join(words))
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return str(mapped or found)
