"""The edge as a process of its own: what its environment says becomes the configuration of a real Envoy."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from authfe.edge import write
from authfe.frontend.settings import FrontendSettings
from authfe.tests.pages import UiServer
from authfe.tests.running import AREAS, until, validate
from authfe.tests.standins import Replica, free_port
from tests.certificates import Authority

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
#: As the manifests say it: a name stands for all replicas of a service.
SERVICES = {
    **{f"{area.upper()}_ADDRESS": f"{area}:9000" for area in AREAS},
    "UI_SERVER_ADDRESS": "ui-server:8080",
    "SOCKETS_ADDRESS": "authfe:8080",
}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FrontendSettings]:
    """What an environment says, in which nothing else is."""

    def tell(**variables: str) -> FrontendSettings:
        for name in list(os.environ):
            monkeypatch.delenv(name)
        everything = {"LISTEN": "0.0.0.0:8080", "RUNTIME": str(tmp_path / "run"), **SERVICES, **variables}
        for name, value in everything.items():
            monkeypatch.setenv(name, value)
        return FrontendSettings.read()

    return tell


def test_envoy_takes_what_the_defaults_make(told: Callable[..., FrontendSettings]) -> None:
    settings = told()
    done = validate(write(settings.deployment(1024), settings.runtime))
    assert done.returncode == 0, done.stderr


def test_envoy_takes_all_that_can_be_said(told: Callable[..., FrontendSettings], tmp_path: Path) -> None:
    served = Authority(tmp_path).certificate("scope.example")
    settings = told(
        LISTEN="0.0.0.0:8443",
        REDIRECT_LISTEN="0.0.0.0:8080",
        TLS_CERT=str(served.cert),
        TLS_KEY=str(served.key),
        QUERY_ADDRESS="10.0.0.1:9000,10.0.0.2:9000",
        GRAFANA_ADDRESS="grafana:3000",
        TRUSTED_HOPS="2",
        CORS_ORIGINS="https://app.example",
        OTEL_EXPORTER_OTLP_ENDPOINT="http://collector:4317",
        OTEL_TRACES_SAMPLER="parentbased_traceidratio",
        OTEL_TRACES_SAMPLER_ARG="0.25",
    )
    deployment = settings.deployment(1024)
    assert deployment.clusters["query"] == ["10.0.0.1:9000", "10.0.0.2:9000"]
    assert (deployment.redirect, deployment.trusted_hops) == ("0.0.0.0:8080", 2)
    assert (deployment.cors_origins, deployment.grafana) == (("https://app.example",), "grafana:3000")
    assert deployment.collector
    assert deployment.collector.sampled == 0.25
    assert deployment.connections == 1024 - 128
    configuration = write(deployment, settings.runtime)
    listeners = json.loads(configuration.read_text())["static_resources"]["listeners"]
    assert {one["address"]["socket_address"]["port_value"] for one in listeners} == {8443, 8080}
    done = validate(configuration)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"USERS_ADDRESS": ""}, "USERS_ADDRESS: Field required"),
        ({"PIPE_ADDRESS": "pipe"}, "PIPE_ADDRESS: not an address of the form host:port: 'pipe'"),
        ({"LISTEN": "8080"}, "LISTEN: not an address of the form host:port: '8080'"),
        ({"TLS_CERT": "/tls/tls.crt"}, "TLS_CERT and TLS_KEY go together: give both, or neither"),
        ({"REDIRECT_LISTEN": "0.0.0.0:8080"}, "REDIRECT_LISTEN sends to TLS: it needs TLS_CERT and TLS_KEY"),
        ({"CORS_ORIGINS": "*"}, "CORS_ORIGINS: '*' is no origin"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "collector"}, "OTEL_EXPORTER_OTLP_ENDPOINT: 'collector' is no collector"),
    ],
)
def test_what_cannot_be_is_named(
    told: Callable[..., FrontendSettings], variables: Mapping[str, str], said: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        told(**variables)
    assert str(ended.value).startswith(said)


@pytest.fixture
def addresses(ui_server: UiServer) -> Iterator[dict[str, str]]:
    """Where a replica of each service listens."""
    with ExitStack() as after:
        found = {"UI_SERVER_ADDRESS": ui_server.address, "SOCKETS_ADDRESS": ui_server.address}
        for replica in map(Replica, AREAS):
            after.callback(replica.stop)
            replica.start()
            found[f"{replica.area.upper()}_ADDRESS"] = replica.address
        yield found


def test_it_becomes_an_envoy_that_answers_and_ends_when_it_is_told_to(
    addresses: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    environment = {"LISTEN": f"127.0.0.1:{port}", "RUNTIME": str(tmp_path / "run"), **addresses}
    log = tmp_path / "log"
    with log.open("wb") as opened:
        command = [sys.executable, "-m", "authfe.frontend"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=opened, stderr=opened)
    try:
        until(lambda: _health(process, port, log) == 200, "the edge says that all works")
        assert Path(f"/proc/{process.pid}/comm").read_text().strip() == "envoy"
        assert (tmp_path / "run").stat().st_mode & 0o777 == 0o700
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()


def _health(process: "subprocess.Popen[Any]", port: int, log: Path) -> int:
    assert process.poll() is None, log.read_text()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()
