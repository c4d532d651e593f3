"""What the edge is told to send to a collector."""

import dataclasses
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from authfe.edge import Collector, write
from authfe.edge.__main__ import DEFAULT, app
from authfe.tests.running import validate


@pytest.mark.parametrize("address", ["127.0.0.1:4317", "[::1]:4317", "collector.example:4317"])
def test_envoy_accepts_a_collector(address: str, tmp_path: Path) -> None:
    path = write(dataclasses.replace(DEFAULT, collector=Collector(address, 0.01)), tmp_path)
    answer = validate(path)
    assert answer.returncode == 0, answer.stderr
    assert "deprecated" not in answer.stderr


def test_nothing_is_sent_without_one(tmp_path: Path) -> None:
    assert "telemetry" not in write(DEFAULT, tmp_path).read_text()


def test_the_command_takes_one(tmp_path: Path) -> None:
    def compiled(*options: str) -> int:
        return CliRunner().invoke(app, ["--out", str(tmp_path), *options]).exit_code

    assert compiled("--collector", "collector:4317", "--sampled", "0.25") == 0
    written = (tmp_path / "envoy.json").read_text()
    assert json.loads(written)["static_resources"]["clusters"][-1]["name"] == "collector"
    assert '"numerator": 250000' in written
    assert compiled("--collector", "collector") != 0
    assert compiled("--collector", "collector:4317", "--sampled", "2") != 0
