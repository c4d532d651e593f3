"""What each role is offered, and what it hears where it goes by itself."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.maps import details, shown
from tests.browser.people import People
from tests.browser.watched import Watched

_SECTIONS = {
    "viewer": {"General", "Members", "Tokens"},
    "editor": {"General", "Members", "Tokens"},
    "admin": {"General", "Members", "Tokens", "Invitations", "Audit"},
}


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("role", list(_SECTIONS))
def test_what_is_not_allowed_is_not_offered(role: str, people: People, open_page: Open) -> None:
    person = people.member("shop", role)
    allowed = role == "admin"
    page = open_page("/organizations", person)
    card = page.get_by_role("article", name="The shop")
    expect(card.get_by_role("link", name="Map")).to_be_visible()
    expect(card.get_by_role("link", name="Add a probe")).to_have_count(int(allowed))
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)

    card.get_by_role("link", name="Settings").click()
    links = page.get_by_role("main").get_by_role("navigation").get_by_role("link")
    expect(links).to_have_count(len(_SECTIONS[role]))
    assert {link.inner_text() for link in links.all()} == _SECTIONS[role]
    links.filter(has_text="Members").click()
    expect(page.get_by_role("table", name="Members")).to_contain_text(person.email)
    expect(page.get_by_role("button", name="Remove bob@example.org")).to_have_count(int(allowed))
    expect(page.get_by_label("Role of bob@example.org")).to_have_count(int(allowed))
    links.filter(has_text="Tokens").click()
    expect(page.get_by_role("button", name="Make an API token")).to_be_visible()
    expect(page.get_by_role("button", name="Make a probe token")).to_have_count(int(allowed))


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_who_goes_where_they_may_not_hears_why_and_whom_to_ask(role: str, people: People, open_page: Open) -> None:
    person = people.member("shop", role)
    for section in ("invitations", "audit"):
        page = open_page(f"/shop/settings/{section}", person)
        expect(page.get_by_role("main")).to_contain_text("Your role does not allow this")
        expect(page.get_by_role("main")).to_contain_text(people.administrator.email)
    page = open_page("/shop/probes/add", person)
    expect(page.get_by_role("main")).to_contain_text("Tokens for probes are for administrators")
    page = open_page("/admin/people", person)
    expect(page.get_by_role("main")).to_contain_text("Only administrators of this deployment see this")


@pytest.mark.usefixtures("shop")
def test_a_viewer_is_told_that_arguments_are_left_out(people: People, open_page: Open) -> None:
    place = "/shop/map/processes?open=processes:web-1%3B1001"
    for role, visible in (("viewer", False), ("admin", True)):
        page = open_page(place, people.member("shop", role))
        shown(page)
        expect(details(page).get_by_role("heading", level=2)).to_have_text("nginx")
        expect(details(page).get_by_text("Arguments of commands")).to_have_count(int(not visible))


def test_an_organization_of_others_says_so(people: People, open_page: Open, watched: Watched) -> None:
    people.organization("closed")
    person = people.approved("stranger@example.org")
    watched.expect(r" 403$")
    for place in ("/closed/map", "/closed/settings/general", "/closed/probes/add"):
        page = open_page(place, person)
        expect(page.get_by_role("main")).to_contain_text(re.compile("You do not belong to .?closed"))
