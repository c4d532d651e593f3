import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import grpc
import grpc.aio
import pytest
from typer.testing import CliRunner, Result

from deploy.local.command import free_ports
from scope.collection.v1.messages_pb2 import Acknowledged, PublishRequest, PublishResponse
from scope.collection.v1.service_pb2_grpc import (
    CollectionServiceServicer,
    add_CollectionServiceServicer_to_server,
)
from scope.report.v1.report_pb2 import Report
from scope_probe import VERSION, loop
from scope_probe.cli import app
from scope_probe.status import STALE_SECONDS, Status, lines, works
from scope_probe.watch import advice
from tests.certificates import Authority
from tests.e2e.client import wait_for

TOKEN = "scope-token-of-a-test"
DEADLINE = 60
NOBODY = "127.0.0.1:9"


class Peer(CollectionServiceServicer):
    """The other end of the contract: tells what came, and acknowledges it from whoever has the token.

    It breaks down as often as `failures` says before it acknowledges anything.
    """

    def __init__(self) -> None:
        self.failures = 0
        self.came: Queue[tuple[Report, dict[str, str | bytes]]] = Queue()

    async def Publish(  # noqa: N802 - the contract's name
        self, request_iterator: AsyncIterator[PublishRequest], context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> AsyncIterator[PublishResponse]:
        metadata = dict(context.invocation_metadata() or ())
        if metadata.get("authorization") != f"Scope-Probe token={TOKEN}":
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, "no such credential")
        await context.send_initial_metadata(())
        async for request in request_iterator:
            if self.failures:
                self.failures -= 1
                await context.abort(grpc.StatusCode.INTERNAL, "reset")
            report = Report.FromString(request.report)
            assert request.version == VERSION
            self.came.put((report, metadata))
            yield PublishResponse(acknowledged=Acknowledged(epoch=report.epoch, number=report.number))


@contextmanager
def peer(port: int = 0, credentials: grpc.ServerCredentials | None = None) -> Iterator[tuple[Peer, int]]:
    """A server in a thread of its own, and its port, which nobody else takes while it is away."""
    port = port or free_ports(1)[0]
    servicer, started = Peer(), Queue[tuple[asyncio.AbstractEventLoop, asyncio.Event, int]]()

    async def serve() -> None:
        server = grpc.aio.server()
        add_CollectionServiceServicer_to_server(servicer, server)
        address = f"127.0.0.1:{port}"
        bound = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
        await server.start()
        end = asyncio.Event()
        started.put((asyncio.get_running_loop(), end, bound))
        await end.wait()
        await server.stop(0)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    serving, end, bound = started.get(timeout=DEADLINE)
    try:
        yield servicer, bound
    finally:
        serving.call_soon_threadsafe(end.set)
        thread.join()


