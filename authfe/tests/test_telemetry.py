"""What the edge is told to send to a collector."""

import dataclasses
import json
from pathlib import Path

import pytest

from authfe.edge import Collector, write
from authfe.edge.__main__ import DEFAULT
from authfe.tests.running import validate


@pytest.mark.parametrize("address", ["127.0.0.1:4317", "[::1]:4317", "collector.example:4317"])
def test_envoy_accepts_a_collector(address: str, tmp_path: Path) -> None:
    path = write(dataclasses.replace(DEFAULT, collector=Collector(address, 0.01)), tmp_path)
    answer = validate(path)
    assert answer.returncode == 0, answer.stderr
    assert "deprecated" not in answer.stderr


def test_nothing_is_sent_without_one(tmp_path: Path) -> None:
    assert "telemetry" not in write(DEFAULT, tmp_path).read_text()


def test_a_part_of_the_requests_begins_a_trace(tmp_path: Path) -> None:
    written = write(dataclasses.replace(DEFAULT, collector=Collector("collector:4317", 0.25)), tmp_path).read_text()
    assert json.loads(written)["static_resources"]["clusters"][-1]["name"] == "collector"
    assert '"numerator": 250000' in written


@pytest.mark.parametrize(("address", "sampled"), [("collector", 0.25), ("collector:4317", 2)])
def test_what_cannot_be_is_refused(tmp_path: Path, address: str, sampled: float) -> None:
    with pytest.raises(ValueError, match=r"collector|part"):
        write(dataclasses.replace(DEFAULT, collector=Collector(address, sampled)), tmp_path)
