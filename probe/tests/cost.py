"""What a probe costs its host: `python -m probe.tests.cost [--processes N] [--seconds S]`.

Starts sleeping processes, lets the probe's own loop look at them and encode what
it would send, and prints one JSON object: percent of one core, resident memory, bytes sent. It exits 1 when the cost is
above 5 % of one core or 100 MiB.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc.aio  # noqa: F401 - a probe that sends has it in memory

from scope.report.v1.report_pb2 import Report
from scope_probe import loop
from scope_probe.report import Reporters
from scope_sdk.report.builder import Builder
from scope_sdk.report.encode import Encoder

CPU_PERCENT, RSS_MIB = 5.0, 100.0
REPORTS_PER_FULL = 20


@dataclass
class Encoding:
    """Encodes reports as for a service that acknowledges every full at once."""

    encoder: Encoder = field(default_factory=lambda: Encoder(1))
    base: Report | None = None
    sizes: list[int] = field(default_factory=list)

    def publish(self, builder: Builder) -> None:
        """Encode one report, full or against the last full."""
        if self.base is None or len(self.sizes) % REPORTS_PER_FULL == 0:
            report = self.base = self.encoder.full(builder)
        else:
            report = self.encoder.delta(builder, self.base)
        self.sizes.append(len(report.SerializeToString()))


@contextmanager
def sleepers(count: int) -> Iterator[None]:
    """This many processes that only sleep."""
    started = [subprocess.Popen(["sleep", "3600"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.wait()


async def measure(processes: int, seconds: float) -> dict[str, float]:
    """Run the probe beside the sleepers."""
    encoding, stop = Encoding(), asyncio.Event()
    with sleepers(processes):
        asyncio.get_running_loop().call_later(seconds, stop.set)
        wall, cpu = time.perf_counter(), time.process_time()
        await loop.forever(Reporters("cost"), encoding.publish, stop)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "processes": processes,
        "seconds": round(wall, 1),
        "reports": len(encoding.sizes),
        "full_bytes": encoding.sizes[0],
        "delta_bytes": encoding.sizes[-1],
        "cpu_percent": round(100 * cpu / wall, 2),
        "rss_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    found = asyncio.run(measure(arguments.processes, arguments.seconds))
    sys.stdout.write(json.dumps(found) + "\n")
    return int(found["cpu_percent"] > CPU_PERCENT or found["rss_mib"] > RSS_MIB)


if __name__ == "__main__":
    sys.exit(main())
