"""WebSockets before pipe services, by the real process."""

import asyncio
import json
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from yarl import URL

from authfe.sockets.server import MESSAGE_BYTES
from authfe.tests.pipe import PATIENCE, Attached, PipeStandIn
from authfe.tests.sockets import HANDSHAKE, SocketsServer
from mesh.errors import limit_exceeded, not_found, permission_denied, unauthenticated, unavailable
from scope.errors.v1.errors_pb2 import Reason
from scope.pipe.v1.messages_pb2 import Drain, EndReason

pytestmark = pytest.mark.integration

PIPE = "0123456789abcdef" * 2


class Browser:
    """A WebSocket, and what came by it."""

    def __init__(self, websocket: ClientWebSocketResponse) -> None:
        self.websocket = websocket

    async def say(self, **word: Any) -> None:
        """Sends a text."""
        await self.websocket.send_json({name.rstrip("_"): value for name, value in word.items()})

    async def heard(self) -> Any:
        """The next text, as what it says."""
        message = await self.websocket.receive(PATIENCE)
        assert message.type == WSMsgType.TEXT, message
        return json.loads(message.data)

    async def shown(self, count: int) -> bytes:
        """So many bytes."""
        content = bytearray()
        while len(content) < count:
            content += await self.websocket.receive_bytes(timeout=PATIENCE)
        return bytes(content)

    async def closed(self) -> tuple[int | None, str]:
        """With what it is closed."""
        async with asyncio.timeout(PATIENCE):  # which pings do not prolong
            message = await self.websocket.receive()
        assert message.type == WSMsgType.CLOSE, message
        return message.data, str(message.extra)


class Around:
    """A process of sockets between browsers and replicas of pipe, all of which end with the test."""

    def __init__(self, stack: AsyncExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder

    async def pipe(self, *, read_only: bool = False) -> PipeStandIn:
        """A replica of pipe."""
        return await self._stack.enter_async_context(PipeStandIn(read_only=read_only))

    def sockets(self, *pipes: PipeStandIn, **settings: str) -> SocketsServer:
        """A process of sockets."""
        server = SocketsServer([pipe.address for pipe in pipes], self._folder, **settings)
        server.start()
        self._stack.callback(server.kill)
        return server

    async def client(self) -> aiohttp.ClientSession:
        """What connects to it."""
        return await self._stack.enter_async_context(aiohttp.ClientSession())

    async def browser(self, server: SocketsServer, query: str = "", **headers: str) -> Browser:
        """A WebSocket."""
        session = await self.client()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"ws://{server.address}/api/pipe/{PIPE}{query}"
        return Browser(await session.ws_connect(url, headers=sent, max_msg_size=0))

    async def taken(self, server: SocketsServer, *pipes: PipeStandIn) -> Browser:
        """A WebSocket that one of these replicas has taken."""
        before = sum(pipe.taken for pipe in pipes)
        browser = await self.browser(server)
        await until(lambda: sum(pipe.taken for pipe in pipes) > before)
        return browser

    async def opened(self, query: str = "", **headers: str) -> tuple[Browser, Attached]:
        """A WebSocket and its attachment."""
        pipe = await self.pipe()
        browser = await self.browser(self.sockets(pipe), query, **headers)
        return browser, await pipe.attached()


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Around]:
    """What a test starts."""
    async with AsyncExitStack() as stack:
        yield Around(stack, tmp_path)


async def until(true: Callable[[], object]) -> None:
    """Waits until something is true."""
    async with asyncio.timeout(PATIENCE):
        while not true():
            await asyncio.sleep(0.01)


async def test_bytes_go_through_in_both_directions(around: Around) -> None:
    browser, attached = await around.opened()
    attached.join()
    assert (await attached.heard()).rewind.received == 0
    assert await browser.heard() == {"rewind": 0}
    await browser.say(from_=0)
    typed, shown = secrets.token_bytes(200_000), secrets.token_bytes(60_000)
    await browser.websocket.send_bytes(typed)
    assert await attached.typed(len(typed)) == typed
    attached.ack(len(typed))
    assert await browser.heard() == {"ack": len(typed)}
    attached.data(shown)
    assert await browser.shown(len(shown)) == shown
    await browser.say(ack=len(shown))
    assert (await attached.until("ack")).ack.received == len(shown)
    await browser.say(resize={"width": 120, "height": 40})
    size = (await attached.until("resize")).resize
    assert (size.width, size.height) == (120, 40)


async def test_who_asks_for_what_is_passed_on_and_nothing_else(around: Around) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    said = {"x_scope_identity": "somebody", "traceparent": trace, "cookie": "a=b", "x_scope_probe_id": "probe"}
    _, attached = await around.opened(**said)
    assert attached.metadata.items() >= {"x-scope-identity": "somebody", "x-scope-pipe-id": PIPE}.items()
    assert attached.metadata["traceparent"] == trace
    assert not {"cookie", "x-scope-probe-id", "origin"} & attached.metadata.keys()


