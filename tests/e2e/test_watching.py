"""Both ways to watch, and what makes no sense in a call to query, through the edge."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import grpc
import pytest

from scope.query.v1.messages_pb2 import WatchTopologyRequest, WatchTopologyResponse
from scope.query.v1.service_pb2_grpc import QueryServiceStub
from tests.e2e.client import PATIENCE, Mesh
from tests.e2e.test_edge import problem
from tests.e2e.test_live_map import this_host


@contextmanager
def watching(mesh: Mesh, cursor: str = "") -> Iterator[Iterator[WatchTopologyResponse]]:
    metadata = [("authorization", f"Bearer {mesh.local()['api_token']}")]
    with grpc.insecure_channel(urlsplit(mesh.url).netloc) as channel:
        request = WatchTopologyRequest(topology="hosts", cursor=cursor)
        yield QueryServiceStub(channel).WatchTopology(request, metadata=metadata, timeout=PATIENCE)


def test_messages_through_the_edge_say_what_events_say(mesh: Mesh) -> None:
    host = this_host(mesh)
    with watching(mesh) as messages:
        first = next(messages)
        assert host["id"] in [node.id for node in first.reset.add]
        measured = next(message for message in messages if message.update.metrics)
    block = measured.update.metrics[0]
    assert all(len(column.values) == len(block.nodes) * len(block.times) for column in block.values.values())
    # A place in one stream is a place in the other.
    with mesh.api().watch("hosts", measured.cursor) as events:
        event = next(events)
        assert event.kind == "update"
    with watching(mesh, event.id) as messages:
        assert next(messages).WhichOneof("event") == "update"


@pytest.mark.parametrize("cursor", ["nonsense", "-", "0-0", "x" * 20_000])
def test_a_place_that_is_none_is_answered_with_all_there_is(mesh: Mesh, cursor: str) -> None:
    host = this_host(mesh)
    with mesh.api().watch("hosts", cursor) as events:
        first = next(events)
    assert first.kind == "reset"
    assert host["id"] in [node["id"] for node in first.data["add"]]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/topology/hosts/%00", (400, 3)),
        ("/api/topology/hosts/a%0Ab", (400, 3)),
        ("/api/topology/hosts/a%7Fb", (400, 3)),
        ("/api/topology/hosts/%FF%FE", (400, 3)),
        ("/api/topology/hosts/" + "x" * 10_000, (400, 3)),
        ("/api/topology/hosts/" + "x" * 2_000, (404, 5)),
        ("/api/topology/hosts/%E2%80%AE", (404, 5)),
        ("/api/topology/" + "x" * 65, (400, 3)),
        ("/api/topology/%FF", (400, 3)),
        ("/api/topology/nonsense", (404, 5)),
        ("/api/watch/topology/nonsense", (404, 5)),
        ("/api/watch/topology/" + "x" * 65, (400, 3)),
    ],
)
def test_names_that_nothing_has(mesh: Mesh, path: str, expected: tuple[int, int]) -> None:
    answered: Any = problem(mesh.api(), "GET", path)
    assert answered[:2] == expected
    assert answered[2]
