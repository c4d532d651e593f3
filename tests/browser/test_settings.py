"""What administrators of an organization do in its settings, and everybody in their account."""

import secrets

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.people import People, Person
from tests.browser.watched import Watched, named
from tests.e2e.client import Api, Mesh, wait_for


@pytest.fixture(scope="module")
def owner(people: People) -> Person:
    """Administers the organization `set`, and nothing else."""
    people.organization("set", "The set")
    return people.member("set", "admin", "owner@example.org")


def table(page: Page, name: str) -> Locator:
    return page.get_by_role("table", name=name)


def dialog(page: Page) -> Locator:
    return page.get_by_role("dialog")


def test_somebody_is_invited_comes_gets_another_role_and_goes(owner: Person, people: People, open_page: Open) -> None:
    email = f"guest-{secrets.token_hex(3)}@example.org"
    page = open_page("/set/settings/invitations", owner)
    page.get_by_role("textbox", name="Address").fill(email)
    page.get_by_role("button", name="Invite").click()
    expect(table(page, "Open invitations")).to_contain_text(email)
    people.letters.next(email, "invites you")
    guest = people.come(email)
    [invitation] = guest.api.get("/api/users/invitations").json()["invitations"]
    assert guest.api.post(f"/api/users/invitations/{invitation['id']}/accept", {}).status == 200

    page.get_by_role("link", name="Members").click()
    row = table(page, "Members").get_by_role("row").filter(has_text=email)
    row.get_by_label(f"Role of {email}").select_option("editor")
    dialog(page).get_by_role("button", name="Make editor").click()
    expect(row.get_by_label(f"Role of {email}")).to_have_value("editor")
    assert guest.api.get("/api/users/orgs").json()["organizations"][0]["role"] == "editor"
    row.get_by_role("button", name="Remove").click()
    dialog(page).get_by_role("button", name="Remove").click()
    expect(row).to_be_hidden()

    page.get_by_role("link", name="Audit").click()
    events = table(page, "Events, the newest first")
    for words in ("invited {} as viewer", "changed the role of {} from viewer to editor", "removed {}"):
        expect(events).to_contain_text(f"{owner.email} {words.format(email)}")


def secret_of(page: Page) -> str:
    """The secret that a dialog shows; closing it, it is nowhere any more."""
    secret = dialog(page).get_by_role("figure", name="The token").locator("pre").inner_text()
    assert secret.startswith("scope_")
    dialog(page).get_by_role("button", name="I have copied it").click()
    expect(dialog(page)).to_be_hidden()
    assert secret not in page.content()
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, location.href])")
    assert secret not in kept
    return secret


def test_a_token_is_made_rotated_and_revoked(mesh: Mesh, owner: Person, open_page: Open) -> None:
    page = open_page("/set/settings/tokens", owner)
    page.get_by_role("button", name="Make a probe token").click()
    dialog(page).get_by_role("textbox", name="Name").fill("rack 9")
    dialog(page).get_by_role("button", name="Make the token").click()
    first = _probe(mesh, secret_of(page))
    assert first.post("/api/report", {}).status == 200

    tokens = table(page, "Probe tokens")
    tokens.get_by_role("button", name="Rotate rack 9").click()
    dialog(page).get_by_role("button", name="Rotate").click()
    second = _probe(mesh, secret_of(page))
    assert second.post("/api/report", {}).status == 200
    expect(tokens.get_by_text("old secret")).to_be_visible()

    tokens.get_by_role("button", name="Revoke rack 9").click()
    dialog(page).get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("There is none: no probe can report")).to_be_visible()
    for probe in (first, second):
        wait_for(lambda probe=probe: probe.post("/api/report", {}).status == 401, "the end of the token")


def _probe(mesh: Mesh, token: str) -> Api:
    return mesh.anybody().bearer(token)


def test_another_session_is_seen_and_ended(people: People, owner: Person, open_page: Open) -> None:
    other = people.come(owner.email)
    page = open_page("/account", owner)
    sessions = table(page, "Where you are signed in")
    expect(sessions.get_by_role("row").filter(has_text="this one")).to_have_count(1)
    page.get_by_role("button", name="End all others").click()
    dialog(page).get_by_role("button", name="End them").click()
    expect(sessions.get_by_role("row")).to_have_count(2)
    wait_for(lambda: other.api.get("/api/users/lookup").status == 401, "the end of the other session")


def test_who_signs_out_is_out(people: People, open_page: Open, mesh: Mesh, watched: Watched) -> None:
    person = people.member(mesh.local()["org"], "viewer")
    page = open_page("/account", person)
    page.get_by_role("button", name="Sign out", exact=True).click()
    expect(page.locator(named(page, "front"))).to_be_visible()
    expect(page.get_by_text("You were signed out")).to_be_hidden()
    wait_for(lambda: person.api.get("/api/users/lookup").status == 401, "the end of the session")
    assert watched.unexpected() == []
