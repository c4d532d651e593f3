import subprocess
import sys
import time

import psutil

from tests.load.usage import Meter

_BUSY = (
    "import time\nend = time.process_time() + 0.5\nwhile time.process_time() < end: pass\nprint(flush=True)\ninput()"
)


def test_a_busy_process_counts_with_its_children_and_an_idle_one_does_not() -> None:
    nested = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {_BUSY!r}], check=True)"
    with (
        subprocess.Popen([sys.executable, "-c", nested], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as busy,
        subprocess.Popen(["cat"], stdin=subprocess.PIPE) as idle,
    ):
        meter = Meter({"busy-0": psutil.Process(busy.pid), "idle-0": psutil.Process(idle.pid)})
        began = time.monotonic()
        assert busy.stdout is not None
        busy.stdout.readline()
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
