"""Probes that report as fast as they are acknowledged."""

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from tests.load.line import Line
from tests.load.measure import Window, now
from tests.load.prepared import FULL_EVERY, Script, Stamp
from tests.load.target import Target


@dataclass
class Pressed:
    """What became of the reports.

    Attributes:
        seconds: how long each acknowledgement within the window took.
        acknowledged: how many reports were acknowledged, before the window and after it too.
        size: bytes of those.
    """

    seconds: list[float] = field(default_factory=list)
    acknowledged: int = 0
    size: int = 0


async def press(target: Target, probes: int, under_way: int, window: Window) -> Pressed:
    """Reports from so many probes until the window ends, each with so many reports that wait for acknowledgement.

    What they report is made before the first of them begins, and repeats itself.
    """
    script, pressed = Script(0), Pressed()
    bodies = [[script.template(round_).body(host, probes) for round_ in range(FULL_EVERY)] for host in range(probes)]
    epoch = time.time_ns() // 1_000_000
    tasks = [_Probe(script, each, epoch, window, pressed).run(target, under_way) for each in bodies]
    await asyncio.gather(*tasks)
    return pressed


@dataclass
class _Probe:
    script: Script
    bodies: list[bytes]
    epoch: int
    window: Window
    pressed: Pressed
    number: int = 0
    sent: deque[float] = field(default_factory=deque)

    async def run(self, target: Target, under_way: int) -> None:
        async with Line(target, "press") as line:
            for _ in range(under_way):
                await self._send(line)
            while self.sent:
                await line.acknowledged(self.number - len(self.sent) + 1)
                self._note(now(), self.sent.popleft())
                if now() < self.window.end:
                    await self._send(line)

    async def _send(self, line: Line) -> None:
        round_, self.number = self.number, self.number + 1
        body = self.bodies[round_ % FULL_EVERY]
        stamp = Stamp(self.epoch, self.number, self.script.base(round_), time.time_ns() // 1_000_000)
        self.sent.append(now())
        self.pressed.size += len(body)
        await line.send(stamp.request(body))

    def _note(self, arrived: float, sent: float) -> None:
        self.pressed.acknowledged += 1
        if arrived in self.window:
            self.pressed.seconds.append(arrived - sent)
