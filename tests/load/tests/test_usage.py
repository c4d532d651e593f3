import subprocess
import sys
import time

import psutil

from tests.load.usage import Meter

_BUSY = """
import time
input()
end = time.process_time() + 0.5
while time.process_time() < end: pass
print(flush=True)
input()
"""


def say_a_line(process: "subprocess.Popen[bytes]") -> bytes:
    """What it answers."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    process.stdin.flush()
    return process.stdout.readline()


def test_a_busy_process_counts_with_its_children_and_an_idle_one_does_not() -> None:
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_BUSY!r}], check=True)"
    with (
        subprocess.Popen([sys.executable, "-c", nested], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as busy,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as idle,
    ):
        assert say_a_line(idle) == b"\n"  # it has started
        began = time.monotonic()
        meter = Meter({"busy-0": psutil.Process(busy.pid), "idle-0": psutil.Process(idle.pid)})
        say_a_line(busy)
        usage = meter.read()
        expected = 0.5 / (time.monotonic() - began) * 100
        percent, resident = usage["busy-0"]["cpu_percent"], usage["busy-0"]["rss_mb"]
        assert percent is not None
        assert percent > expected * 0.8
        assert resident is not None
        assert resident > 5
        assert usage["idle-0"]["cpu_percent"] == 0
        assert usage.keys() == {"busy-0", "idle-0", "load_generator", "everything_else"}
        busy.communicate(b"\n")
        idle.communicate()
        assert meter.read()["idle-0"] == {"cpu_percent": None, "rss_mb": None}
