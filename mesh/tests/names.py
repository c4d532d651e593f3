"""A server of names, which tests tell what they stand for."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, UDPServer

_A, _IN, _SECONDS = 1, 1, 0


class Names(UDPServer):
    """Every name has these IPv4 addresses, and no others."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Question)
        self.addresses: list[str] = []

    @property
    def port(self) -> int:
        """Where it is asked, on 127.0.0.1."""
        port: int = self.socket.getsockname()[1]
        return port


class _Question(BaseRequestHandler):
    def handle(self) -> None:
        assert isinstance(self.server, Names)
        data, answering = self.request
        end = data.index(b"\0", 12) + 5
        kind = struct.unpack("!H", data[end - 4 : end - 2])[0]
        found = self.server.addresses if kind == _A else []
        answers = [b"\xc0\x0c" + struct.pack("!HHIH", _A, _IN, _SECONDS, 4) + socket.inet_aton(each) for each in found]
        header = data[:2] + b"\x81\x80" + struct.pack("!HHHH", 1, len(answers), 0, 0)
        answering.sendto(header + data[12:end] + b"".join(answers), self.client_address)


@contextmanager
def serving_names() -> Iterator[Names]:
    """Answers while the body runs."""
    with Names() as names:
        thread = threading.Thread(target=names.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield names
        finally:
            names.shutdown()
            thread.join()
