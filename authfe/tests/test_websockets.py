"""The way of a WebSocket through the edge, and where calls of one probe and of one pipe meet."""

import asyncio
import json
import secrets
from collections.abc import Callable, Iterator, Sequence

import aiohttp
import grpc
import pytest

from authfe.edge.bindings import all_websockets
from authfe.tests.pages import UiServer
from authfe.tests.running import AREAS, Edge, Reply, until
from authfe.tests.sockets import HANDSHAKE, SocketsServer
from authfe.tests.standins import Call, Replica
from mesh.limits import REQUEST_BYTES

pytestmark = pytest.mark.integration

PIPE = "0123456789abcdef" * 2
PATH = f"/api/pipe/{PIPE}"
ATTACH = "/scope.pipe.v1.PipeService/Attach"
CONNECT = "/scope.control.v1.ControlService/Connect"
INVOKE = "/scope.control.v1.ControlService/Invoke"
GET_PIPE = "/scope.pipe.v1.PipeService/GetPipe"
#: More than one, so that equal numbers are no accident.
REPLICAS = 3
THINGS = 12


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory, ui_server: UiServer) -> Iterator[Edge]:
    """An edge before several replicas of control and pipe, and before as many of sockets."""
    folder = tmp_path_factory.mktemp("several")
    replicas = [Replica(area) for area in AREAS]
    for area in ("control", "pipe"):
        replicas += [Replica(area) for _ in range(REPLICAS - 1)]
    pipes = [replica.address for replica in replicas if replica.area == "pipe"]
    sockets = [SocketsServer([address], folder) for address in pipes]
    edge = Edge(folder, [ui_server], replicas, sockets=sockets)
    try:
        for one in sockets:
            one.start()
        edge.start()
        yield edge
    finally:
        edge.stop()
        for one in sockets:
            one.kill()


@pytest.fixture(autouse=True)
def forgotten(several: Edge) -> None:
    for replica in several.replicas:
        replica.service.calls.clear()
        replica.authority.requests.clear()


def of(edge: Edge, area: str) -> Sequence[Replica]:
    return [replica for replica in edge.replicas if replica.area == area]


def calls(edge: Edge, area: str) -> list[Call]:
    return [call for replica in of(edge, area) for call in replica.service.calls]


