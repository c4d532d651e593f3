import asyncio
from pathlib import Path

import grpc
import pytest

from scope_sdk import Builder, PublishError, Service, publish_once
from scope_sdk.channel import parse_target
from sdk.tests.far_end import FarEnd
from tests.certificates import Authority, Certificate


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080, False)),
        ("http://scope.local:81/", ("scope.local", 81, False)),
        ("http://scope.local", ("scope.local", 80, False)),
        ("[::1]:8080", ("::1", 8080, False)),
        ("https://scope.local", ("scope.local", 443, True)),
        ("HTTPS://[::1]:8443/", ("::1", 8443, True)),
    ],
)
def test_targets(target: str, expected: tuple[str, int, bool]) -> None:
    assert parse_target(target) == expected


@pytest.mark.parametrize(
    "target",
    [
        "",
        "localhost",
        ":80",
        "ftp://a:1",
        "a:0",
        "https://a:0",
        "https://",
        "a:99999",
        "u@a:1",
        "http://a:1/path",
        "http://a:1?x",
        "::1:80",
        "http://[::1]:x",
    ],
)
def test_what_is_no_target(target: str) -> None:
    with pytest.raises(ValueError, match="must have the form https://HOST"):
        Service(target, token="t")


@pytest.mark.parametrize(
    "target",
    ["127.0.0.1:1", "localhost:1", "10.1.2.3:1", "172.31.0.1:1", "192.168.0.1:1", "[fd00::1]:1", "[fe80::1]:1"],
)
def test_a_token_goes_in_clear_to_near_addresses(target: str) -> None:
    Service(target, token="t")


@pytest.mark.parametrize(
    "target", ["203.0.113.1:1", "172.32.0.1:1", "[2001:db8::1]:1", "[::ffff:8.8.8.8]:1", "0.0.0.0:1"]
)
def test_a_token_does_not_go_in_clear_to_others_unless_allowed(target: str) -> None:
    with pytest.raises(ValueError, match=r"in clear to .*plaintext=True"):
        Service(target, token="t")
    Service(target, token="t", plaintext=True)


def test_over_tls_a_token_goes_anywhere() -> None:
    Service("https://203.0.113.1", token="t")


def test_authorities_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(ValueError, match="holds no certificates"):
        Service("https://127.0.0.1", token="t", ca_file=tmp_path / "empty")
    with pytest.raises(ValueError, match="cannot be read"):
        Service("https://127.0.0.1", token="t", ca_file=tmp_path / "absent")
    with pytest.raises(ValueError, match=r"is https://127\.0\.0\.1:1 meant"):
        Service("127.0.0.1:1", token="t", ca_file=Authority(tmp_path).file)


def test_a_name_that_is_not_known_is_not_near() -> None:
    with pytest.raises(ValueError, match="cannot be resolved"):
        Service("no-such-host.invalid:1", token="t")


@pytest.mark.parametrize("token", ["a b", "a\n", "é"])
def test_what_is_no_token(token: str) -> None:
    with pytest.raises(ValueError, match="the token must hold"):
        Service("127.0.0.1:1", token=token)


def test_a_token_is_not_shown() -> None:
    assert "secret" not in repr(Service("127.0.0.1:1", token="secret"))


def test_metadata_name_the_token_the_probe_and_the_organization() -> None:
    assert dict(Service("127.0.0.1:1", token="t", organization="acme").metadata("p")) == {
        "authorization": "Scope-Probe token=t",
        "x-scope-probe-id": "p",
        "x-scope-org": "acme",
    }


def _server(certificate: Certificate) -> grpc.ServerCredentials:
    return grpc.ssl_server_credentials([(certificate.key.read_bytes(), certificate.cert.read_bytes())])


async def _send(far: FarEnd, ca_file: Path | None) -> None:
    async with asyncio.timeout(60):
        await publish_once(Service(f"https://{far.target}", token="t", ca_file=ca_file), Builder())


async def test_a_report_goes_over_tls_to_who_is_vouched_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    far = FarEnd(credentials=_server(authority.certificate()))
    async with far.serving():
        await _send(far, authority.file)
    assert len(far.received) == 1


@pytest.mark.parametrize("trusted", ["another", "nobody"])
async def test_nothing_goes_to_who_is_not_vouched_for(tmp_path: Path, trusted: str) -> None:
    far = FarEnd(credentials=_server(Authority(tmp_path).certificate()))
    async with far.serving():
        with pytest.raises(PublishError, match="CERTIFICATE_VERIFY_FAILED"):
            await _send(far, Authority(tmp_path, trusted).file if trusted == "another" else None)
    assert not far.streams


async def test_nothing_goes_to_another_address_than_was_vouched_for(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    far = FarEnd(credentials=_server(authority.certificate("192.0.2.1")))
    async with far.serving():
        with pytest.raises(PublishError, match="UNAVAILABLE"):
            await _send(far, authority.file)
    assert not far.streams
