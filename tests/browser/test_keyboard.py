"""From the front page to a node's details without a mouse."""

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.maps import details, shown, tab_to
from tests.browser.people import People
from tests.browser.watched import named
from tests.e2e.client import Mesh


def press(page: Page, role: str, name: str) -> None:
    """Goes to something by Tab and presses Enter on it."""
    tab_to(page, page.get_by_role(role, name=name, exact=True))
    page.keyboard.press("Enter")


def test_from_the_front_page_to_details(mesh: Mesh, people: People, shop: str, open_page: Open) -> None:
    assert shop
    email = people.member("shop", "viewer").email
    page = open_page("/")
    tab_to(page, page.get_by_label("Your e-mail address"))
    page.keyboard.type(email)
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_contain_text("is on its way")
    page.goto(f"{mesh.url}/#/login/{people.letters.secret(email)}")
    press(page, "button", "Sign in")

    # Their only organization is shown at once.
    expect(page.locator(named(page, "map"))).to_be_visible()
    press(page, "link", "Scope")
    press(page, "link", "Map of The shop")
    shown(page)
    tab_to(page, page.locator('[data-topology="hosts"]'))
    page.keyboard.press("Enter")
    tab_to(page, page.get_by_role("application"))
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Enter")
    heading = details(page).get_by_role("heading", level=2)
    expect(heading).not_to_be_empty()
    press(page, "button", "Close")
    expect(details(page)).to_be_hidden()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
