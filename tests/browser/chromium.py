"""Debian's Chromium, with WebGL in software and nothing that calls home."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.e2e.client import wait_for

EXECUTABLE = "/usr/bin/chromium"
#: For whatever shall come on a page, in milliseconds: other tests may keep the machine busy.
PATIENCE = 30_000
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"),
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser whose pages are all taken for visible."""
    with _playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def window(browser: Browser, profile: Path) -> Iterator[Browser]:
    """A browser of one window, whose tabs are hidden but for the one in front, as people have them."""
    arguments = [
        EXECUTABLE,
        *FLAGS,
        f"--user-data-dir={profile}",
        "--remote-debugging-port=0",
        "--window-size=1280,800",
    ]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    try:
        url = wait_for(lambda: _with_page(profile), "the browser's first page")
        connected = browser.browser_type.connect_over_cdp(url, no_defaults=True)
        yield connected
        connected.close()
    finally:
        process.terminate()
        process.wait()


def _with_page(profile: Path) -> str:
    """Where a browser is asked, once it has a page: who connects to one that is about to may wait for ever."""
    port = (profile / "DevToolsActivePort").read_text().partition("\n")[0]
    url = f"http://127.0.0.1:{port}"
    with urllib.request.urlopen(f"{url}/json/list") as answer:
        return url if any(target["type"] == "page" for target in json.load(answer)) else ""


@contextmanager
def _playwright() -> Iterator[Playwright]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        yield playwright