@contextmanager
def probe(tmp_path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command, as somebody would start it."""
    command = [sys.executable, "-m", "scope_probe", "launch", "--no-containers", f"--service-token={TOKEN}", *arguments]
    environment = {**os.environ, "XDG_STATE_HOME": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture(autouse=True)
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAMPLE_SECONDS", 0.05)
    for name in ("SCOPE_URL", "SCOPE_SERVICE_TOKEN", "SCOPE_HOSTNAME"):
        monkeypatch.delenv(name, raising=False)


def scope(*arguments: str, given: str | None = None) -> Result:
    return CliRunner(env={"COLUMNS": "500", "TERM": "dumb"}).invoke(app, arguments, input=given)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["launch", f"--service-token={TOKEN}"], ["scope launch https://scope.example.com", "SCOPE_URL"]),
        (["launch", NOBODY], ["--service-token=TOKEN", "SCOPE_SERVICE_TOKEN"]),
        (["launch", NOBODY, "--service-token=a b"], ["--service-token", "spaces"]),
        (["launch", NOBODY, f"--service-token={'x' * 513}"], ["--service-token", "too long"]),
        (["launch", "nonsense", f"--service-token={TOKEN}"], ["HOST:PORT"]),
        (["launch", NOBODY, f"--service-token={TOKEN}", "--ca-file", "absent"], [f"is https://{NOBODY} meant"]),
        (["launch", "8.8.8.8:80", f"--service-token={TOKEN}"], ["in clear", "8.8.8.8", "--plaintext"]),
        (["launch", NOBODY, f"--service-token={TOKEN}", "--probe-id", "a;b"], ["--probe-id", "A-Z"]),
        (["launch", NOBODY, f"--service-token={TOKEN}", "--hostname", "a;b"], ["--hostname", "';'"]),
        (["launch", "--print", "--docker-socket", "absent"], ["--docker-socket", "absent is no socket"]),
        (["launch", "--print", "--cri-socket", "/dev/null"], ["--cri-socket", "/dev/null is no socket"]),
        (["launch", "--print", "--docker-socket", "x" * 300], ["--docker-socket", "this user may not look at xx"]),
        (["launch", "--print", "--no-containers", "--docker-socket", "x"], ["--no-containers", "leave out --docker"]),
        (["launch", "--print", "--no-controls", "--read-only"], ["--no-controls", "leave out --read-only"]),
        (["launch", "--print", "--no-controls", "--allow-control=x"], ["--no-controls", "leave out --allow-control"]),
        (["launch", "--print", "--no-controls", "--process-signals"], ["--no-controls", "leave out --process-signals"]),
        (["launch", "--print", "--once"], ["--print", "--once"]),
        (["launch", "--print", "--report", "x"], ["--print", "--report"]),
    ],
)
def test_what_was_called_wrongly_is_told_what_to_do(arguments: list[str], said: list[str]) -> None:
    result = scope(*arguments)
    assert result.exit_code == 2
    assert all(words in result.output for words in said), result.output
    assert TOKEN not in result.output


def test_help_names_everything() -> None:
    result = scope("launch", "--help")
    assert result.exit_code == 0
    for words in (
        "HOST:PORT",
        "https://",
        "--ca-file",
        "SCOPE_URL",
        "SCOPE_SERVICE_TOKEN",
        "--no-command-args",
        "--docker-socket",
        "--cri-socket",
        "--no-containers",
        "--container-env",
        "--report",
        "--no-controls",
        "SCOPE_NO_CONTROLS",
        "--read-only",
        "--allow-control",
        "SCOPE_ALLOW_CONTROLS",
        "--process-signals",
        "Examples",
    ):
        assert words in result.output


def test_the_version() -> None:
    assert scope("--version").output.strip() == VERSION


def test_what_is_printed_can_be_sent(tmp_path: Path) -> None:
    printed = scope("launch", "--print", "--hostname", "here.example")
    assert printed.exit_code == 0
    assert json.loads(printed.output)["nodes"][0]["id"] == "here.example;<host>"
    file = tmp_path / "report.json"
    file.write_text(printed.output, encoding="utf-8")
    with peer() as (servicer, port):
        for source, given in (("-", printed.output), (str(file), None)):
            result = scope("launch", f"127.0.0.1:{port}", f"--service-token={TOKEN}", "--report", source, given=given)
            assert result.exit_code == 0, result.output
        (first, one), (second, other) = servicer.came.get_nowait(), servicer.came.get_nowait()
    assert first.nodes == second.nodes
    assert len(first.nodes) == len(json.loads(printed.output)["nodes"])
    assert one["x-scope-probe-id"] != other["x-scope-probe-id"]


def test_once_sends_one_full_report_without_the_token_in_it() -> None:
    with peer() as (servicer, port):
        result = scope("launch", f"127.0.0.1:{port}", f"--service-token={TOKEN}", "--once", "--probe-id", "me_1")
        assert result.exit_code == 0, result.output
        report, metadata = servicer.came.get_nowait()
        assert servicer.came.empty()
    assert metadata["x-scope-probe-id"] == "me_1"
    assert (report.number, report.base) == (1, 0)
    assert TOKEN.encode() not in report.SerializeToString()


def test_once_outlives_a_service_that_breaks_down_on_the_way() -> None:
    with peer() as (servicer, port):
        servicer.failures = 2
        result = scope("launch", f"127.0.0.1:{port}", f"--service-token={TOKEN}", "--once")
        assert result.exit_code == 0, result.output
        assert servicer.came.qsize() == 1


def test_a_token_that_is_refused_and_a_service_that_is_away() -> None:
    with peer() as (_, port):
        refused = scope("launch", f"127.0.0.1:{port}", "--service-token=wrong", "--once")
    away = scope("launch", f"127.0.0.1:{port}", f"--service-token={TOKEN}", "--once")
    assert (refused.exit_code, away.exit_code) == (1, 1)
    assert "check the service token" in refused.output
    assert "wrong" not in refused.output
    assert f"127.0.0.1:{port}" in away.output
    assert "check that the service runs" in away.output


def test_a_report_that_is_none() -> None:
    result = scope("launch", NOBODY, f"--service-token={TOKEN}", "--report", "-", given="{}x")
    assert result.exit_code == 1
    assert "holds no report" in result.output


def test_what_fails_about_tls_is_told_what_to_do(tmp_path: Path) -> None:
    with peer() as (servicer, port):
        spoken = scope("launch", f"https://127.0.0.1:{port}", f"--service-token={TOKEN}", "--once")
        assert servicer.came.empty()
    assert spoken.exit_code == 1
    assert "does not speak TLS there: leave out https://" in spoken.output
    authority = Authority(tmp_path)
    certificate = authority.certificate()
    pair = (certificate.key.read_bytes(), certificate.cert.read_bytes())
    with peer(credentials=grpc.ssl_server_credentials([pair])) as (servicer, port):
        url = f"https://127.0.0.1:{port}"
        doubted = scope("launch", url, f"--service-token={TOKEN}", "--once")
        assert "with --ca-file" in doubted.output
        trusted = scope("launch", url, f"--service-token={TOKEN}", "--once", "--ca-file", str(authority.file))
        assert trusted.exit_code == 0, trusted.output
        assert servicer.came.qsize() == 1


def test_what_fails_is_said_once_and_not_by_grpc_too(tmp_path: Path) -> None:
    with peer() as (_, port), probe(tmp_path, f"https://127.0.0.1:{port}", "--once") as process:
        assert process.stderr is not None
        (said,) = process.stderr.read().splitlines()
        assert process.wait(DEADLINE) == 1
    assert said.startswith("Error: The report was not stored by https://")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_running_probe_reports_and_ends_when_told(tmp_path: Path, number: signal.Signals) -> None:
    with peer() as (servicer, port), probe(tmp_path, f"127.0.0.1:{port}", "--state", str(tmp_path)) as process:
        assert process.stderr is not None
        first, metadata = servicer.came.get(timeout=DEADLINE)
        second, _ = servicer.came.get(timeout=DEADLINE)
        process.send_signal(number)
        said = process.stderr.read()
        assert process.wait(DEADLINE) == 0
    assert first.base == 0
    assert second.number > first.number
    assert metadata["x-scope-probe-id"] == (tmp_path / "probe-id").read_text().strip()
    assert "connected" in said
    assert TOKEN not in said


def status(tmp_path: Path) -> tuple[int, str]:
    result = scope("status", "--state", str(tmp_path))
    return result.exit_code, result.output


def test_a_probe_says_how_it_is_doing(tmp_path: Path) -> None:
    assert status(tmp_path)[0] == 3
    with peer() as (servicer, port):
        with probe(tmp_path, f"127.0.0.1:{port}", "--state", str(tmp_path)) as process:
            servicer.came.get(timeout=DEADLINE)
            deadline = time.monotonic() + DEADLINE
            while (code := status(tmp_path)[0]) and time.monotonic() < deadline:
                time.sleep(0.05)
            said = status(tmp_path)[1]
            told = json.loads(scope("status", "--json", "--state", str(tmp_path)).output)
        assert code == 0
        assert f"connected to 127.0.0.1:{port}" in said
        assert "last acknowledged" in said
        assert "dropped            0 reports" in said
        assert (told["pid"], told["connected"], told["dropped"]) == (process.pid, True, 0)
        assert told["probe"] == (tmp_path / "probe-id").read_text().strip()
    code, said = status(tmp_path)
    assert (code, "no probe runs" in said) == (3, True)


@pytest.mark.parametrize(
    ("problem", "remedy"),
    [
        ("LIMIT_EXCEEDED: the organization has 3 probes, which is the most", "tell whoever operates the service"),
        ("LOG_FULL: the report log has no room", "tell whoever operates the service"),
        ("UNKNOWN: no details", "https://HOST:PORT"),
    ],
)
def test_advice_fits_the_problem(problem: str, remedy: str) -> None:
    assert remedy in advice(problem)


def test_a_probe_whose_service_is_away_says_so_and_what_to_do(tmp_path: Path) -> None:
    with probe(tmp_path, NOBODY, "--state", str(tmp_path)) as process:
        assert process.stderr is not None
        assert any("not connected" in line for line in process.stderr)
        code, said = status(tmp_path)
    assert code == 1
    assert f"not connected to {NOBODY}" in said
    assert "check that the service runs" in said
    assert "nothing yet" in said


def test_a_probe_that_was_stopped_is_stuck() -> None:
    stopped = Status(1, VERSION, "p", NOBODY, True, "", "", 100.0, 0, {}, "", 90.0, 100.0)
    assert works(stopped, 100 + STALE_SECONDS - 1)
    assert not works(stopped, 100 + STALE_SECONDS)
    assert "stuck: process 1 has done nothing since 2 min ago" in lines(stopped, 220.0)[0]


def test_engines_are_part_of_how_a_probe_is_doing() -> None:
    engines = {"docker at /run/docker.sock": "", "cri at /run/crio/crio.sock": "no answer in time"}
    said = lines(Status(1, VERSION, "p", NOBODY, True, "", "", 100.0, 0, engines, "", 90.0, 100.0), 100.0)
    assert "containers         from docker at /run/docker.sock" in said
    assert "containers         not all known from cri at /run/crio/crio.sock: no answer in time" in said


@pytest.mark.parametrize(("engines", "words"), [({}, "no engine found"), (None, "not reported: --no-containers")])
def test_why_no_engine_is_asked_is_said(engines: dict[str, str] | None, words: str) -> None:
    said = lines(Status(1, VERSION, "p", NOBODY, True, "", "", 100.0, 0, engines, "", 90.0, 100.0), 100.0)
    assert [line for line in said if line.startswith(f"containers         {words}")]


def host_controls(report: Report) -> list[str]:
    return [report.strings[control] for node in report.nodes for control in node.controls]


@pytest.mark.parametrize(
    ("arguments", "variables", "offered", "words"),
    [
        ((), {}, {"host_exec"}, "out of reach: "),
        (("--process-signals",), {}, {"host_exec", "process_signal"}, "out of reach: "),
        ((), {"SCOPE_PROCESS_SIGNALS": "1"}, {"host_exec", "process_signal"}, "out of reach: "),
        (("--allow-control", "docker_*"), {}, set[str](), "out of reach: "),
        ((), {"SCOPE_ALLOW_CONTROLS": "docker_* host_*"}, {"host_exec"}, "out of reach: "),
        (("--read-only",), {}, set[str](), "out of reach: "),
        ((), {"SCOPE_READ_ONLY": "true"}, set[str](), "out of reach: "),
        (("--no-controls",), {}, set[str](), "none: --no-controls"),
        ((), {"SCOPE_NO_CONTROLS": "1"}, set[str](), "none: --no-controls"),
    ],
)
def test_what_others_may_do_is_reported_and_told(  # noqa: PLR0917 - a row of the table and two fixtures
    arguments: tuple[str, ...],
    variables: dict[str, str],
    offered: set[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    state = ("--state", str(tmp_path))
    # The peer takes reports, and knows nothing of controls.
    with peer() as (servicer, port), probe(tmp_path, f"127.0.0.1:{port}", *state, *arguments):
        report, _ = servicer.came.get(timeout=DEADLINE)
        wait_for(lambda: f"controls           {words}" in status(tmp_path)[1], "what its status says of controls")
    assert set(host_controls(report)) == offered


def test_a_running_probe_ends_at_once_though_the_service_is_away(tmp_path: Path) -> None:
    with probe(tmp_path, NOBODY, "--state", str(tmp_path)) as process:
        assert process.stderr is not None
        assert any("not connected" in line for line in process.stderr)
        process.terminate()
        assert process.wait(DEADLINE) == 0


def test_a_service_that_goes_and_comes_back_is_told_of(tmp_path: Path) -> None:
    with peer() as (servicer, port):
        running = probe(tmp_path, f"127.0.0.1:{port}", "--state", str(tmp_path))
        process = running.__enter__()
        assert process.stderr is not None
        servicer.came.get(timeout=DEADLINE)
    try:
        lines = iter(process.stderr.readline, "")
        assert any("not connected" in line for line in lines)
        with peer(port) as (servicer, _):
            servicer.came.get(timeout=DEADLINE)
            assert any("connected again" in line and "away_seconds" in line for line in lines)
    finally:
        running.__exit__(None, None, None)


def test_two_probes_of_one_state(tmp_path: Path) -> None:
    with probe(tmp_path, NOBODY, "--state", str(tmp_path)) as process:
        assert process.stderr is not None
        assert any("not connected" in line for line in process.stderr)
        result = scope("launch", NOBODY, f"--service-token={TOKEN}", "--state", str(tmp_path))
    assert result.exit_code == 1
    assert "Another probe" in result.output
