"""What breaks off while somebody looks: a service, the edge, their session."""

import os
import signal

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.maps import row, shown
from tests.browser.people import People
from tests.browser.watched import Watched, named
from tests.e2e.client import Mesh

#: Three times as long as a page may take to notice.
_NOTICED = 30_000


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("process", ["query", "envoy"])
def test_a_lost_connection_is_said_and_comes_back(
    process: str, mesh: Mesh, people: People, open_page: Open, watched: Watched
) -> None:
    watched.expect(r" 50[0-9]$", "net::ERR_")
    page = open_page("/shop/map/hosts?display=table", people.administrator)
    shown(page)
    before = sorted(one.get_attribute("data-node") or "" for one in page.locator("tr[data-node]").all())
    for one in mesh.processes(process):
        os.kill(one["pid"], signal.SIGKILL)
    shown(page, "reconnecting")
    # What was seen last stays in sight meanwhile.
    expect(row(page, "web-1;<host>")).to_be_visible()
    shown(page)
    assert sorted(one.get_attribute("data-node") or "" for one in page.locator("tr[data-node]").all()) == before


def test_who_is_signed_out_elsewhere_is_told_at_once(
    mesh: Mesh, people: People, open_page: Open, watched: Watched
) -> None:
    watched.expect(r" 401$")
    person = people.member(mesh.local()["org"], "viewer")
    page = open_page(f"/{mesh.local()['org']}/map/hosts", person)
    shown(page)
    other = people.come(person.email)
    assert other.api.post("/api/users/logout/all", {"keepCurrent": True}).status == 200
    front = page.locator(named(page, "front"))
    expect(front.get_by_text("You were signed out")).to_be_visible(timeout=_NOTICED)
    expect(front).to_contain_text("Sign in again, and you are back where you were")