async def test_a_browser_that_comes_back_goes_on_where_it_was(around: Around) -> None:
    browser, attached = await around.opened("?received=70000")
    attached.join(received=5)
    assert (await attached.heard()).rewind.received == 70_000
    assert await browser.heard() == {"rewind": 5}
    await browser.say(from_=5)
    await browser.websocket.send_bytes(b"x")
    assert (await attached.until("data")).data.offset == 5
    attached.data(b"abcdef", offset=69_997)
    assert await browser.shown(3) == b"def"


async def test_whoever_may_only_read_is_told_first(around: Around) -> None:
    pipe = await around.pipe(read_only=True)
    browser = await around.browser(around.sockets(pipe))
    (await pipe.attached()).join()
    assert await browser.heard() == {"readOnly": True}


class TestTheEnd:
    async def test_it_is_told_answered_and_closes(self, around: Around) -> None:
        browser, attached = await around.opened()
        attached.join()
        attached.data(b"bye")
        attached.end(reason=EndReason.END_REASON_EXITED, exit_status=3, sent=3)
        assert await browser.heard() == {"rewind": 0}
        assert await browser.shown(3) == b"bye"
        assert await browser.heard() == {"end": {"reason": "END_REASON_EXITED", "message": "", "exitStatus": 3}}
        assert await browser.closed() == (1000, "")
        assert (await attached.until("end")).end.reason == EndReason.END_REASON_CLOSED

    async def test_one_that_the_browser_says_arrives_also_where_it_goes_at_once(self, around: Around) -> None:
        browser, attached = await around.opened()
        await browser.websocket.send_bytes(b"exit\n")
        await browser.say(end={})
        await browser.websocket.close()
        assert (await attached.until("end")).end.sent == 5

    async def test_what_is_refused_for_good_is_an_end(self, around: Around) -> None:
        pipe = await around.pipe()
        server = around.sockets(pipe)
        for error, reason in (
            (not_found("pipe", PIPE), "NOT_FOUND"),
            (permission_denied("no", "host.exec"), "PERMISSION_DENIED"),
            (unauthenticated(), "CREDENTIAL_INVALID"),
        ):
            pipe.refusal = error
            browser = await around.browser(server)
            assert await browser.heard() == {"end": {"reason": reason, "message": error.message, "exitStatus": 0}}
            assert await browser.closed() == (1008, error.message)

    async def test_one_too_many_may_try_again(self, around: Around) -> None:
        pipe = await around.pipe()
        pipe.refusal = limit_exceeded("too many")
        browser = await around.browser(around.sockets(pipe))
        assert await browser.closed() == (1013, "too many")

    async def test_a_long_reason_is_cut_between_characters(self, around: Around) -> None:
        pipe = await around.pipe()
        pipe.refusal = not_found("pipe", "\N{SNOWMAN}" * 100)
        browser = await around.browser(around.sockets(pipe))
        assert (await browser.heard())["end"]["message"] == pipe.refusal.message
        code, words = await browser.closed()
        assert code == 1008
        assert 119 < len(words.encode()) <= 123

    async def test_what_ends_after_it_was_told_is_told_once(self, around: Around) -> None:
        browser, attached = await around.opened()
        attached.end(reason=EndReason.END_REASON_REVOKED, message="signed out")
        attached.over(unauthenticated())
        assert (await browser.heard())["end"]["message"] == "signed out"
        assert (await browser.closed())[0] == 1000


class TestWhatIsLost:
    async def test_a_replica_that_is_killed_drains_or_ends_the_stream_is_to_be_attached_anew(
        self, around: Around
    ) -> None:
        pipe = await around.pipe()
        server = around.sockets(pipe)
        losses: tuple[Callable[[Attached], None], ...] = (
            lambda attached: attached.say(drain=Drain()),
            lambda attached: attached.over(),
            lambda attached: attached.over(unavailable(Reason.REASON_SERVICE_UNAVAILABLE, "away")),
        )
        for lost in losses:
            browser = await around.browser(server)
            lost(await pipe.attached())
            code, words = await browser.closed()
            assert (code, "attach again" in words) == (1012, True)

    async def test_the_next_replica_is_used_and_the_first_one_again_when_it_is_back(self, around: Around) -> None:
        first, second = PipeStandIn(), await around.pipe()
        server = around.sockets(first, second)
        stays = goes = await around.taken(server, second)
        async with first, asyncio.timeout(PATIENCE):
            while not first.taken:
                goes = await around.taken(server, first, second)
        assert (await goes.closed())[0] == 1012
        await around.taken(server, second)
        assert not stays.websocket.closed

    async def test_where_there_is_no_replica_it_shall_be_tried_later(self, around: Around) -> None:
        browser = await around.browser(around.sockets(PipeStandIn()))
        assert (await browser.closed())[0] == 1013

    async def test_a_process_that_leaves_says_so_to_all_and_takes_no_more(self, around: Around) -> None:
        pipe = await around.pipe()
        server = around.sockets(pipe)
        browsers = [await around.browser(server) for _ in range(3)]
        attached = [await pipe.attached() for _ in browsers]
        stopping = asyncio.create_task(asyncio.to_thread(server.stop))
        for browser in browsers:
            assert (await browser.closed())[0] == 1012
        for one in attached:
            await asyncio.wait_for(one.left.wait(), PATIENCE)
        await stopping

    async def test_the_attachment_of_a_browser_that_goes_is_given_up(self, around: Around) -> None:
        browser, attached = await around.opened()
        browser.websocket.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        await asyncio.wait_for(attached.left.wait(), PATIENCE)


