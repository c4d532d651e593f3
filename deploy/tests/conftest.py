"""What tests of the operator's scripts are run with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.tests import standins as stand_ins


@pytest.fixture
def standins(tmp_path: Path) -> Iterator[stand_ins.Standins]:
    """Programs that stand in for engines and clusters; every call is to be expected, every expected one to come."""
    programs = stand_ins.Standins(tmp_path / "standins")
    yield programs
    programs.check()


@pytest.fixture
def checkout(tmp_path: Path, standins: stand_ins.Standins) -> Path:
    """A clean git repository with the scripts in it, on branch `main`."""
    return stand_ins.checkout(tmp_path / "a checkout", standins)
