"""The programs of `sdk/examples`, run as their readers run them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from scope.pipe.v1.messages_pb2 import EndReason
from scope_sdk import attach

from .control_service import Caller
from .pipe_service import PIPE

EXAMPLES = Path(__file__).parents[1] / "examples"


@asynccontextmanager
async def running(caller: Caller, name: str, folder: Path) -> AsyncIterator[None]:
    environment = os.environ | {"TOKEN": "secret"}
    program = await asyncio.create_subprocess_exec(
        sys.executable, EXAMPLES / name, caller.service.target, cwd=folder, env=environment
    )
    try:
        await caller.connected()
        yield
    finally:
        program.kill()
        await program.wait()


async def test_a_program_reports_what_can_be_done_and_does_it(tmp_path: Path) -> None:
    caller = Caller()
    async with asyncio.timeout(60), caller.serving(), running(caller, "acting.py", tmp_path):
        await caller.reports.until(lambda: bool(caller.reports.received))
        first = caller.reports.received[0]
        assert first.metadata["x-scope-probe-id"] == caller.streams[0].metadata["x-scope-probe-id"]
        assert {control.id for control in first.report.templates.topologies[0].controls} == {"load_watch", "log_level"}
        assert len(first.report.nodes[0].controls) == 2

        assert "is not the host" in (await caller.invoke("log_level")).refused
        assert "must be one of debug, info, warning" in (await caller.invoke("log_level", level="loud")).refused
        assert "more often" in (await caller.invoke("load_watch", seconds="0")).refused

        answer = await caller.invoke("load_watch", seconds="0.1")
        assert answer.done.raw_tty
        async with attach(caller.service, PIPE) as user:
            shown = b""
            while shown.count(b"\r\n") < 3:
                shown += await user.read()
            await user.write(b"q")
            end = await user.wait_ended()
        assert (end.reason, end.message) == (EndReason.END_REASON_EXITED, "a key was pressed")
