"""What stands where a tool would: it answers anything, takes WebSockets, and remembers what it was told."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#: What it says that would hold beyond its own pages.
FOR_ALL_OF_THE_ORIGIN = {
    "Set-Cookie": "__Host-scope=stolen; Path=/",
    "Clear-Site-Data": '"*"',
    "Service-Worker-Allowed": "/",
    "Access-Control-Allow-Origin": "https://elsewhere.example",
    "Access-Control-Allow-Credentials": "true",
    "Alt-Svc": 'h3="elsewhere.example:443"',
}
SAID = b"<!doctype html><title>Dashboards</title>"


@dataclass(frozen=True)
class Told:
    """A request, its headers by their names in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Upstream:
    """A tool.

    Args:
        address: its `host:port`.
    """

    address: str = ""
    told: list[Told] = field(default_factory=list)


@contextmanager
def upstream() -> Iterator[Upstream]:
    """One that serves while the body runs."""
    tool = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name for it
            """Says nothing."""

        def _answer(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            tool.told.append(Told(self.command, self.path, headers, body))
            if headers.get("upgrade") == "websocket":
                self._echo(headers["sec-websocket-key"])
                return
            self.send_response(200)
            for name, value in (*FOR_ALL_OF_THE_ORIGIN.items(), ("Content-Type", "text/html")):
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(SAID)))
            self.end_headers()
            self.wfile.write(SAID)

        def _echo(self, key: str) -> None:
            accepted = b64encode(sha1(f"{key}{_GUID}".encode(), usedforsecurity=False).digest()).decode()
            self.send_response(101)
            for name, value in (
                ("Upgrade", "websocket"),
                ("Connection", "Upgrade"),
                ("Sec-WebSocket-Accept", accepted),
            ):
                self.send_header(name, value)
            self.end_headers()
            while said := self.rfile.read1():
                self.wfile.write(said)
            self.close_connection = True

        do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815 - as the server calls them

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    tool.address = f"127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield tool
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
