import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scope_probe import connections
from scope_probe.connections import Connection
from tests.connection import needs_ipv6

CLIENT = """
import socket, sys
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as connection:
    print(connection.getsockname()[1], flush=True)
    input()
"""

# Python has unshare only from 3.12 on. A new namespace's loopback interface is down.
APART = """
import ctypes, fcntl, socket, struct
ctypes.CDLL(None).unshare(0x40000000)
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH14s", b"lo", 1, b""))
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
print(server.getsockname()[1], flush=True)
input()
"""
UNPRIVILEGED = """
import os, sys
from scope_probe import connections
os.setgid(65534)
os.setuid(65534)
found = connections.collect()
server, pid = int(sys.argv[1]), int(sys.argv[2])
print([end.pid for end in found.connections if end.local_port == server], pid in found.open_files)
"""


@contextmanager
def pair(address: str, *, dual: bool = False) -> Iterator[tuple[int, int, int]]:
    """A server here and a client in a child: the client's pid, the server's port and the client's."""
    family = socket.AF_INET6 if ":" in address or dual else socket.AF_INET
    with socket.create_server(("::" if dual else address, 0), family=family, dualstack_ipv6=dual) as server:
        port = server.getsockname()[1]
        command = [sys.executable, "-c", CLIENT, address, str(port)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client, server.accept()[0]:
            assert client.stdout is not None
            yield client.pid, port, int(client.stdout.readline())
            client.communicate(b"\n")


def ends(*ports: int) -> list[Connection]:
    """Of the connection between these two ports."""
    return [found for found in connections.collect().connections if {found.local_port, found.remote_port} == {*ports}]


@pytest.mark.parametrize(
    ("address", "dual"),
    [
        ("127.0.0.1", False),
        pytest.param("::1", False, marks=needs_ipv6),
        pytest.param("127.0.0.1", True, marks=needs_ipv6),
    ],
)
def test_both_ends_with_their_processes(address: str, *, dual: bool) -> None:
    with pair(address, dual=dual) as (pid, port, client_port):
        found = ends(port, client_port)
    assert sorted(found, key=lambda end: end.incoming) == [
        Connection(pid, address, client_port, address, port, incoming=False),
        Connection(os.getpid(), address, port, address, client_port, incoming=True),
    ]


def test_a_socket_nobody_holds_has_no_process() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        accepted = server.accept()[0]
        port, server_port = client.getsockname()[1], server.getsockname()[1]
        client.close()  # its end waits for ours, in the kernel alone
        found = {end.local_port: end.pid for end in ends(port, server_port)}
        accepted.close()
    assert found == {port: None, server_port: os.getpid()}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a network namespace")
def test_another_network_namespace() -> None:
    command = [sys.executable, "-c", APART]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        inode = str(Path(f"/proc/{process.pid}/ns/net").stat().st_ino)
        found = [end for end in connections.collect().connections if end.namespace == inode]
        process.communicate(b"\n")
    # The server never accepted: its end is nobody's yet.
    assert {(end.pid, end.incoming) for end in found} == {(process.pid, False), (None, True)}
    assert all(port in {end.local_port, end.remote_port} for end in found)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_what_may_not_be_seen_is_left_to_the_host() -> None:
    with pair("127.0.0.1") as (_, port, _client):
        command = [sys.executable, "-c", UNPRIVILEGED, str(port), str(os.getpid())]
        answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert answer == "[None] False\n"
