"""What administrators of the deployment do about people and organizations."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import problems
from tests.browser.conftest import Open
from tests.browser.maps import shown
from tests.browser.people import People
from tests.browser.watched import Watched, named
from tests.e2e.client import Mesh, wait_for


def find(page: Page, text: str) -> None:
    """Searches the section that is open."""
    box = page.get_by_role("form", name="Search")
    box.get_by_role("searchbox").fill(text)
    box.get_by_role("button", name="Search").click()


def test_somebody_is_disabled_with_a_reason_and_enabled(people: People, open_page: Open) -> None:
    person = people.approved("wayward@example.org")
    page = open_page("/admin/people", people.administrator)
    find(page, person.email)
    row = page.get_by_role("table", name="People").get_by_role("row").filter(has_text=person.email)
    row.get_by_role("button", name="Disable").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Reason").fill("left in May")
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(row).to_contain_text("left in May")
    wait_for(lambda: person.api.get("/api/users/lookup").status == 401, "the end of the session")
    row.get_by_role("button", name="Enable").click()
    expect(row.get_by_role("button", name="Disable")).to_be_visible()
    assert people.come(person.email).api.get("/api/users/lookup").status == 200


@pytest.mark.usefixtures("shop")
def test_an_organization_is_refused_and_no_longer(people: People, open_page: Open, watched: Watched) -> None:
    watched.expect(r" 403$")
    people.organization("unpaid", "Unpaid")
    member = people.member("unpaid", "viewer")
    page = open_page("/admin/organizations", people.administrator)
    find(page, "unpaid")
    row = page.get_by_role("table", name="Organizations").get_by_role("row").filter(has_text="Unpaid")
    row.get_by_role("button", name="Refuse").click()
    dialog = page.get_by_role("dialog")
    for box in dialog.get_by_role("checkbox").all():
        box.check()
    dialog.get_by_role("textbox").fill("the bill of May is not paid")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("the bill of May is not paid")
    seen = open_page("/organizations", member)
    expect(seen.get_by_role("article", name="Unpaid")).to_contain_text("the bill of May is not paid")
    seen.get_by_role("link", name="Map of Unpaid").click()
    expect(seen.locator(named(seen, "map"))).to_contain_text("the bill of May is not paid")

    row.get_by_role("button", name="Refuse").click()
    for box in dialog.get_by_role("checkbox").all():
        box.uncheck()
    dialog.get_by_role("button", name="Save").click()
    expect(row).not_to_contain_text("the bill of May is not paid")
    wait_for(lambda: member.within("unpaid").get("/api/topology").status == 200, "the end of the refusal")
    seen.reload()
    shown(seen)


def test_acting_as_somebody_shows_what_they_see_and_ends(people: People, open_page: Open) -> None:
    people.organization("theirs", "Theirs alone")
    person = people.member("theirs", "viewer", "watched@example.org")
    page = open_page("/admin/people", people.come(people.administrator.email))
    find(page, person.email)
    page.get_by_role("button", name=f"Act as: {person.email}").click()
    page.get_by_role("dialog").get_by_role("textbox", name="Reason").fill("sees no hosts")
    page.get_by_role("dialog").get_by_role("button", name="Act as them").click()

    banner = page.get_by_role("complementary", name="Acting as somebody else")
    expect(banner).to_contain_text(f"you act as {person.email}")
    expect(page.locator(named(page, "dashboard"))).to_contain_text("Theirs alone")
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    page.get_by_role("article").get_by_role("link", name="Settings").click()
    expect(banner).to_be_visible()
    expect(page.get_by_text("in whose name").or_(page.get_by_role("heading", name="General"))).to_be_visible()

    banner.get_by_role("button", name="End").click()
    expect(banner).to_be_hidden()
    expect(page.locator(named(page, "admin"))).to_be_visible()
    page.goto(page.url.replace("people", "audit"))
    expect(page.get_by_role("table", name="Events")).to_contain_text("sees no hosts")


def test_the_tools_are_a_link_away_and_say_who_holds_which_probe(people: People, open_page: Open, mesh: Mesh) -> None:
    page = open_page("/admin/people", people.administrator)
    page.get_by_role("navigation", name="Administration").get_by_role("link", name="Tools").click()
    expect(page.get_by_role("heading", name="Tools", exact=True)).to_be_visible()
    page.get_by_role("link", name="Which replica").click()
    expect(page).to_have_url(f"{mesh.url}/admin")
    expect(page.get_by_role("region", name="Replicas").get_by_role("cell", name="control")).to_be_visible()
    routes = page.get_by_role("region", name="Routes").get_by_role("row")
    expect(routes.filter(has_text="local")).to_have_count(1)
    assert problems(page) == []
    page.get_by_role("searchbox").fill("no-such-probe")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_text("0 of 0.")).to_be_visible()
    page.get_by_role("link", name="People to approve").click()
    expect(page.get_by_role("table", name="People")).to_be_visible()


def test_whoever_may_not_see_the_tools_is_led_to_where_they_may_go(
    people: People, open_page: Open, mesh: Mesh, watched: Watched
) -> None:
    watched.expect(r" 40[13]$")
    page = open_page("/")
    page.goto(f"{mesh.url}/admin/")
    expect(page.get_by_role("heading", name="Sign in to see this page")).to_be_visible()
    assert problems(page) == []
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_text("Sign in to see this page")).to_be_visible()
    people.administrator.signs_in(page.context)
    page.reload()
    expect(page.get_by_role("heading", name="Tools", exact=True)).to_be_visible()

    page = open_page("/", people.approved("curious@example.org"))
    page.goto(f"{mesh.url}/admin/")
    expect(page.get_by_role("heading", name="Only administrators")).to_be_visible()
    page.get_by_role("link", name="To the start page").click()
    expect(page).to_have_url(f"{mesh.url}/#/")
