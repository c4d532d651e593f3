"""From the front page into an organization: by mail, with an approval, and with a link that no longer works."""

import re

import psycopg
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


def sent(mesh: Mesh, people: People, email: str) -> str:
    """The secret of a new link to somebody."""
    assert mesh.anybody().post("/api/users/signup", {"email": email}).status == 200
    return people.letters.secret(email)


def used(page: Page) -> None:
    """Signs in with the link that a page has."""
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator(named(page, "login"))).to_be_hidden()


def expire(mesh: Mesh, email: str) -> None:
    """The time of all links to somebody is over."""
    lines = (mesh.data / "users.env").read_text().splitlines()
    [url] = (line.partition("=")[2] for line in lines if line.startswith("DATABASE_URL="))
    over = "UPDATE login_tokens SET expires = now() FROM users WHERE users.id = user_id AND users.email = %s"
    with psycopg.connect(url) as connection:
        assert connection.execute(over, [email]).rowcount


def test_a_link_that_does_not_work_any_more_or_never_did_offers_a_new_one(
    mesh: Mesh, people: People, open_page: Open, watched: Watched
) -> None:
    email = people.member(mesh.local()["org"], "viewer").email
    spent = sent(mesh, people, email)
    used(open_page(f"/login/{spent}"))
    late = sent(mesh, people, email)
    expire(mesh, email)

    watched.expect(_REFUSED)
    for secret in (spent, late, "scope_login_nonsense"):
        page = open_page(f"/login/{secret}")
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", name="does not sign you in")).to_be_visible()
        ask(page, email)
        follow(page, mesh, people.letters.secret(email))
        expect(page.locator("main")).not_to_have_attribute("data-page", re.compile("front|login"))


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
    page = open_page(f"/login/{sent(mesh, people, person.email)}")
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    expect(page.locator(named(page, "login"))).to_be_visible()
    assert page.request.get(f"{mesh.url}/api/users/lookup").status == 401
