"""What people lose while they look: the service, their network, what they may, their organization."""

import os
import signal
import time
from collections import Counter

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.conftest import Open
from tests.browser.maps import shown
from tests.browser.people import People, Person
from tests.browser.watched import Watched, named
from tests.e2e.client import Api, Mesh

#: Pages notice within ten seconds; the machine may be busy besides.
_NOTICED = 20_000
#: What one tab may ask at most in a second while nobody answers.
_CALM = 3


@pytest.fixture
def owned(people: People, request: pytest.FixtureRequest) -> tuple[Api, Person]:
    """An organization of this test's own and another administrator of it."""
    id_ = f"lost-{request.node.name.split('_')[1]}"
    return people.organization(id_), people.member(id_, "admin")


def _organization(api: Api) -> str:
    return api.headers["x-scope-org"]


def _change(api: Api, person: Person, verb: str, body: object = None) -> None:
    members = api.get("/api/users/org/members").json()["members"]
    [id_] = [one["id"] for one in members if one["email"] == person.email]
    assert api.call(verb, f"/api/users/org/members/{id_}", body).status == 200


def test_role_that_is_lowered_shows_at_once(owned: tuple[Api, Person], open_page: Open, watched: Watched) -> None:
    watched.expect(r" 403$")
    api, person = owned
    org = _organization(api)
    tokens, adding = (open_page(f"/{org}/{where}", person) for where in ("settings/tokens", "probes/add"))
    expect(tokens.get_by_role("button", name="Make a probe token")).to_be_visible()
    expect(adding.get_by_role("button", name="Make a token")).to_be_visible()
    _change(api, person, "PUT", {"role": "viewer"})
    expect(adding.get_by_text("Tokens for probes are for administrators")).to_be_visible(timeout=_NOTICED)
    expect(adding.get_by_role("button", name="Make a token")).to_be_hidden()
    expect(tokens.get_by_role("button", name="Make a probe token")).to_be_hidden(timeout=_NOTICED)
    expect(tokens.get_by_role("link", name="Audit")).to_be_hidden(timeout=_NOTICED)


def test_membership_that_ends_is_said_on_each_page(
    owned: tuple[Api, Person], open_page: Open, watched: Watched
) -> None:
    watched.expect(r" 40[34]$")
    api, person = owned
    org = _organization(api)
    places = ("settings/members", "map/hosts", "probes/add")
    pages = [open_page(f"/{org}/{place}", person) for place in places]
    dashboard = open_page("/organizations", person)
    expect(dashboard.get_by_role("article", name=org)).to_be_visible()
    for page in pages:
        expect(page.get_by_role("navigation", name="Organization", exact=True)).to_be_visible()
    _change(api, person, "DELETE")
    for page in pages:
        expect(page.locator("main")).to_contain_text("You do not belong to", timeout=_NOTICED)
        expect(page.get_by_role("navigation", name="Organization", exact=True)).to_be_hidden()
    expect(dashboard.get_by_text("You belong to no organization yet")).to_be_visible(timeout=_NOTICED)


def test_deleted_organization_is_gone_from_each_page(
    owned: tuple[Api, Person], open_page: Open, watched: Watched
) -> None:
    watched.expect(r" 40[34]$")
    api, person = owned
    org = _organization(api)
    pages = [open_page(f"/{org}/{place}", person) for place in ("settings/general", "map/hosts")]
    for page in pages:
        expect(page.get_by_role("navigation", name="Organization", exact=True)).to_be_visible()
    assert api.call("DELETE", f"/api/users/org?confirm={org}").status == 200
    for page in pages:
        expect(page.locator("main")).to_contain_text("You do not belong to", timeout=_NOTICED)


def test_disabled_person_is_signed_out_of_each_page(people: People, open_page: Open, watched: Watched) -> None:
    watched.expect(r" 401$")
    person = people.approved("disabled-while-looking@example.org")
    pages = [open_page(place, person) for place in ("/organizations", "/account")]
    for page in pages:
        expect(page.get_by_role("link", name=person.email)).to_be_visible()
    api = people.administrator.api
    [found] = api.get(f"/api/users/admin/users?search={person.email}").json()["people"]
    assert api.post(f"/api/users/admin/users/{found['id']}/disable", {"reason": "gone"}).status == 200
    for page in pages:
        expect(page.locator(named(page, "front"))).to_be_visible(timeout=_NOTICED)


@pytest.mark.usefixtures("shop")
def test_offline_pages_say_so_lose_nothing_and_ask_calmly(people: People, open_page: Open, watched: Watched) -> None:
    watched.expect("net::ERR_", r" 50[0-9]$")
    asked: Counter[Page] = Counter()
    dashboard, settings, chart = (
        open_page(place, people.administrator)
        for place in ("/organizations", "/shop/settings/general", "/shop/map/hosts")
    )
    expect(dashboard.get_by_role("article", name="The shop")).to_contain_text("host")
    settings.get_by_role("textbox", name="Name").fill("The shop around the corner")
    shown(chart)
    pages = (dashboard, settings, chart)
    for page in pages:
        page.on("request", lambda request: asked.update([_page(request)]))
        page.context.set_offline(True)
    began = time.monotonic()
    card = dashboard.get_by_role("article", name="The shop")
    expect(card).to_contain_text("cannot be said just now", timeout=_NOTICED)
    expect(card).not_to_contain_text("reporting now")
    settings.get_by_role("button", name="Save").click()
    expect(settings.get_by_role("alert")).to_contain_text("does not answer")
    dashboard.wait_for_timeout(10_000)
    passed = time.monotonic() - began
    assert {page: count for page, count in asked.items() if count > _CALM * passed} == {}
    for page in pages:
        page.context.set_offline(False)
    expect(card).not_to_contain_text("cannot be said", timeout=_NOTICED)
    expect(settings.get_by_role("textbox", name="Name")).to_have_value("The shop around the corner")


def _page(request: Request) -> Page:
    return request.frame.page


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("process", ["users", "query"])
def test_frozen_service_is_said_and_what_was_typed_stays(
    process: str, mesh: Mesh, people: People, open_page: Open, watched: Watched
) -> None:
    watched.expect(r" (50[0-9]|429|401)$", "net::ERR_")
    places = ("/organizations", "/shop/settings/general")
    dashboard, settings = (open_page(place, people.administrator) for place in places)
    card = dashboard.get_by_role("article", name="The shop")
    expect(card).to_contain_text("host")
    name = settings.get_by_role("textbox", name="Name")
    name.fill("The shop around the corner")
    pids = [one["pid"] for one in mesh.processes(process)]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        expect(card).to_contain_text("cannot be said just now", timeout=60_000)
        expect(name).to_have_value("The shop around the corner")
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    expect(card).not_to_contain_text("cannot be said", timeout=60_000)
    expect(name).to_have_value("The shop around the corner")
