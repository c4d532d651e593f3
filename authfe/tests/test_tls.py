"""TLS at the edge: what it speaks, what it proves, how it is renewed, and what those hear who come without it."""

import socket
import ssl
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import grpc
import pytest
from cryptography import x509

from authfe.edge import Deployment, Tls
from authfe.tests.pages import UiServer
from authfe.tests.running import Edge, until
from authfe.tests.standins import free_port
from tests.certificates import Authority

pytestmark = pytest.mark.integration

INFO = "/scope.query.v1.QueryService/GetInfo"


HOSTS = ("localhost", "127.0.0.1")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def secure(tmp_path_factory: pytest.TempPathFactory, authority: Authority, ui_server: UiServer) -> Iterator[Edge]:
    """An edge with TLS, and a plain listener that redirects to it."""
    folder = tmp_path_factory.mktemp("secure")
    served = authority.certificate(*HOSTS)
    edge = Edge(folder, [ui_server], tls=Tls(served.cert, served.key), redirect_port=free_port())
    try:
        edge.start()
        yield edge
    finally:
        edge.stop()


def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.file))


def shake(edge: Edge, context: ssl.SSLContext) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", edge.port), timeout=60)
    return context.wrap_socket(plain, server_hostname="localhost")


def test_http_1_over_tls(secure: Edge, authority: Authority) -> None:
    connection = HTTPSConnection("localhost", secure.port, context=trusting(authority), timeout=60)
    connection.request("GET", "/api")
    answer = connection.getresponse()
    assert (answer.status, answer.read()[:1]) == (200, b"{")
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    connection.close()


def test_grpc_over_tls(secure: Edge, authority: Authority) -> None:
    roots = grpc.ssl_channel_credentials(authority.file.read_bytes())
    with grpc.secure_channel(f"localhost:{secure.port}", roots) as channel:
        assert channel.unary_unary(INFO)(b"", timeout=60) == b""


@pytest.mark.parametrize(
    ("offered", "chosen"), [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["h2"], "h2"), ([], None)]
)
def test_the_protocol_is_agreed_on(secure: Edge, authority: Authority, offered: list[str], chosen: str | None) -> None:
    context = trusting(authority)
    context.set_alpn_protocols(offered)
    with shake(secure, context) as connection:
        assert connection.selected_alpn_protocol() == chosen


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_current_versions_are_spoken_with_forward_secrecy(
    secure: Edge, authority: Authority, version: ssl.TLSVersion
) -> None:
    context = trusting(authority)
    context.minimum_version = context.maximum_version = version
    with shake(secure, context) as connection:
        assert connection.version() == version.name.replace("_", ".")
        name = connection.cipher()[0]  # type: ignore[index]
        assert name.startswith(("ECDHE-", "TLS_"))
        assert "GCM" in name or "CHACHA20" in name


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
@pytest.mark.parametrize(
    ("version", "ciphers"),
    [
        (ssl.TLSVersion.TLSv1_1, "DEFAULT:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0"),
        (ssl.TLSVersion.TLSv1_2, "AES128-GCM-SHA256:@SECLEVEL=0"),
    ],
)
def test_old_versions_and_weak_ciphers_are_refused(
    secure: Edge, authority: Authority, version: ssl.TLSVersion, ciphers: str
) -> None:
    context = trusting(authority)
    context.set_ciphers(ciphers)
    context.minimum_version = context.maximum_version = version
    with pytest.raises((ssl.SSLError, ConnectionError)):
        shake(secure, context).close()


def test_what_comes_in_clear_is_not_answered(secure: Edge) -> None:
    with pytest.raises(ConnectionError):
        secure.call("GET", "/api")


def redirected(edge: Edge, verb: str, target: str, host: str) -> tuple[int, str | None, bytes]:
    connection = HTTPConnection("127.0.0.1", edge.redirect_port, timeout=60)
    connection.putrequest(verb, target, skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    found = answer.status, answer.headers["location"], answer.read()
    connection.close()
    return found


@pytest.mark.parametrize("verb", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("target", ["/", "/api/topology/hosts?org=a&t=%2F;x", "/healthz", "/app.js", INFO])
def test_who_comes_without_tls_is_sent_to_the_same_address_with_it(secure: Edge, verb: str, target: str) -> None:
    for replica in secure.replicas:
        replica.service.calls.clear()
    for host in ("scope.example", f"scope.example:{secure.redirect_port}"):
        expected = f"https://scope.example:{secure.port}{target}"
        assert redirected(secure, verb, target, host) == (308, expected, b"")
    assert not any(replica.service.calls for replica in secure.replicas)


def test_renewed_files_are_served_without_a_restart_and_open_connections_stay(
    new_edge: Callable[..., Edge], tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    old, new = authority.certificate(*HOSTS), authority.certificate(*HOSTS, name="new")
    edge = new_edge(tls=Tls(old.cert, old.key))
    serial = _serial(new.cert.read_text())
    with shake(edge, trusting(authority)) as before:
        new.key.rename(old.key)
        new.cert.rename(old.cert)
        until(lambda: _served(edge) == serial, "the new certificate is served")
        before.sendall(b"GET /api HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert before.recv(1000).startswith(b"HTTP/1.1 200")


def test_files_behind_a_link_are_renewed_by_another_link(new_edge: Callable[..., Edge], tmp_path: Path) -> None:
    """As Kubernetes has it: `..data` is the link that is swapped, and the files are links through it."""
    authority = Authority(tmp_path)
    mounted = tmp_path / "mounted"
    for version in ("old", "new"):
        (mounted / version).mkdir(parents=True)
        made = authority.certificate(*HOSTS, name=version)
        made.cert.rename(mounted / version / "tls.crt")
        made.key.rename(mounted / version / "tls.key")
    (mounted / "..data").symlink_to("old")
    for name in ("tls.crt", "tls.key"):
        (mounted / name).symlink_to(f"..data/{name}")
    edge = new_edge(tls=Tls(mounted / "tls.crt", mounted / "tls.key"))
    (mounted / "..next").symlink_to("new")
    (mounted / "..next").rename(mounted / "..data")
    serial = _serial((mounted / "new" / "tls.crt").read_text())
    until(lambda: _served(edge) == serial, "the new certificate is served")


def test_files_that_are_no_pair_leave_what_was_served(new_edge: Callable[..., Edge], tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    old, new = authority.certificate(*HOSTS), authority.certificate(*HOSTS, name="new")
    edge = new_edge(tls=Tls(old.cert, old.key))
    before = _served(edge)
    new.cert.rename(old.cert)
    until(lambda: "private key" in (edge.folder / "envoy.log").read_text(), "Envoy says that they are none")
    assert _served(edge) == before


def _served(edge: Edge) -> int:
    return _serial(ssl.get_server_certificate(("127.0.0.1", edge.port), timeout=60))


def _serial(pem: str) -> int:
    return x509.load_pem_x509_certificate(pem.encode()).serial_number


def test_a_redirect_needs_somewhere_to_go(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="TLS"):
        Deployment("a:1", tmp_path, {}, redirect="a:2")
