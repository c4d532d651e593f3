"""Who reads the log finds one call in it, from its trace, its record in the audit, or what it was about."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import grpc
import pytest
import structlog
from nats.aio.client import Client

from control.tests.probing import connected
from control.tests.replicas import ORGANIZATION, PERSON, Replica, recorded, until

ASKED = pytest.mark.parametrize("asked", [0, 1], ids=["here", "over the bus"])
#: What the lines of a call say that it is about.
ABOUT = {"organization": ORGANIZATION, "probe": "probe-1", "control": "do", "node": "box;<host>"}

Lines = list[structlog.typing.EventDict]


@pytest.fixture
def lines() -> Iterator[Lines]:
    """What is logged, with what its context adds."""
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as captured:
        yield captured


def of(lines: Lines, event: str, rpc: str | None = None) -> Lines:
    """The lines of an event, about an RPC where it is said."""
    return [line for line in lines if line["event"] == event and (not rpc or line["rpc"].endswith(rpc))]


def names(line: Mapping[str, Any], about: Mapping[str, str]) -> bool:
    """Whether a line says all of that."""
    return about.items() <= line.items()


@ASKED
async def test_lines_of_a_call_say_what_it_is_about_and_which_record_is_its(
    replicas: list[Replica], audit: Client, lines: Lines, asked: int
) -> None:
    async with connected(replicas[0]) as probe:
        asking = asyncio.create_task(replicas[asked].invoke(api_token="s3cret", words="of the caller"))
        await probe.done(await probe.call(), value="words of the probe")
        await asking
        [told], [record] = of(lines, "a probe is told"), await recorded(audit)
        await until(lambda: bool(of(lines, "rpc", "/Invoke")))
        [answered] = of(lines, "rpc", "/Invoke")
        assert names(told, ABOUT)
        assert names(answered, {**ABOUT, "call": told["call"]})
        assert answered["call"].endswith(f".{record.id}")
    written = json.dumps(lines, default=str)
    assert not [words for words in ("s3cret", "of the caller", "of the probe") if words in written]


@ASKED
async def test_a_call_that_is_refused_is_found_too(replicas: list[Replica], lines: Lines, asked: int) -> None:
    async with connected(replicas[0]):
        with pytest.raises(grpc.aio.AioRpcError):
            await replicas[asked].invoke(by={**PERSON, "permissions": ["report.view"]})
        [refused] = of(lines, "refused")
        assert names(refused, ABOUT | {"reason": "PERMISSION_DENIED"})


async def test_what_a_call_opens_is_named(replicas: list[Replica], lines: Lines) -> None:
    async with connected(replicas[0]) as probe:
        asking = asyncio.create_task(replicas[1].invoke())
        await probe.done(await probe.call(), opens_pipe=True)
        pipe = (await asking).pipe
        await until(lambda: bool(of(lines, "rpc", "/Invoke")))
        assert of(lines, "rpc", "/Invoke")[0]["pipe"] == pipe


async def test_the_line_of_a_stream_names_its_probe_and_no_call_that_came_by_it(
    replicas: list[Replica], lines: Lines
) -> None:
    async with connected(replicas[0]) as probe:
        asking = asyncio.create_task(replicas[1].invoke())
        await probe.done(await probe.call())
        await asking
    await until(lambda: bool(of(lines, "rpc", "/Connect")))
    [ended] = of(lines, "rpc", "/Connect")
    assert names(ended, {"organization": ORGANIZATION, "probe": "probe-1"})
    assert not {"call", "node", "control"} & ended.keys()
