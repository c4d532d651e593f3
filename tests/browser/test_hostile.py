"""Names that would hurt a page which takes them for more than words."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.maps import details, row, shown
from tests.browser.people import People
from tests.browser.reports import HOSTILE, LINK, MARKUP, hostile, send
from tests.e2e.client import Mesh

_ELEMENTS = "img, [onerror], [href^='javascript:' i], script:not([src])"

#: Words within others that turn the way in which those beside them run.
_TURNING = """() => [...document.querySelectorAll("body *")].filter(element => {
    const { display, unicodeBidi } = getComputedStyle(element);
    return display === "inline" && unicodeBidi === "normal" && element.textContent.includes("\\u202e");
}).map(element => element.outerHTML)"""


@pytest.fixture(scope="module")
def organization(mesh: Mesh, people: People) -> str:
    """One whose name, tokens and hosts are called what they should not be."""
    calls = people.organization("hostile", MARKUP)
    made = calls.post("/api/users/tokens", {"name": MARKUP, "kind": "probe"}).json()
    send(mesh.anybody().bearer(made["token"]), hostile())
    return "hostile"


def harmless(page: Page) -> None:
    """Nothing of it became an element, or reaches out of the window."""
    assert page.locator(_ELEMENTS).count() == 0
    assert page.evaluate(_TURNING) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url


@pytest.mark.parametrize("width", [1280, 400])
@pytest.mark.parametrize(
    "place", ["map/hosts?display=table", "map/hosts?display=graph", "settings/tokens", "settings/audit"]
)
def test_pages_show_it_as_words(place: str, width: int, organization: str, people: People, open_page: Open) -> None:
    page = open_page(f"/{organization}/{place}", people.administrator, viewport={"width": width, "height": 800})
    expect(page.get_by_role("main")).to_be_visible()
    if "map" in place:
        shown(page)
        page.get_by_role("searchbox").fill("nowhere")
        expect(page.get_by_text("1 match")).to_be_visible()
    else:
        expect(page.get_by_role("main")).to_contain_text(MARKUP)
    harmless(page)


@pytest.mark.parametrize("width", [1280, 400])
def test_details_show_it_as_words(width: int, organization: str, people: People, open_page: Open) -> None:
    size = {"width": width, "height": 800}
    page = open_page(f"/{organization}/map/hosts?display=table", people.administrator, viewport=size)
    for number, words in enumerate(HOSTILE):
        node = f"hostile-{number};<host>"
        row(page, node).get_by_role("rowheader").get_by_role("button").click()
        expect(details(page).get_by_role("heading", level=2)).to_have_text(words)
        expect(details(page)).to_contain_text(f"{LINK}//{words[:20]}")
        harmless(page)
        page.keyboard.press("Escape")


def test_lists_show_it_as_words(organization: str, people: People, open_page: Open) -> None:
    assert organization
    for place in ("/organizations", "/admin/organizations", "/account"):
        page = open_page(place, people.administrator)
        expect(page.get_by_role("main")).to_contain_text(MARKUP)
        harmless(page)
