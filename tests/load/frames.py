"""What a page's main thread did in each frame, read from a trace of Chromium's."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Self

from playwright.async_api import CDPSession, Page

_FRAME = "FireAnimationFrame"
_TASK = "RunTask"
_CATEGORIES = ["devtools.timeline", "disabled-by-default-devtools.timeline"]

Event = dict[str, Any]


class Trace:
    """Records from entering the context until leaving it; `work` is there afterwards."""

    def __init__(self, page: Page, session: CDPSession) -> None:
        self._page = page
        self._session = session
        self._events: list[Event] = []
        self._complete = False
        session.on("Tracing.dataCollected", lambda message: self._events.extend(message["value"]))
        session.on("Tracing.tracingComplete", lambda _: self._end())

    async def __aenter__(self) -> Self:
        config = {"includedCategories": _CATEGORIES}
        await self._session.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": config})
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.send("Tracing.end")
        while not self._complete:
            await self._page.wait_for_timeout(50)

    def work(self) -> list[float]:
        """Seconds of processor time that the main thread took for each frame."""
        return per_frame(self._events)

    def _end(self) -> None:
        self._complete = True


def per_frame(events: Iterable[Event]) -> list[float]:
    """Seconds of the main thread's processor time from one frame to the next, in order."""
    slices = [event for event in events if event.get("ph") == "X" and event["name"] in (_FRAME, _TASK)]
    threads = Counter((event["pid"], event["tid"]) for event in slices if event["name"] == _FRAME)
    if not threads:
        return []
    [(main, _)] = threads.most_common(1)
    mine = sorted((event for event in slices if (event["pid"], event["tid"]) == main), key=lambda event: event["ts"])
    return _split([event for event in mine if event["name"] == _TASK], [e["ts"] for e in mine if e["name"] == _FRAME])


def _split(tasks: Sequence[Event], frames: Sequence[float]) -> list[float]:
    """A task belongs to the frame that it draws, or to the next one."""
    work = [0.0] * len(frames)
    at = 0
    for task in tasks:
        while at < len(frames) and frames[at] < task["ts"]:
            at += 1
        if at < len(frames):
            work[at] += (task["tdur"] if "tdur" in task else task["dur"]) / 1e6
    return work
