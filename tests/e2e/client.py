"""Talking to a running mesh as its users do: HTTP, server-sent events, the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from typing import Any, TypeVar

from tests.connection import connect

#: How long a test waits for something that should take a moment, in seconds.
PATIENCE = 90.0
ROOT = Path(__file__).resolve().parents[2]

T = TypeVar("T")


def wait_for(get: Callable[[], T | None], what: str, within: float = PATIENCE) -> T:
    """Looks until it sees something true; the refusals of a service that is just being restarted count as not yet."""
    deadline = time.monotonic() + within
    while True:
        seen: object = None
        try:
            if value := get():
                return value
        except (OSError, HTTPException) as error:
            seen = error
        assert time.monotonic() < deadline, f"{what} did not come within {within} s (last: {seen!r})"
        time.sleep(0.05)


@dataclass(frozen=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Event:
    """A server-sent event."""

    kind: str
    data: Any
    id: str


@dataclass(frozen=True)
class Api:
    """The REST face, with the headers of one caller."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Over TLS, who vouches for the edge.
    ca_file: str = ""

    def bearer(self, token: str) -> "Api":
        return self.with_headers(authorization=f"Bearer {token}")

    def with_headers(self, **headers: str) -> "Api":
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **more})

    def connect(self) -> HTTPConnection:
        return connect(self.url, self.ca_file, PATIENCE)

    def call(self, method: str, path: str, body: object = None) -> Answer:
        connection = self.connect()
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"content-type": "application/json", **self.headers})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: object) -> Answer:
        return self.call("POST", path, body)

    def nodes(self, topology: str) -> dict[str, Any]:
        answer = self.get(f"/api/topology/{topology}")
        if answer.status != 200:
            raise HTTPException(f"{answer.status} {answer.body!r}")
        nodes: dict[str, Any] = answer.json()["nodes"]
        return nodes

    @contextmanager
    def watch(self, topology: str, last_event_id: str = "") -> Iterator[Iterator[Event]]:
        connection = self.connect()
        headers = {**self.headers, **({"last-event-id": last_event_id} if last_event_id else {})}
        connection.request("GET", f"/api/watch/topology/{topology}", headers=headers)
        response = connection.getresponse()
        try:
            if response.status != 200:
                raise HTTPException(f"{response.status} {response.read()!r}")
            yield _events(response)
        finally:
            connection.close()


def _events(response: HTTPResponse) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for raw in response:
        line = raw.decode().rstrip("\n")
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif "data" in fields:
            yield Event(fields["event"], json.loads(fields["data"]), fields.get("id", ""))
            fields = {}


class Mesh:
    """A `make up` of a test's own, in a folder of its own."""

    def __init__(self, data: Path, port: int, **variables: str) -> None:
        self.data = data
        self.url = f"{'https' if 'TLS_CERT' in variables else 'http'}://127.0.0.1:{port}"
        self._environment = {**os.environ, "DATA": str(data), "PORT": str(port), "HOST": "127.0.0.1", **variables}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.data.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command, cwd=ROOT, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for(self._is_ready, f"ready (see {self.log})", within=180)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text()[-3000:]
        return "ready:" in self.log.read_text() and (self.data / "run.json").exists()

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "deploy.local", "up"]

    @property
    def log(self) -> Path:
        return self.data / "up.log"

    @property
    def environment(self) -> dict[str, str]:
        return self._environment

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(with_signal)
        return self.process.wait(120)

    def local(self) -> dict[str, str]:
        content: dict[str, str] = json.loads((self.data / "local.json").read_text())
        return content

    def run(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return content

    def processes(self, name: str) -> list[dict[str, Any]]:
        return [process for process in self.run()["processes"] if process["name"] == name]

    def api(self) -> Api:
        """As the first administrator, in the first organization."""
        return self.anybody().bearer(self.local()["api_token"])

    def anybody(self) -> Api:
        return Api(self.url, ca_file=self.local().get("ca_file", ""))

    def command_line(self, program: str, *arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
        """Runs `scope`, `scope-users` or `make` for this mesh."""
        installed = Path(sys.executable).with_name(program)
        return subprocess.run(
            [str(installed) if installed.exists() else program, *arguments],
            cwd=ROOT,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,
        )
