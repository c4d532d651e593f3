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


def test_another_page_takes_the_focus_and_another_section_is_read_out(
    people: People, shop: str, open_page: Open
) -> None:
    assert shop
    page = open_page("/organizations", people.administrator)
    press(page, "link", "Settings of The shop")
    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_role("main", name="General · The shop")).to_be_visible()
    press(page, "link", "Members")
    expect(page.get_by_role("link", name="Members")).to_be_focused()
    expect(page.locator("[aria-live]", has_text="Members · The shop")).to_have_count(1)


def test_the_focus_is_in_what_a_dialog_asks_and_stays_near_what_is_revoked(people: People, open_page: Open) -> None:
    people.organization("focus")
    page = open_page("/focus/settings/tokens", people.administrator)
    press(page, "button", "Make a probe token …")
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type("rack 8")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copy The token")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Make a probe token …")).to_be_focused()
    page.get_by_role("row").filter(has_text="rack 8").get_by_role("button", name="Revoke").press("Enter")
    press(page, "button", "Revoke")
    expect(page.get_by_role("row").filter(has_text="rack 8")).to_have_count(0)
    expect(page.locator("main")).to_be_focused()


def test_in_a_narrow_window_all_ways_are_behind_one_button(people: People, shop: str, open_page: Open) -> None:
    assert shop
    page = open_page("/shop/settings/general", people.administrator, viewport={"width": 400, "height": 800})
    press(page, "button", "Menu")
    for way in ("Map", "Add a probe", "Administration", people.administrator.email):
        expect(page.get_by_role("link", name=way, exact=True).last).to_be_in_viewport(ratio=1)
    expect(page.get_by_role("checkbox", name="High contrast")).to_be_in_viewport(ratio=1)
    press(page, "link", "Administration")
    expect(page.locator(named(page, "admin"))).to_be_focused()
    expect(page.get_by_role("checkbox", name="High contrast")).to_be_hidden()
