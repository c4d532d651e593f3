import pytest

from scope_sdk import Service
from scope_sdk.channel import parse_target


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("http://scope.local:81/", ("scope.local", 81)),
        ("http://scope.local", ("scope.local", 80)),
        ("[::1]:8080", ("::1", 8080)),
    ],
)
def test_targets(target: str, expected: tuple[str, int]) -> None:
    assert parse_target(target) == expected


@pytest.mark.parametrize(
    "target",
    [
        "",
        "localhost",
        ":80",
        "ftp://a:1",
        "a:0",
        "a:99999",
        "u@a:1",
        "http://a:1/path",
        "http://a:1?x",
        "::1:80",
        "http://[::1]:x",
    ],
)
def test_what_is_no_target(target: str) -> None:
    with pytest.raises(ValueError, match="must have the form HOST:PORT"):
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
