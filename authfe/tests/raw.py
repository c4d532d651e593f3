"""HTTP/1.1 as bytes: what no library would send."""

import json
import socket
from contextlib import suppress
from typing import Any

from authfe.tests.running import Edge

HOST = b"Host: localhost\r\n"


def connect(edge: Edge) -> socket.socket:
    """A connection that gives up on an edge that says nothing."""
    return socket.create_connection(("127.0.0.1", edge.port), timeout=30)


def until_closed(connection: socket.socket) -> bytes:
    """All that comes until the edge closes; a reset counts, for it may come when the edge did not read to the end."""
    received = b""
    with suppress(ConnectionError):
        while chunk := connection.recv(65536):
            received += chunk
    return received


def exchange(edge: Edge, request: bytes) -> bytes:
    """What the edge says to these bytes until it closes."""
    with connect(edge) as connection:
        with suppress(ConnectionError):  # it may have had enough before we are done
            connection.sendall(request)
        return until_closed(connection)


def parse(answer: bytes) -> tuple[int, Any]:
    """The status and the JSON of a whole answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)
