"""What is not traced makes no span and is still joined; what nobody collects costs nothing and holds nobody up."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry import trace
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.command import free_ports
from mesh.telemetry import traces
from tests.e2e.collector import collecting

#: Counts and traces something for so many tenths of a second, and leaves; it waits so long for what is left to be sent.
WORKS = """
import logging, sys, time
from urllib.request import urlopen
from opentelemetry.context import attach
from opentelemetry.trace import SpanKind
from mesh import logs
from mesh.settings import Settings
from mesh.telemetry import export
from mesh.telemetry.declared import Instruments
from mesh.telemetry.export import exporting
from mesh.telemetry.traces import received

settings = Settings()
if len(sys.argv) > 2:
    export._PATIENCE = float(sys.argv[2])
logs.configure("tested", settings)
instruments = Instruments("tested")
counter = instruments.counter("scope_tested", "{test}", "Tests.", "kind")
gauge = instruments.gauge("scope_tests", "{test}", "Tests now.")
span = instruments.span("test", SpanKind.INTERNAL, "A test.")
with exporting("tested", settings), gauge.reads(lambda: 3), gauge.reads(lambda: 4):
    for number in range(int(sys.argv[1])):
        started = time.perf_counter()
        for _ in range(1000):
            counter.add(2, "own")
            with span.apart():
                received({"traceparent": "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01", "tracestate": "no member"})
        print(time.perf_counter() - started, flush=True)
        time.sleep(0.1)
    if settings.metrics_listen:
        print(urlopen(f"http://{settings.metrics_listen}/metrics").read().decode())
    leaving = time.monotonic()
print(time.monotonic() - leaving)
"""


def work(rounds: int, folder: Path, *patience: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    plain = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    ours = {"LISTEN": "127.0.0.1:1", "MESH_KEY_FILE": str(folder / "none"), "USERS_ADDRESS": "127.0.0.1:9"}
    command = [sys.executable, "-c", WORKS, str(rounds), *patience]
    return subprocess.run(
        command, env={**plain, **ours, **variables}, capture_output=True, text=True, timeout=200, check=False
    )


@pytest.mark.parametrize("listening", [False, True], ids=["refuses", "never answers"])
def test_a_collector_that_is_away_is_said_once_and_keeps_nobody(listening: bool, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        if not listening:
            server.close()
        done = work(
            20,
            tmp_path,
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}",
            OTEL_EXPORTER_OTLP_TIMEOUT="0.5",
            OTEL_BSP_SCHEDULE_DELAY="100",
            OTEL_METRIC_EXPORT_INTERVAL="200",
        )
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert sorted(line["what"] for line in said) == ["metrics", "traces"]
    assert {line["event"] for line in said} == {"the collector takes none"}
    assert float(done.stdout.splitlines()[-1]) < 20  # it waits two seconds


def test_what_is_left_at_the_end_is_sent(tmp_path: Path) -> None:
    [port] = free_ports(1)
    with collecting(port) as collector:
        rarely = {"OTEL_BSP_SCHEDULE_DELAY": "600000", "OTEL_METRIC_EXPORT_INTERVAL": "600000"}
        some = {"OTEL_TRACES_SAMPLER": "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.1"}
        done = work(1, tmp_path, "60", OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}", **rarely, **some)
    assert (done.returncode, done.stderr) == (0, "")
    assert 10 < len(collector.spans) < 400
    assert collector.metrics["tested"] == {"scope_tested": {"kind"}}


def test_without_a_collector_nothing_is_said_and_prometheus_reads(tmp_path: Path) -> None:
    done = work(1, tmp_path, METRICS_LISTEN=f"127.0.0.1:{free_ports(1)[0]}")
    assert (done.returncode, done.stderr) == (0, "")
    page = "\n".join(done.stdout.splitlines()[1:-1]) + "\n"
    values = {
        (sample.name, sample.labels.get("kind")): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }
    assert values["scope_tested_total", "own"] == 2000
    assert values["scope_tests", None] == 7


@pytest.mark.parametrize("disabled", ["", "true"])
def test_what_callers_send_oddly_is_not_logged(disabled: str, tmp_path: Path) -> None:
    assert "no member" not in work(1, tmp_path, OTEL_SDK_DISABLED=disabled).stderr


@pytest.mark.parametrize(
    ("variables", "refusal"),
    [
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "only 'grpc' is spoken here"),
        ({"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_SDK_DISABLED": "true"}, ""),
    ],
)
def test_a_protocol_that_is_not_spoken_is_refused(variables: dict[str, str], refusal: str, tmp_path: Path) -> None:
    done = work(0, tmp_path, **variables)
    assert bool(done.returncode) == bool(refusal)
    assert refusal in done.stderr


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "00-" + "0" * 32 + "-" + "ab" * 8 + "-01",
        "00-" + "ab" * 16 + "-" + "cd" * 8 + "-00",
        "00-" + "AB" * 16 + "-" + "cd" * 8 + "-01",
        "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01" + "-" * 10_000,
        "\0",
    ],
)
def test_what_is_not_sampled_or_malformed_is_no_trace(traceparent: str) -> None:
    assert traces.received({"traceparent": traceparent}) is None


def test_what_is_sampled_is_received() -> None:
    found = traces.received({"traceparent": "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"})
    assert found is not None
    assert (trace.format_trace_id(found.trace_id), trace.format_span_id(found.span_id)) == ("ab" * 16, "cd" * 8)
