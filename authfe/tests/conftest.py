"""Edges for the tests: one that all share, and new ones for tests that break something."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from authfe.tests.pages import UiServer, build
from authfe.tests.running import AREAS, Edge
from authfe.tests.standins import Replica


@pytest.fixture(scope="session")
def ui_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[UiServer]:
    """What serves the pages to every edge, for the whole run."""
    server = UiServer(build(tmp_path_factory.mktemp("pages") / "dist"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def shared_edge(tmp_path_factory: pytest.TempPathFactory, ui_server: UiServer) -> Iterator[Edge]:
    """An edge with everything behind it, for the whole run."""
    edge = Edge(tmp_path_factory.mktemp("edge"), [ui_server])
    try:
        edge.start()
        yield edge
    finally:
        edge.stop()


@pytest.fixture
def edge(shared_edge: Edge) -> Edge:
    """The shared edge, without memory of the tests before."""
    for replica in shared_edge.replicas:
        replica.service.calls.clear()
        replica.service.answers.clear()
        replica.authority.requests.clear()
    return shared_edge


@pytest.fixture
def new_edge(tmp_path: Path, ui_server: UiServer) -> Iterator[Callable[..., Edge]]:
    """Starts an edge of this test's own, with one replica of each service or those given."""
    edges: list[Edge] = []

    def start(replicas: Sequence[Replica] = (), pages: Sequence[UiServer] = (), **options: Any) -> Edge:
        edge = Edge(tmp_path, pages or [ui_server], replicas or [Replica(area) for area in AREAS], **options)
        edges.append(edge)
        edge.start()
        return edge

    try:
        yield start
    finally:
        for edge in edges:
            edge.stop()
