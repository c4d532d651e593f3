"""Mode `ui`: a map in headless Chromium, while what it shows is reported to the mesh."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import typer
from playwright.async_api import Browser, CDPSession, Page, async_playwright

from deploy.local.accounts import renew_link
from tests.browser.chromium import EXECUTABLE, FLAGS
from tests.load import crowd
from tests.load.elsewhere import Elsewhere
from tests.load.frames import Trace
from tests.load.measure import durations, now, pause_until
from tests.load.modes import mode
from tests.load.outcome import Outcome, Row
from tests.load.target import Target

_VIEWPORT = {"width": 1280, "height": 800}
_PATIENCE = 120.0  # seconds for what has to come, on a machine that has much else to do
_SETTLED = 15.0  # seconds: the layout is as good as it gets, and code has been compiled
_POLL = 0.5
_MOVES = 60
_STEPS = 20
_MIDDLE = (640, 450)
_MEGABYTE = 1e6

# Each picture of a change leaves a measure; they are kept where they can be asked for.
_KEEP = """
window.drawn = [];
new PerformanceObserver((list) => {
  for (const { name, duration, detail } of list.getEntries()) {
    if (name === "scope.graph.drawn") window.drawn.push([duration / 1000, detail.nodes]);
  }
}).observe({ entryTypes: ["measure"] });
"""
_RENDERER = """() => {
  const gl = document.createElement("canvas").getContext("webgl2");
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  return gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
}"""


@mode
async def ui(
    target: Target,
    seconds: float,
    nodes: Annotated[int, typer.Option(min=200, max=10_000, help="How many; twice as many edges.")] = 1000,
) -> Outcome:
    """Look at a map of processes of which 100 change every 3 s: its first picture, moving it, changes, memory."""
    with Elsewhere(crowd.feed, target, nodes):
        async with _page(target) as (page, session):
            await _shown(page, nodes)
            first = await _drawn(page)
            await asyncio.sleep(_SETTLED)
            before = len(await _drawn(page))
            memory = await _memory(session, seconds)
            changes = (await _drawn(page))[before:]
            # Changes have figures of their own: moving is measured without them.
            await page.get_by_role("button", name="Pause").click()
            moved = {"panning": await _frames(page, session, _pan), "zooming": await _frames(page, session, _zoom)}
            renderer = await page.evaluate(_RENDERER)
    latency = {"first_picture": durations([first[0][0]]), "change": durations([took for took, _ in changes])}
    return Outcome(
        mode="ui",
        setting={"nodes": nodes, "edges": nodes * crowd.EDGES_PER_NODE, "seconds": seconds},
        sections={
            "latency": latency,
            "main_thread_per_frame": moved,
            "memory": {"heap": memory},
            "renderer": {renderer: {"software": int("SwiftShader" in renderer or "llvmpipe" in renderer)}},
        },
        failures=failures({**latency, **moved}),
    )


def failures(figures: Mapping[str, Row]) -> list[str]:
    """What was not as promised."""
    return [f"{name}: nothing was measured" for name, row in figures.items() if not row["count"]]


@asynccontextmanager
async def _page(target: Target) -> AsyncIterator[tuple[Page, CDPSession]]:
    """A page of the first administrator's on the map of the first organization, and what commands its browser."""
    if not target.data:
        raise ValueError("--data: the mesh has to run on this machine, for somebody has to sign in")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=EXECUTABLE, args=FLAGS)
        page = await _signed_in(browser, target.url, renew_link(target.data))
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable")
        yield page, session
        await browser.close()


async def _signed_in(browser: Browser, url: str, link: str) -> Page:
    page = await browser.new_page(viewport=_VIEWPORT, base_url=url)
    page.set_default_timeout(_PATIENCE * 1000)
    await page.add_init_script(_KEEP)
    await page.goto(link)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_selector("main[data-page=dashboard], main[data-page=map]")
    return page


async def _shown(page: Page, nodes: int) -> None:
    """The map is there with all nodes. RuntimeError where it does not come."""
    looked_up = await page.request.get("/api/users/lookup")
    organization = (await looked_up.json())["organizations"][0]["id"]
    async with _patiently(f"{nodes} processes"):
        while await _count(page, organization) < nodes:
            await asyncio.sleep(_POLL)
    await page.goto(f"/#/{organization}/map/processes?unconnected=show&display=graph")
    async with _patiently("the map"):
        while not await _drawn(page):
            await asyncio.sleep(_POLL)


@asynccontextmanager
async def _patiently(what: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(_PATIENCE):
            yield
    except TimeoutError:
        raise RuntimeError(f"{what}: not there after {_PATIENCE:g} s") from None


async def _count(page: Page, organization: str) -> int:
    answer = await page.request.get("/api/topology", headers={"X-Scope-Org": organization})
    found = [topology for topology in await answer.json() if topology["url"].endswith("/processes")]
    return int(found[0]["stats"]["node_count"]) if found else 0


async def _drawn(page: Page) -> list[tuple[float, int]]:
    """How long each change took until it was drawn, in seconds, and how many nodes there were."""
    drawn: list[tuple[float, int]] = await page.evaluate("window.drawn")
    return drawn


async def _frames(page: Page, session: CDPSession, move: Callable[[CDPSession], Awaitable[None]]) -> Row:
    async with Trace(page, session) as trace:
        await move(session)
    return durations(trace.work())


async def _pan(session: CDPSession) -> None:
    await _mouse(session, "mousePressed", *_MIDDLE)
    for step in range(_MOVES):
        await _mouse(session, "mouseMoved", 640 + 9 * abs(step % 40 - 20), 450 + 6 * abs(step % 30 - 15))
    await _mouse(session, "mouseReleased", *_MIDDLE)


async def _zoom(session: CDPSession) -> None:
    for pixels in (-60, 60):
        for _ in range(_STEPS):
            await _mouse(session, "mouseWheel", *_MIDDLE, deltaX=0, deltaY=pixels)


async def _mouse(session: CDPSession, what: str, x: int, y: int, **more: int) -> None:
    """Without Playwright, which runs scripts in the page with each movement while a button is held, to find drags."""
    event = {"type": what, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1, **more}
    await session.send("Input.dispatchMouseEvent", event)


async def _memory(session: CDPSession, seconds: float) -> Row:
    """What the page's heap holds, all that is garbage collected, at the beginning and the end."""
    before = await _heap(session)
    await pause_until(now() + seconds)
    after = await _heap(session)
    return {"before_mb": before, "after_mb": after, "growth_mb": round(after - before, 2)}


async def _heap(session: CDPSession) -> float:
    await session.send("HeapProfiler.collectGarbage")
    metrics: Sequence[Mapping[str, Any]] = (await session.send("Performance.getMetrics"))["metrics"]
    used = {metric["name"]: float(metric["value"]) for metric in metrics}
    return round(used["JSHeapUsedSize"] / _MEGABYTE, 2)
