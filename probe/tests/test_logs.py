"""What the probe says while it runs."""

import subprocess
import sys

_CALLED = """
import asyncio
from scope.control.v1.messages_pb2 import Call
from scope_probe import logs
from scope_sdk._calls import Calls

async def handler(call):
    if call.control == "fail":
        raise ZeroDivisionError("within")
    return "secret"

async def main():
    answered = asyncio.Queue()
    calls = Calls(lambda _: handler, None, answered.put_nowait, lambda _: None)
    for control in ("fail", "greet"):
        calls.start(Call(id=control, control=control, node_id="a\\nb", timeout_ms=1000, arguments={"x": "secret"}))
        await answered.get()
    await calls.close()

logs.configure()
asyncio.run(main())
"""


def test_what_others_do_here_is_a_line_without_what_they_said_and_a_failure_has_its_reason() -> None:
    done = subprocess.run([sys.executable, "-c", _CALLED], capture_output=True, text=True, check=True)
    assert "called: 'greet' of 'a\\nb': done" in done.stderr
    assert "ZeroDivisionError: within" in done.stderr
    assert done.stderr.count("called: 'fail'") == 1
    assert "secret" not in done.stderr.replace('return "secret"', "")
