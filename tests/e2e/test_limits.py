"""Who goes beyond a limit is told through the edge what it is; a mesh with small limits."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

import grpc
import pytest
from grpc_status import rpc_status

from deploy.local import postgres
from deploy.local.command import free_ports
from mesh.limits import REQUEST_BYTES
from scope.query.v1.messages_pb2 import GetTopologyRequest, WatchTopologyRequest
from scope.query.v1.service_pb2_grpc import QueryServiceStub
from scope_sdk import Builder, NodeFacts, Publisher, Service, Topology, ids
from tests.e2e.client import Answer, Api, Mesh
from tests.e2e.documents import two_processes

SMALL = {
    "REPORTS_PER_SECOND_PER_PROBE": "2",
    "PROBES_PER_ORGANIZATION": "4",
    "WATCHES_PER_USER": "2",
    "SIGN_IN_RATE": "3 per hour",
    "API_RATE": "200 per 20 seconds",
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh with small limits, without a probe."""
    mesh = Mesh(tmp_path_factory.mktemp("small") / "data", free_ports(1)[0], PROBE="0", **SMALL)
    mesh.start()
    yield mesh
    assert mesh.stop() == 0
    postgres.remove(mesh.data / "postgres")


@dataclass(frozen=True)
class Grpc:
    """The gRPC face of query, as the first administrator."""

    stub: QueryServiceStub
    metadata: tuple[tuple[str, str], ...]

    def topology(self, **fields: Any) -> None:
        self.stub.GetTopology(GetTopologyRequest(topology="hosts", **fields), metadata=self.metadata)

    def often(self) -> None:
        for _ in range(2000):
            self.topology()

    def watch(self) -> None:
        """Waits for what is there now."""
        next(self.stub.WatchTopology(WatchTopologyRequest(topology="hosts"), metadata=self.metadata))


@pytest.fixture
def query(small: Mesh) -> Iterator[Grpc]:
    with grpc.insecure_channel(small.url.removeprefix("http://")) as channel:
        yield Grpc(QueryServiceStub(channel), (("authorization", f"Bearer {small.local()['api_token']}"),))


def reporting(mesh: Mesh, probe: str) -> Api:
    return mesh.anybody().bearer(mesh.local()["service_token"]).with_headers(x_scope_probe_id=probe)


def refusal(answer: Answer) -> tuple[int, str]:
    """The status and the reason of an answer."""
    content = answer.json()
    return answer.status, content["details"][0]["reason"] if "details" in content else ""


def test_reports_that_come_too_fast_are_429_and_go_on_after_the_time_that_it_says(small: Mesh) -> None:
    api = reporting(small, "fast")
    for _ in range(100):
        answer = api.post("/api/report", two_processes("fast-host"))
        if answer.status != 200:
            break
    assert refusal(answer) == (429, "RATE_EXCEEDED")
    wait: dict[str, Any] = answer.json()["details"][1]
    assert wait == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}
    time.sleep(float(answer.headers["retry-after"]))
    assert api.post("/api/report", two_processes("fast-host")).status == 200


async def test_a_publisher_that_is_too_fast_loses_nothing(small: Mesh) -> None:
    began = time.monotonic()
    service = Service(small.url, small.local()["service_token"])
    async with Publisher(service, probe_id="publisher") as publisher:
        stored = [publisher.publish(host(number)) for number in range(12)]
        async with asyncio.timeout(60):
            assert all(await asyncio.gather(*stored))
        assert publisher.dropped == 0
    assert time.monotonic() - began > 2  # six at once, then two a second


def host(number: int) -> Builder:
    name = ids.host_id("publishing")
    return Builder().add(NodeFacts(Topology.TOPOLOGY_HOST, name, "publishing", attributes={"number": number}))


def test_a_watch_too_many_is_429_until_another_ends(small: Mesh, query: Grpc) -> None:
    api = small.api()
    with ExitStack() as open_:
        with api.watch("hosts"):
            open_.enter_context(api.watch("processes"))
            answer = api.get("/api/watch/topology/hosts")
            assert refusal(answer) == (429, "LIMIT_EXCEEDED")
            assert "WATCHES_PER_USER" in answer.json()["message"]
            with pytest.raises(grpc.RpcError, match="WATCHES_PER_USER"):  # both faces together
                query.watch()
        deadline = time.monotonic() + 90
        while True:  # until the edge has told query that the first is gone
            try:
                open_.enter_context(api.watch("hosts"))
                break
            except HTTPException:
                assert time.monotonic() < deadline
                time.sleep(0.1)


def test_a_probe_too_many_is_429_and_those_that_are_known_go_on(small: Mesh) -> None:
    known = reporting(small, "known")
    assert known.post("/api/report", two_processes("known-host")).status == 200
    answers = [reporting(small, f"new-{number}").post("/api/report", two_processes("new-host")) for number in range(4)]
    assert refusal(answers[-1]) == (429, "LIMIT_EXCEEDED")
    assert "PROBES_PER_ORGANIZATION" in answers[-1].json()["message"]
    assert known.post("/api/report", two_processes("known-host")).status == 200


def test_a_page_beyond_its_bound_is_refused_by_name(query: Grpc) -> None:
    with pytest.raises(grpc.RpcError, match="page_size") as refused:
        query.topology(page_size=5001)
    assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    query.topology(page_size=5000)


def test_a_message_beyond_its_bound_is_refused(query: Grpc) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        query.topology(page_token="x" * REQUEST_BYTES)
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_who_tries_to_sign_in_too_often_is_told_when_to_try_again(small: Mesh) -> None:
    attempt = {"token": "scope_login_nonsense"}
    answers = [small.anybody().post("/api/users/login", attempt) for _ in range(4)]
    assert [refusal(answer) for answer in answers] == [(401, "LOGIN_LINK_INVALID")] * 3 + [(429, "RATE_EXCEEDED")]
    assert 1100 < int(answers[3].headers["retry-after"]) <= 1200
    assert "3 per hour" in answers[3].json()["message"]


def test_a_token_that_calls_too_often_is_told_when_to_go_on(small: Mesh) -> None:
    token = small.api().post("/api/users/tokens", {"name": "busy"}).json()["token"]
    busy = small.anybody().bearer(token)
    answers = (busy.get("/api/users/lookup") for _ in range(2000))
    answer = next(answer for answer in answers if answer.status != 200)
    assert refusal(answer) == (429, "RATE_EXCEEDED")
    assert answer.headers["retry-after"] == "1"
    wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1s"}
    assert answer.json()["details"][1] == wait
    assert "API_RATE" in answer.json()["message"]
    with grpc.insecure_channel(small.url.removeprefix("http://")) as channel:
        caller = Grpc(QueryServiceStub(channel), (("authorization", f"Bearer {token}"),))
        with pytest.raises(grpc.RpcError) as refused:
            caller.often()
    status = rpc_status.from_call(refused.value)
    assert status is not None
    assert (refused.value.code(), len(status.details)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, 2)
    assert small.api().get("/api/users/lookup").status == 200