def upgrade(edge: Edge, path: str = PATH, **headers: str) -> Reply:
    """Asks for a WebSocket; the connection is gone by the time there is one."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return edge.call("GET", path, headers={**HANDSHAKE, **sent})


class TestUpgrading:
    def test_it_is_asked_for_as_an_attachment_and_made(self, several: Edge) -> None:
        answer = upgrade(several, f"{PATH}?org=acme&received=0", accept_encoding="gzip", origin="http://a")
        assert (answer.status, answer.headers["upgrade"].lower()) == (101, "websocket")
        (asked,) = several.replica("users").authority.requests
        assert dict(asked.attributes.context_extensions) == {"rpc": ATTACH}
        http = asked.attributes.request.http
        assert (http.method, http.headers["upgrade"], http.headers["origin"]) == ("GET", "websocket", "http://a")

    def test_the_identity_goes_on_and_the_credentials_stay(self, several: Edge) -> None:
        sent = {"authorization": "Bearer x", "cookie": "a=b", "x-scope-identity": "forged", "x-scope-pipe-id": "forged"}
        attach(several, PATH, **sent)
        [call] = calls(several, "pipe")
        assert (call.rpc, call.metadata["x-scope-identity"], call.metadata["x-scope-pipe-id"]) == (ATTACH, ATTACH, PIPE)
        assert not {"authorization", "cookie", "x-scope-address"} & call.metadata.keys()

    @pytest.mark.parametrize("asked", [{"Upgrade": "WebSocket"}, {"Connection": "keep-alive, Upgrade"}])
    def test_browsers_write_it_in_their_own_ways(self, several: Edge, asked: dict[str, str]) -> None:
        assert several.call("GET", PATH, headers={**HANDSHAKE, **asked}).status == 101

    @pytest.mark.parametrize("status", [401, 403, 404, 429, 503])
    def test_a_denial_is_an_ordinary_answer(self, several: Edge, status: int) -> None:
        answer = upgrade(several, authorization=f"Bearer {status}")
        assert (answer.status, answer.headers["content-type"]) == (status, "application/json")
        assert answer.json["message"] == f'refused with "{status}"'
        assert "upgrade" not in answer.headers
        assert not calls(several, "pipe")

    def test_what_sockets_refuses_is_an_ordinary_answer_too(self, several: Edge) -> None:
        answer = upgrade(several, f"{PATH}?token=secret")
        assert (answer.status, answer.json["details"][0]["reason"]) == (400, "INVALID_FIELD")

    @pytest.mark.parametrize("asked", [{}, {"Upgrade": "websocket"}, {"Connection": "upgrade", "Upgrade": "h2c"}])
    def test_who_asks_for_none_is_told_to(self, several: Edge, asked: dict[str, str]) -> None:
        answer = several.call("GET", PATH, headers=asked)
        assert (answer.status, answer.json["code"]) == (426, 9)
        assert "Upgrade: websocket" in answer.json["message"]

    @pytest.mark.parametrize("path", [f"{PATH}/check", "/api", "/", "/api/pipe", f"{PATH}/x"])
    def test_nowhere_else_is_there_anything_to_upgrade_to(self, several: Edge, path: str) -> None:
        assert upgrade(several, path).status == 403

    @pytest.mark.parametrize("verb", ["POST", "DELETE", "PUT"])
    def test_no_other_verb_upgrades(self, several: Edge, verb: str) -> None:
        assert several.call(verb, PATH, headers=HANDSHAKE).status == 403

    def test_there_is_one_route_for_each(self) -> None:
        assert [(one.rpc.path, one.verb, one.template) for one in all_websockets()] == [
            (ATTACH, "GET", "/api/pipe/{id}")
        ]


def attach(edge: Edge, path: str, **headers: str) -> None:
    """Attaches by a WebSocket that ends the pipe."""

    async def attached() -> None:
        url = f"ws://{edge.address}{path}"
        async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=headers) as websocket:
            await websocket.send_json({"end": {}})

    asyncio.run(attached())
    until(lambda: bool(calls(edge, "pipe")), "pipe hears of it")


class TestWhereCallsMeet:
    def test_calls_of_one_probe_meet_at_one_replica_of_control(self, several: Edge) -> None:
        with grpc.insecure_channel(several.address) as channel:
            places = {self.control(several, channel, secrets.token_urlsafe(12)) for _ in range(THINGS)}
        assert len(places) > 1

    def control(self, edge: Edge, channel: grpc.Channel, probe: str) -> int:
        named = [("x-scope-probe-id", probe)]
        path = f"/api/control/{probe}/a%2Fb/host_exec"
        ways: list[Callable[[], object]] = [
            lambda: list(channel.stream_stream(CONNECT)(iter([b""]), metadata=named)),
            lambda: channel.unary_unary(INVOKE)(b"", metadata=named),
            lambda: edge.call("POST", path, b"{}"),
            # What a caller by REST says of it in a header does not count.
            lambda: edge.call("POST", f"{path}?org=acme", b"{}", {"x-scope-probe-id": "other"}),
            lambda: edge.call("POST", path, b"{}", {"x-envoy-original-path": "/api/control/other/a/b"}),
        ]
        return the_same(_place(edge, "control", way) for way in ways)

    def test_both_ends_of_a_pipe_meet_at_one_replica_of_pipe(self, several: Edge) -> None:
        with grpc.insecure_channel(several.address) as channel:
            places = {self.pipe(several, channel, secrets.token_hex(16)) for _ in range(THINGS)}
        assert len(places) > 1

    def pipe(self, edge: Edge, channel: grpc.Channel, pipe: str) -> int:
        named, path = [("x-scope-pipe-id", pipe)], f"/api/pipe/{pipe}"
        ways: list[Callable[[], object]] = [
            lambda: list(channel.stream_stream(ATTACH)(iter([b""]), metadata=named)),
            lambda: channel.unary_unary(GET_PIPE)(b"", metadata=named),
            lambda: edge.call("GET", f"{path}/check"),
            lambda: edge.call("DELETE", f"{path}?org=acme"),
            # Each process of sockets knows one replica, that of its own number.
            lambda: attach(edge, path),
            lambda: attach(edge, f"{path}?received=3&org=acme"),
        ]
        return the_same(_place(edge, "pipe", way) for way in ways)


def the_same(places: Iterator[int]) -> int:
    [place] = set(places)
    return place


def _place(edge: Edge, area: str, way: Callable[[], object]) -> int:
    """The number of the replica that a call reaches."""
    replicas = of(edge, area)
    for replica in replicas:
        replica.service.calls.clear()
    way()
    [found] = [number for number, replica in enumerate(replicas) if replica.service.calls]
    return found


class TestArguments:
    """The body of a control is an object of texts, or nothing."""

    PATH = "/api/control/probe/a%2Fb/host_exec"

    @pytest.mark.parametrize("body", [None, b"", b"{}", b"null"])
    def test_there_may_be_none(self, several: Edge, body: bytes | None) -> None:
        assert several.call("POST", self.PATH, body).status == 200
        [call] = calls(several, "control")
        assert (call.request.probe_id, call.request.node_id, call.request.control) == ("probe", "a/b", "host_exec")
        assert not call.request.arguments

    def test_they_arrive(self, several: Edge) -> None:
        said = {"command": '["ls","-l"]', "\u00fc": "\u2603", "": ""}
        assert several.call("POST", self.PATH, json.dumps(said).encode()).status == 200
        [call] = calls(several, "control")
        assert dict(call.request.arguments) == said

    @pytest.mark.parametrize(
        "body",
        [
            *(b"[]", b'[{"a":"b"}]', b"5", b'"x"', b"true", b'{"a":1}', b'{"a":true}', b'{"a":["x"]}'),
            *(b"{", b"\xff", b'{"a":"\xff"}', b'{"a":"1","a":"2"}'),
        ],
    )
    def test_what_is_no_object_of_texts_is_refused(self, several: Edge, body: bytes) -> None:
        answer = several.call("POST", self.PATH, body)
        assert (answer.status, answer.json["details"][0]["reason"]) == (400, "REQUEST_INVALID")
        assert not calls(several, "control")

    def test_what_is_too_large_is_refused(self, several: Edge) -> None:
        body = json.dumps({"a": "x" * 2 * REQUEST_BYTES}).encode()
        answer = several.call("POST", self.PATH, body)
        assert (answer.status, answer.json["details"][0]["reason"]) == (413, "LIMIT_EXCEEDED")

    def test_they_do_not_stand_in_the_address(self, several: Edge) -> None:
        assert several.call("POST", f"{self.PATH}?arguments.a=b", b"{}").status == 400
        assert not calls(several, "control")
