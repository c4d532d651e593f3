"""What a person may set, and what is refused with a word about it."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from deploy.local.__main__ import app
from deploy.local.layout import with_port
from deploy.local.options import Options


def test_defaults_and_relative_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PORT", "DATA", "HOST", "REPLICAS", "PROBE"):
        monkeypatch.setenv(name, "")
    monkeypatch.chdir(tmp_path)
    options = Options()
    assert (options.port, options.data, options.replicas, options.probe) == (8080, tmp_path / ".scope", 1, True)
    assert options.reached_at == options.near == "127.0.0.1"
    assert not options.exposed


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("PORT", "70000", "65535"),
        ("PORT", "http", "integer"),
        ("REPLICAS", "0", "1"),
        ("REPLICAS", "17", "16"),
        ("PROBE", "maybe", "boolean"),
        ("HOST", "no.such.host.invalid", "no address"),
        ("HOST", "0.0.0.0", "INSECURE=1"),
        ("TLS_CERT", "cert.pem", "go together"),
        ("TLS_KEY", "key.pem", "go together"),
        ("REDIRECT_PORT", "8081", "needs TLS_CERT"),
        ("TRUSTED_HOPS", "-1", "greater than or equal to 0"),
        ("TRUSTED_HOPS", "17", "less than or equal to 16"),
        ("TRUSTED_HOPS", "10.0.0.1", "integer"),
        ("PUBLIC_URL", "scope.example", "is no origin"),
        ("PUBLIC_URL", "https://scope.example/scope", "is no origin"),
        ("PUBLIC_URL", "http://scope.example", "INSECURE=1"),
        ("GRAFANA_ADDRESS", "http://grafana:3000/", "not an address of the form host:port"),
        ("CORS_ORIGINS", "*", r"'\*' is no origin"),
        ("CORS_ORIGINS", "https://app.example,https://*.example", r"'https://\*.example' is no origin"),
        ("CORS_ORIGINS", "https://app.example/page", "without \\* or a path"),
    ],
)
def test_what_is_refused(name: str, value: str, complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match=complaint):
        Options()


def test_others_are_let_in_only_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "0.0.0.0")
    monkeypatch.setenv("INSECURE", "1")
    options = Options()
    assert options.exposed
    assert "0.0.0.0" not in (options.reached_at, options.near)


def test_others_are_let_in_with_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("HOST", "0.0.0.0"), ("TLS_CERT", "~/c.pem"), ("TLS_KEY", "k.pem")):
        monkeypatch.setenv(name, value)
    options = Options()
    assert options.tls
    assert options.tls_cert == Path.home() / "c.pem"


def test_the_redirect_has_a_port_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TLS_CERT", "c.pem"), ("TLS_KEY", "k.pem"), ("PORT", "8443"), ("REDIRECT_PORT", "8443")):
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match="port each"):
        Options()


def test_browsers_find_it_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("PUBLIC_URL", "https://Scope.example:443/"),
        ("CORS_ORIGINS", "https://app.example, http://localhost:3000"),
        ("TRUSTED_HOPS", "1"),
    ):
        monkeypatch.setenv(name, value)
    options = Options()
    assert (options.public_url, options.trusted_hops) == ("https://scope.example", 1)
    assert options.cors_origins == ("https://app.example", "http://localhost:3000")


@pytest.mark.parametrize("url", ["http://localhost:9000", "http://[::1]:9000"])
def test_browsers_may_find_it_in_clear_on_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBLIC_URL", url)
    assert Options().public_url == url


def test_who_serves_tls_is_not_found_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("TLS_CERT", "c.pem"), ("TLS_KEY", "k.pem"), ("PUBLIC_URL", "http://localhost:8080")):
        monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError, match="https://"):
        Options()


def test_an_address_of_version_6_is_written_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "::1")
    assert with_port(Options().reached_at, 8080) == "[::1]:8080"


def test_a_data_folder_that_cannot_be_made_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("DATA", str(tmp_path / "a file" / "data"))
    ended = CliRunner().invoke(app, ["up"])
    assert ended.exit_code == 1
    assert isinstance(ended.exception, SystemExit)
    assert "Not a directory" in " ".join(ended.output.split())
