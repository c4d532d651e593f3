"""From the front page into an organization: by mail, with an approval, and with a link that no longer works."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.people import People
from tests.browser.watched import Watched, named
from tests.e2e.client import Mesh
from tests.e2e.mailbox import body

_REFUSED = r"POST \S+/api/users/login 401"


def ask(page: Page, email: str) -> None:
    """Types an address into the page's one field."""
    page.get_by_label("e-mail address").fill(email)
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("main").get_by_text(f"A mail to {email} is on its way")).to_be_visible()


def follow(page: Page, mesh: Mesh, secret: str) -> None:
    """Opens the link of a mail in this browser and signs in with it."""
    page.goto(f"{mesh.url}/#/login/{secret}")
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_who_comes_waits_is_approved_and_signs_in(mesh: Mesh, people: People, open_page: Open) -> None:
    email = "newcomer@example.org"
    page = open_page("/")
    expect(page.locator(named(page, "front"))).to_be_visible()
    ask(page, email)
    # There is nothing to wait for in the mail but words: the link comes with the approval.
    assert "/#/login/" not in body(people.letters.next(email))

    administration = open_page("/admin/people", people.administrator)
    waiting = administration.get_by_role("table", name="Waiting for approval")
    waiting.get_by_role("button", name=f"Approve: {email}").click()
    expect(waiting.get_by_text(email)).to_be_hidden()

    follow(page, mesh, people.letters.secret(email))
    expect(page.locator(named(page, "dashboard"))).to_be_visible()
    expect(page.get_by_role("banner")).to_contain_text(email)


def test_a_used_link_and_one_that_never_was_offer_a_new_one(
    mesh: Mesh, people: People, open_page: Open, watched: Watched
) -> None:
    person = people.member(mesh.local()["org"], "viewer")
    assert mesh.anybody().post("/api/users/signup", {"email": person.email}).status == 200
    secret = people.letters.secret(person.email)
    page = open_page(f"/login/{secret}")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(named(page, "login"))).to_be_hidden()

    watched.expect(_REFUSED)
    for spent in (secret, "scope_login_nonsense"):
        other = open_page(f"/login/{spent}")
        other.get_by_role("button", name="Sign in", exact=True).click()
        expect(other.get_by_role("heading", name="does not sign you in")).to_be_visible()
        ask(other, person.email)
        follow(other, mesh, people.letters.secret(person.email))
        expect(other.locator("main")).not_to_have_attribute("data-page", re.compile("front|login"))


def test_who_is_not_signed_in_gets_where_they_wanted_to_go(mesh: Mesh, people: People, open_page: Open) -> None:
    org = mesh.local()["org"]
    person = people.member(org, "viewer")
    page = open_page("/account")
    expect(page.locator(named(page, "front"))).to_contain_text("Sign in to see this page")
    ask(page, person.email)
    # The link is opened in a tab of its own, as mail programs do.
    tab = page.context.new_page()
    follow(tab, mesh, people.letters.secret(person.email))
    expect(tab.locator(named(tab, "account"))).to_be_visible()
    # And the tab that asked notices.
    expect(page.locator(named(page, "account"))).to_be_visible()


def test_a_link_that_one_is_led_to_signs_in_only_who_presses_the_button(
    mesh: Mesh, people: People, open_page: Open
) -> None:
    person = people.member(mesh.local()["org"], "viewer")
    assert mesh.anybody().post("/api/users/signup", {"email": person.email}).status == 200
    page = open_page(f"/login/{people.letters.secret(person.email)}")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(page.locator(named(page, "login"))).to_be_visible()
    assert page.request.get(f"{mesh.url}/api/users/lookup").status == 401
