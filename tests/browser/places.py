"""Every page that there is, as it is looked at in turn."""

import re
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.browser.shop import ORGANIZATION
from tests.browser.watched import named

_MAP = f"/{ORGANIZATION}/map"


@dataclass(frozen=True)
class Place:
    """A page.

    Attributes:
        name: of its picture.
        page: what it calls itself.
        at: what its address has after the `#`.
        shows: words that it has once everything is there.
        signed_in: whether it is the administrator's, or anybody's.
    """

    name: str
    page: str
    at: str
    shows: str = ""
    signed_in: bool = True


PLACES = (
    Place("front", "front", "/", "Send me a link", signed_in=False),
    Place("login", "login", "/login/scope_login_nonsense", "Sign in", signed_in=False),
    Place("login-spent", "login", "/login/", "does not sign you in", signed_in=False),
    Place("waiting", "waiting", "/waiting", "waits for approval", signed_in=False),
    Place("organizations", "dashboard", "/organizations", "1 probe on 1 host"),
    Place("account", "account", "/account", "Where you are signed in"),
    Place("add-probe", "add-probe", f"/{ORGANIZATION}/probes/add", "scope launch"),
    Place("map", "map", f"{_MAP}/processes", "Processes"),
    Place("map-table", "map", f"{_MAP}/containers?display=table&stopped=both", "frontend-old"),
    Place("map-details", "map", f"{_MAP}/containers?open=containers:c-frontend%3B%3Ccontainer%3E", "nginx"),
    Place("map-search", "map", f"{_MAP}/processes?q=orders&metric=process_cpu_usage_percent", "1 match"),
    *(
        Place(f"settings-{section}", "settings", f"/{ORGANIZATION}/settings/{section}", shows)
        for section, shows in (
            ("general", "The shop"),
            ("members", "bob@example.org"),
            ("invitations", "eve@example.org"),
            ("tokens", "nightly export"),
            ("audit", "token"),
        )
    ),
    *(
        Place(f"admin-{section}", "admin", f"/admin/{section}", shows)
        for section, shows in (("people", "dan@example.org"), ("organizations", "The shop"), ("audit", "token"))
    ),
    Place("admin-tools", "admin", "/admin/tools", "Which replica"),
    Place("unknown", "unknown", "/no/such/page/here", "no such page"),
)


def settle(page: Page, place: Place) -> None:
    """Waits until a page shows what it is for, and nothing is on its way."""
    main = page.locator(named(page, place.page))
    expect(main).to_be_visible()
    expect(main).to_contain_text(place.shows)
    expect(main.get_by_role("status").filter(has_text=re.compile("…$"))).to_have_count(0)
    expect(main.locator("[role=application]:not([data-at-rest])")).to_have_count(0)