class TestWhatMayNotBeSaid:
    async def test_the_reason_says_what_is_wrong(self, around: Around) -> None:
        pipe = await around.pipe()
        server = around.sockets(pipe)
        for text, code, words in (
            ("nonsense", 1007, "JSON"),
            ('{"ack":1}', 1008, "ack"),
            ('{"resize":{"width":0,"height":1}}', 1008, "resize.width"),
            ('{"hello":1}', 1008, "from, ack, resize, end"),
            ("x" * 4097, 1009, "4096"),
        ):
            browser = await around.browser(server)
            attached = await pipe.attached()
            await browser.websocket.send_str(text)
            closed, reason = await browser.closed()
            assert (closed, words in reason) == (code, True), reason
            await asyncio.wait_for(attached.left.wait(), PATIENCE)

    async def test_text_must_be_utf_8(self, around: Around) -> None:
        browser, _ = await around.opened()
        await browser.websocket._writer.send_frame(b"\xff\xfe", WSMsgType.TEXT)
        assert (await browser.closed())[0] == 1007

    async def test_messages_have_a_largest_size(self, around: Around) -> None:
        browser, attached = await around.opened()
        await browser.websocket.send_bytes(bytes(MESSAGE_BYTES))
        assert await attached.typed(MESSAGE_BYTES) == bytes(MESSAGE_BYTES)
        await browser.websocket.send_bytes(bytes(MESSAGE_BYTES + 1))
        assert (await browser.closed())[0] == 1009

    async def test_what_is_asked_for_wrongly_is_refused_before_there_is_a_websocket(self, around: Around) -> None:
        server, session = around.sockets(await around.pipe()), await around.client()
        for path, field in (
            *((f"{PIPE}?received={value}", "received") for value in ("", "-1", "1.0", "x", str(2**53), "%00")),
            (f"{PIPE}?received=1&received=1", "received"),
            (f"{PIPE}?token=secret", "query"),
            *((id_, "id") for id_ in ("x", PIPE.upper(), PIPE + "0", f"{PIPE}%0a", f"{PIPE}/", f"{PIPE}/check")),
        ):
            url = URL(f"http://{server.address}/api/pipe/{path}", encoded=True)
            async with session.get(url, headers=HANDSHAKE) as answer:
                assert answer.status == 400, path
                error = json.loads(await answer.read())
            assert error["details"][0]["reason"] == "INVALID_FIELD"
            assert error["details"][1]["fieldViolations"][0]["field"] == field
            assert "secret" not in json.dumps(error)

    async def test_there_are_only_so_many_at_once(self, around: Around) -> None:
        pipe = await around.pipe()
        server = around.sockets(pipe, SOCKETS="2")
        held = [await around.browser(server) for _ in range(2)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await around.browser(server)
        assert refused.value.status == 503
        await held[0].websocket.close()
        await until(lambda: held[0].websocket.closed)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await around.browser(server)
                except aiohttp.WSServerHandshakeError:
                    continue
                return


async def test_a_reader_that_stands_still_stops_the_pipe_and_not_the_others(around: Around) -> None:
    pipe = await around.pipe()
    server = around.sockets(pipe)
    # What is not read here is not read from the connection either.
    _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
    lines = (f"GET /api/pipe/{PIPE} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in HANDSHAKE.items()))
    writer.write("\r\n".join((*lines, "", "")).encode())
    stalled = await pipe.attached()
    for number in range(1000):
        stalled.data(bytes(64 * 1024), offset=number * 64 * 1024)
    other = await around.browser(server)
    attached = await pipe.attached()
    attached.data(b"alive")
    assert await other.shown(5) == b"alive"
    assert stalled.waiting > 500
    writer.close()
