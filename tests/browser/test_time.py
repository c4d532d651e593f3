"""The map over time: live, paused, at a past moment, and live again."""

import math
import re
import time
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.maps import row, shown
from tests.browser.people import People
from tests.browser.reports import send
from tests.browser.watched import until
from tests.e2e.client import Api, Mesh
from tests.e2e.documents import two_processes


@pytest.fixture(scope="module")
def probe(mesh: Mesh, people: People) -> Api:
    """Reports to an organization of its own."""
    made = people.organization("times").post("/api/users/tokens", {"name": "probe", "kind": "probe"}).json()
    return mesh.anybody().bearer(made["token"]).with_headers(x_scope_probe_id="clock")


def host(page: Page, name: str) -> None:
    """One host is there, and no other."""
    expect(page.locator("tr[data-node]").filter(has=page.get_by_role("rowheader", name=name))).to_have_count(1)
    expect(row(page, f"{name};<host>")).to_be_visible()


def test_what_was_shows_in_the_past_and_what_is_once_live(probe: Api, people: People, open_page: Open) -> None:
    send(probe, two_processes("before"))
    page = open_page("/times/map/hosts?display=table", people.administrator, timezone_id="UTC")
    host(page, "before")
    # Moments are whole seconds: between the two there is one to look at.
    moment = math.ceil(time.time())
    until(page, lambda: time.time() > moment, "the next second")
    send(probe, two_processes("after"))
    host(page, "after")
    page.keyboard.press("y")
    timeline = page.get_by_role("region", name="Timeline")
    expect(timeline.get_by_label("Moment")).to_be_visible()
    timeline.get_by_label("Exact time").fill(datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    timeline.get_by_role("button", name="Show").click()
    shown(page, "past")
    host(page, "before")
    expect(row(page, "after;<host>")).to_be_hidden()
    assert "at=20" in page.url
    timeline.get_by_role("button", name="Now").click()
    shown(page)
    host(page, "after")


def test_what_is_paused_stands_still_and_goes_on(probe: Api, people: People, open_page: Open) -> None:
    send(probe, two_processes("first"))
    page = open_page("/times/map/hosts?display=table", people.administrator)
    host(page, "first")
    page.get_by_role("button", name="Pause").click()
    send(probe, two_processes("second"))
    shown(page, "paused")
    expect(page.get_by_text(re.compile("changes? waiting"))).to_be_visible()
    host(page, "first")
    page.keyboard.press("p")
    shown(page)
    host(page, "second")
