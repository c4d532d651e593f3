"""What a person may set, and what is refused with a word about it."""

from pathlib import Path

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from deploy.local.__main__ import app
from deploy.local.options import Options


def test_defaults_and_relative_folders(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PORT", "DATA", "HOST", "REPLICAS", "PROBE"):
        monkeypatch.setenv(name, "")
    monkeypatch.chdir(tmp_path)
    options = Options()
    assert (options.port, options.data, options.replicas, options.probe) == (8080, tmp_path / ".scope", 1, True)
    assert options.address(8080) == "127.0.0.1:8080"
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
        ("TLS_CERT", "cert.pem", "not served yet"),
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
    assert "0.0.0.0" not in options.address(8080)


def test_a_loopback_address_of_version_6_is_written_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOST", "::1")
    assert Options().address(8080) == "[::1]:8080"


def test_a_data_folder_that_cannot_be_made_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setenv("DATA", str(tmp_path / "a file" / "data"))
    ended = CliRunner().invoke(app, ["up"])
    assert ended.exit_code == 1
    assert isinstance(ended.exception, SystemExit)
    assert "Not a directory" in " ".join(ended.output.split())
