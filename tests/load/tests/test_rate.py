import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.load.measure import Window, now
from tests.load.rate import Rest, at_rate, one_after_another


async def test_calls_begin_when_they_are_due_whatever_becomes_of_others() -> None:
    blocked = asyncio.Event()
    begun = 0

    async def call() -> None:
        nonlocal begun
        begun += 1
        if begun == 1:
            await blocked.wait()
        elif begun == 20:
            blocked.set()
            raise RuntimeError("refused")

    took, failed = await at_rate(call, 100, Window(now(), now() + 0.2))
    assert (begun, len(took), failed) == (20, 19, 1)
    assert max(took) > 0.15


async def test_a_call_that_never_ends_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.load.rate._LAST_WITHIN", 0.05)

    async def call() -> None:
        await asyncio.Event().wait()

    assert await at_rate(call, 20, Window(now(), now() + 0.1)) == ([], 2)


async def test_so_many_calls_are_under_way_and_no_more() -> None:
    under_way, most = 0, 0

    async def call() -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.001)
        under_way -= 1

    took = await one_after_another(call, 3, 1)
    assert most == 3
    assert len(took) > 3


@asynccontextmanager
async def _served(answer: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    heads: list[bytes] = []
    serving: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        while not reader.at_eof():
            try:
                heads.append(await reader.readuntil(b"\r\n\r\n"))
            except asyncio.IncompleteReadError:
                break
            writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
        await asyncio.gather(*filter(None, serving))


async def test_answers_are_read_one_after_the_other_over_a_connection_that_is_kept() -> None:
    async with _served(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}") as (url, heads), Rest(url) as rest:
        await rest.get("/api")
        await rest.get("/api/topology/hosts", "secret")
        assert len(rest._free) == 1
    assert heads[0].startswith(b"GET /api HTTP/1.1\r\n")
    assert b"Authorization: Bearer secret\r\n" in heads[1]


async def test_a_refusal_is_an_error() -> None:
    async with _served(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n") as (url, _), Rest(url) as rest:
        with pytest.raises(RuntimeError, match="401"):
            await rest.get("/api")
