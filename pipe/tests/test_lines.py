"""Who reads the log finds the ends of one pipe in it."""

import asyncio

import grpc
import structlog

from pipe.tests.conftest import ORGANIZATION, PATIENCE, PROBE, SERVICE, USER, Bus, Replica, until
from scope.pipe.v1.messages_pb2 import ClosePipeRequest


def calls(lines: list[structlog.typing.EventDict]) -> list[structlog.typing.EventDict]:
    """The lines of calls that ended here; others ask after their credentials meanwhile."""
    return [line for line in lines if line["event"] == "rpc" and line["rpc"].startswith(SERVICE)]


async def test_lines_of_a_pipe_say_what_it_was_opened_for(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open(node_id="box;" + "n" * 2000)
    about = {"organization": ORGANIZATION, "pipe": pipe, "probe": PROBE, "control": "host_exec"}
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        async with asyncio.timeout(PATIENCE), replicas[0].user(pipe) as user, replicas[1].probe(pipe) as probe:
            await user.kinds("joined")
            await probe.kinds("joined")
            metadata = bus.metadata("ClosePipe", **USER)
            await replicas[0].stub.ClosePipe(ClosePipeRequest(id=pipe), metadata=metadata)
            await user.ended()
            await probe.ended()
        await until(lambda: len(calls(lines)) == 3)
    assert {line["end"] for line in calls(lines) if line["rpc"].endswith("/Attach")} == {"user", "probe"}
    for line in calls(lines):
        assert about.items() <= line.items()
        assert line["node"] == "box;" + "n" * 250


async def test_who_is_refused_a_pipe_is_found_by_it(bus: Bus, replicas: list[Replica]) -> None:
    pipe = await bus.open()
    with structlog.testing.capture_logs([structlog.contextvars.merge_contextvars]) as lines:
        async with asyncio.timeout(PATIENCE), replicas[0].user(pipe, organization="b" * 32) as user:
            assert await user.code() == grpc.StatusCode.NOT_FOUND
        await until(lambda: bool(calls(lines)))
    for line in lines:
        assert (line["organization"], line["pipe"]) == ("b" * 32, pipe)
        assert not {"probe", "node", "control"} & line.keys()  # which are another organization's
