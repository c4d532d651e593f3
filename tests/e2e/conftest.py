"""One mesh for the tests that only use it; tests that hurt it start their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import postgres
from deploy.local.command import free_ports
from tests.e2e.client import Mesh


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A running mesh with two replicas of each service and a probe of this machine, in a folder with a space."""
    mesh = Mesh(tmp_path_factory.mktemp("a mesh") / "data", free_ports(1)[0], REPLICAS="2")
    mesh.start()
    yield mesh
    assert mesh.stop() == 0
    postgres.remove(mesh.data / "postgres")


@pytest.fixture
def own_mesh(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Mesh]:
    """A running mesh of this test's own, without a probe; with so many replicas where the test says it."""
    # What is reported once stays, however long the test takes.
    variables = {"PROBE": "0", "REPLICAS": getattr(request, "param", "1"), "GONE_AFTER": "3600"}
    mesh = Mesh(tmp_path / "data", free_ports(1)[0], **variables)
    mesh.start()
    yield mesh
    if mesh.process.poll() is None:
        mesh.stop()
    postgres.remove(mesh.data / "postgres")
