"""A whole mesh over TLS: what people and probes do in clear, they do here too."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.local import postgres
from deploy.local.command import free_ports
from tests.certificates import Authority
from tests.e2e.client import Mesh, wait_for
from tests.e2e.documents import two_processes


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    folder = tmp_path_factory.mktemp("tls")
    served = Authority(folder).certificate()
    port, redirect = free_ports(2)
    variables = {"TLS_CERT": str(served.cert), "TLS_KEY": str(served.key), "REDIRECT_PORT": str(redirect)}
    mesh = Mesh(folder / "data", port, **variables)
    mesh.start()
    yield mesh
    assert mesh.stop() == 0
    postgres.remove(mesh.data / "postgres")


def test_its_own_probe_reports_and_a_watch_begins(secure: Mesh) -> None:
    wait_for(lambda: secure.api().nodes("hosts"), "this machine")
    with secure.api().watch("hosts") as events:
        assert next(events).kind == "reset"


def test_the_link_signs_in_with_a_cookie_for_this_host_over_tls_alone(secure: Mesh) -> None:
    link = secure.command_line("scope-users", "login-link", secure.local()["email"]).stdout.strip()
    assert link.startswith(f"{secure.url}/#/login/")
    answer = secure.anybody().post("/api/users/login", {"token": link.rpartition("/")[2]})
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-scope=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    browser = secure.anybody().with_headers(cookie=cookie.partition(";")[0], origin=secure.url)
    assert browser.get("/api/users/lookup").json()["email"] == secure.local()["email"]
    assert browser.with_headers(origin="https://elsewhere.example").post("/api/users/logout", {}).status == 403
    assert browser.post("/api/users/logout", {}).status == 200
    assert browser.get("/api/users/lookup").status == 401


def test_a_probe_elsewhere_needs_to_be_told_whom_to_trust(secure: Mesh, tmp_path: Path) -> None:
    document = tmp_path / "report.json"
    document.write_text(json.dumps(two_processes("over-tls")))
    token = f"--service-token={secure.local()['service_token']}"
    launch = ("scope", "launch", token, "--report", str(document))
    unknown = secure.command_line(*launch, secure.url)
    assert unknown.returncode == 1
    assert "certificate" in unknown.stderr
    trusted = secure.command_line(*launch, "--ca-file", secure.local()["ca_file"], secure.url)
    assert trusted.returncode == 0, trusted
    wait_for(lambda: "over-tls;<host>" in secure.api().nodes("hosts"), "the host")


def test_who_comes_in_clear_is_sent_to_tls(secure: Mesh) -> None:
    [redirect] = [value for name, value in secure.environment.items() if name == "REDIRECT_PORT"]
    connection = HTTPConnection(f"127.0.0.1:{redirect}", timeout=30)
    connection.request("GET", "/api/topology?org=x")
    answer = connection.getresponse()
    assert (answer.status, answer.headers["location"]) == (308, f"{secure.url}/api/topology?org=x")
    connection.close()


def test_make_status_reaches_the_edge(secure: Mesh) -> None:
    shown = secure.command_line("make", "status")
    assert shown.returncode == 0, shown
    assert urlsplit(secure.url).netloc in shown.stdout
