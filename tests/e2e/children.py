"""Processes that a test starts, for a probe to see."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SERVE = """
import socket, sys
server = socket.create_server((sys.argv[1], 0), family=int(sys.argv[2]))
print(server.getsockname()[1], flush=True)
connection, _ = server.accept()
input()
"""
_CONNECT = """
import socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
input()
"""
Process = subprocess.Popen[bytes]


@contextmanager
def child(*arguments: str, program: str = sys.executable) -> Iterator[Process]:
    """A Python of these arguments, which ends with the block."""
    process = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@contextmanager
def talking(
    address: str = "127.0.0.1", family: int = socket.AF_INET, program: str = sys.executable
) -> Iterator[tuple[Process, Process, str]]:
    """A server, a client that is connected to it, and the server's port."""
    with child("-c", _SERVE, address, str(int(family)), program=program) as server:
        assert server.stdout is not None
        port = server.stdout.readline().decode().strip()
        with child("-c", _CONNECT, address, port, program=program) as client:
            yield server, client, port
