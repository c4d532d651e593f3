"""Which certificates are served, and what is said of the others; under which name clients find the edge."""

import sys
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from typer.testing import CliRunner

from deploy.local.__main__ import app
from deploy.local.command import Command
from deploy.local.layout import lay_out
from deploy.local.options import Options
from deploy.local.screen import Screen
from deploy.local.supervisor import Supervisor
from deploy.local.tls import Tls, TlsError, read
from deploy.tests.waiting import until
from tests.certificates import Authority, Certificate


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def complaint(served: Certificate) -> str:
    with pytest.raises(TlsError) as refused:
        read(served.cert, served.key)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_file_that_is_not_there_is_named(authority: Authority, tmp_path: Path) -> None:
    served, gone = authority.certificate(), tmp_path / "gone.pem"
    assert complaint(Certificate(gone, served.key)) == f"TLS_CERT: {gone} cannot be read: No such file or directory"
    assert complaint(Certificate(served.cert, gone)) == f"TLS_KEY: {gone} cannot be read: No such file or directory"
    assert "Is a directory" in complaint(Certificate(tmp_path, served.key))


@pytest.mark.parametrize("content", [b"", b"nothing", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\nxx\n"])
def test_a_file_without_what_it_should_hold_is_named(authority: Authority, tmp_path: Path, content: bytes) -> None:
    served, other = authority.certificate(), tmp_path / "other.pem"
    other.write_bytes(content)
    assert complaint(Certificate(other, served.key)).startswith(f"TLS_CERT: {other} ")
    assert complaint(Certificate(served.cert, other)).startswith(f"TLS_KEY: {other} ")


def test_files_that_do_not_belong_together_are_refused(authority: Authority) -> None:
    one, other = authority.certificate(), authority.certificate(name="other")
    assert "is not the key of the first certificate" in complaint(Certificate(one.cert, other.key))


def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    assert "expired on" in complaint(authority.certificate(valid=timedelta(days=-1)))


def test_a_key_with_a_password_is_refused(authority: Authority) -> None:
    served = authority.certificate()
    key = serialization.load_pem_private_key(served.key.read_bytes(), None)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    served.key.write_bytes(key.private_bytes(encoding, form, serialization.BestAvailableEncryption(b"sesame")))
    assert "password" in complaint(served)


def test_what_is_served_is_taken_over_when_it_changes_and_only_while_it_works(
    authority: Authority, tmp_path: Path
) -> None:
    given = authority.certificate()
    tls = Tls((given.cert, given.key), tmp_path / "served")
    assert tls.renew()
    assert not tls.renew()
    assert (tls.certificate.read_bytes(), tls.key.read_bytes()) == (given.cert.read_bytes(), given.key.read_bytes())
    assert tls.key.stat().st_mode & 0o777 == 0o600
    before = tls.certificate.read_bytes()
    new = authority.certificate(name="new")
    new.cert.replace(given.cert)
    with pytest.raises(TlsError, match="not the key"):
        tls.renew()
    assert tls.certificate.read_bytes() == before
    new.key.replace(given.key)
    assert tls.renew()
    assert (tls.certificate.read_bytes(), tls.key.read_bytes()) == (given.cert.read_bytes(), given.key.read_bytes())


@pytest.mark.parametrize(
    ("hosts", "asked", "called"),
    [
        (["127.0.0.1"], "127.0.0.1", "127.0.0.1"),
        (["localhost", "127.0.0.1"], "localhost", "localhost"),
        (["localhost"], "127.0.0.1", "localhost"),
        (["*.example.com", "scope.example.com"], "127.0.0.1", "scope.example.com"),
        (["::1"], "::1", "[::1]"),
    ],
)
def test_clients_are_told_a_host_that_the_certificate_is_for(
    authority: Authority, tmp_path: Path, hosts: list[str], asked: str, called: str
) -> None:
    served = authority.certificate(*hosts)
    options = Options(data=tmp_path / "data", host=asked, port=8443, tls_cert=served.cert, tls_key=served.key)
    layout = lay_out(options)
    assert layout.url == f"https://{called}:8443"
    near = "[::1]" if asked == "::1" else "127.0.0.1"
    assert layout.health == f"https://{near}:8443/healthz"


@pytest.mark.parametrize("host", ["*.example.com", "192.0.2.1"])
def test_a_certificate_for_nobody_here_is_said_in_a_line(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    served = authority.certificate(host)
    variables = {"DATA": tmp_path / "data", "PORT": 0, "TLS_CERT": served.cert, "TLS_KEY": served.key}
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))
    ended = CliRunner().invoke(app, ["up"])
    assert ended.exit_code == 1
    assert isinstance(ended.exception, SystemExit)
    assert f"is for {host}, not for HOST=127.0.0.1" in " ".join(ended.output.split())


async def test_a_running_mesh_takes_over_what_is_renewed_and_says_once_what_it_cannot(
    authority: Authority, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given, new = authority.certificate(), authority.certificate(name="new")
    layout = lay_out(Options(data=tmp_path / "data", port=0, tls_cert=given.cert, tls_key=given.key))
    assert layout.tls
    mesh = Supervisor(layout, Screen())
    mesh._add(Command(name="probe", argv=[sys.executable, "-c", "import time; time.sleep(600)"]))
    [probe] = mesh._processes
    await probe.wait_ready(60)
    first = probe.pid
    new.cert.replace(given.cert)
    for _ in range(3):
        mesh._renew(layout.tls)
    assert capsys.readouterr().out.count("is not the key of the first certificate") == 1
    assert probe.pid == first
    new.key.replace(given.key)
    mesh._renew(layout.tls)
    assert "serves the renewed certificate" in capsys.readouterr().out
    assert layout.tls.key.read_bytes() == given.key.read_bytes()
    await until(lambda: probe.pid != first)
    await mesh._end()
