import pytest

from scope_probe.target import Target, TargetError, check_clear, parse


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("127.0.0.1:8080", Target("127.0.0.1", 8080, secure=False)),
        ("scope.example:80", Target("scope.example", 80, secure=False)),
        ("[::1]:8080", Target("::1", 8080, secure=False)),
        ("http://scope.example", Target("scope.example", 80, secure=False)),
        ("http://127.0.0.1:8080/", Target("127.0.0.1", 8080, secure=False)),
        ("https://scope.example", Target("scope.example", 443, secure=True)),
    ],
)
def test_targets(text: str, target: Target) -> None:
    assert parse(text) == target


@pytest.mark.parametrize(
    "text", ["", "host", "host:", "host:0", "host:port", "host:65536", ":80", "::1:80", "[::1:80", "host:80/path"]
)
def test_what_is_no_target_is_told_the_form(text: str) -> None:
    with pytest.raises(TargetError, match="HOST:PORT"):
        parse(text)


def test_other_schemes_are_named() -> None:
    with pytest.raises(TargetError, match="ftp://"):
        parse("ftp://host:21")


def test_a_token_in_the_target_is_not_repeated() -> None:
    with pytest.raises(TargetError, match="--service-token") as caught:
        parse("http://secret@host:80")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "localhost", "10.1.2.3", "192.168.1.1", "172.31.0.1", "::1", "fd00::1"]
)
def test_a_token_may_go_in_clear_to_private_addresses(address: str) -> None:
    check_clear(Target(address, 80, secure=False))


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "2001:4860::8888", "::ffff:8.8.8.8"])
def test_a_token_does_not_go_in_clear_elsewhere(address: str) -> None:
    with pytest.raises(TargetError, match="--plaintext"):
        check_clear(Target(address, 80, secure=False))
    check_clear(Target(address, 80, secure=True))


def test_a_name_that_means_nothing_is_told() -> None:
    with pytest.raises(TargetError, match="cannot be resolved"):
        check_clear(Target("nowhere.invalid", 80, secure=False))
