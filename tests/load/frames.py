"""What a page's main thread did in each frame, read from a trace of Chromium's."""

from collections import Counter
from collections.abc import Iterable, Iterator
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
    return list(_split(mine))


def _split(events: Iterable[Event]) -> Iterator[float]:
    """A task belongs to the frame that it draws, which may call back several times in it, or to the next one."""
    work = 0.0
    drawn = False
    for event in events:
        if event["name"] == _FRAME:
            drawn = True
            continue
        if drawn:
            yield work
            work, drawn = 0.0, False
        work += (event["tdur"] if "tdur" in event else event["dur"]) / 1e6
    if drawn:
        yield work
