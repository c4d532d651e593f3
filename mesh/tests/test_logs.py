"""What is logged tells an operator what went wrong, and nobody a secret."""

import json
import logging
from pathlib import Path
from typing import Literal

import pytest
import structlog

from mesh import logs
from mesh.settings import Settings


def fail(token: str) -> None:
    raise RuntimeError(f"the token of {len(token)} characters was of no use")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_fault_is_logged_without_the_values_of_variables(
    log_format: Literal["json", "console"], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "mesh.key"
    settings = Settings(listen="127.0.0.1:1", mesh_key_file=key, users_address="127.0.0.1:2", log_format=log_format)
    logs.configure("tested", settings)
    try:
        fail("scope_api_" + "secret" * 5)
    except RuntimeError as error:
        structlog.get_logger().error("fault", exc_info=error)
        logging.getLogger("a.library").warning("also", exc_info=error)
    written = capsys.readouterr().err
    assert written.count("was of no use") >= 2
    assert "secretsecret" not in written
    if log_format == "json":
        assert [json.loads(line)["event"] for line in written.splitlines()] == ["fault", "also"]
