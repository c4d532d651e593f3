"""How many event streams a browser holds, as query counts them."""

import re
import urllib.request
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.chromium import window
from tests.browser.people import People
from tests.browser.watched import Watched, until
from tests.e2e.client import Mesh


def watchers(mesh: Mesh) -> int:
    """Of all replicas."""
    return sum(_gauge(process["metrics"], "scope_watchers") for process in mesh.processes("query"))


def _gauge(url: str, name: str) -> int:
    with urllib.request.urlopen(url) as answer:
        found = re.findall(rf"^{name}(?:{{.*}})? (\S+)$", answer.read().decode(), re.MULTILINE)
    return sum(int(float(value)) for value in found)


@pytest.mark.usefixtures("shop")
def test_tabs_share_one_stream_and_hidden_ones_hold_none(
    mesh: Mesh, people: People, browser: Browser, watched: Watched, tmp_path: Path
) -> None:
    with window(browser, tmp_path) as own:
        context = watched.add(own.contexts[0])
        people.administrator.signs_in(context)
        first, second = _map(context.new_page(), mesh), _map(context.new_page(), mesh)
        until(second, lambda: watchers(mesh) == 1, "one stream of two tabs")
        blank = context.new_page()
        until(blank, lambda: watchers(mesh) == 0, "no stream of hidden tabs")
        first.bring_to_front()
        until(first, lambda: watchers(mesh) == 1, "a stream again")
        first.close()
        second.close()
        until(blank, lambda: watchers(mesh) == 0, "no stream of closed tabs")


def _map(page: Page, mesh: Mesh) -> Page:
    page.goto(f"{mesh.url}/#/shop/map/hosts")
    return page
