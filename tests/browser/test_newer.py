"""A newer version of the pages takes the place of the one that somebody has open."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Open
from tests.browser.maps import shown
from tests.browser.people import People
from tests.browser.watched import Watched, named

#: The script that a page begins with, as the page names it.
_ENTRY = re.compile(r"\./assets/index-([\w-]+)\.js")


def _deploy(page: Page, gone: str) -> list[str]:
    """Takes away the files with such names until the page is loaded anew; answers when it was, once it is."""
    loads: list[str] = []

    def index(route: Route) -> None:
        if route.request.is_navigation_request():
            loads.append(route.request.url)
            route.continue_()
        else:
            answer = route.fetch()
            route.fulfill(response=answer, body=_ENTRY.sub("./assets/index-newer.js", answer.text()))

    def file(route: Route) -> None:
        route.continue_() if loads else route.fulfill(status=404, json={"message": "There is no such file."})

    page.route(re.compile(r"/$"), index)
    page.route(re.compile(gone), file)
    return loads


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("gone", [r"/assets/(map-page|live-map)-.*\.js", r"/assets/map-page-.*\.css"])
def test_a_page_whose_files_are_gone_is_loaded_anew_once(
    gone: str, people: People, open_page: Open, watched: Watched
) -> None:
    watched.expect(r"/assets/\S+ 404$", "Unable to preload", "Failed to fetch dynamically", "could not be loaded")
    page = open_page("/account", people.administrator)
    expect(page.locator(named(page, "account"))).to_be_visible()
    loads = _deploy(page, gone)
    page.evaluate("location.hash = '#/shop/map/hosts'")
    shown(page)
    assert len(loads) == 1


@pytest.mark.usefixtures("shop")
def test_a_page_whose_files_stay_gone_says_so(people: People, open_page: Open, watched: Watched) -> None:
    watched.expect(r"/assets/\S+ 404$", "Failed to fetch dynamically", "could not be loaded")
    page = open_page("/account", people.administrator)
    expect(page.locator(named(page, "account"))).to_be_visible()
    loads = _deploy(page, "nothing")
    page.route(re.compile(r"/assets/dashboard-.*\.js"), lambda route: route.fulfill(status=404, json={}))
    page.evaluate("location.hash = '#/organizations'")
    problem = page.locator(named(page, "problem"))
    expect(problem).to_contain_text("There is a newer version of these pages")
    expect(problem.get_by_role("button", name="Load again")).to_be_visible()
    page.wait_for_timeout(6_000)
    assert len(loads) == 1
