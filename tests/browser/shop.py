"""An organization as people have it: a shop that reports, with members, an invitation and tokens."""

import json

from tests.browser.people import People
from tests.browser.reports import send
from tests.e2e.client import Mesh
from tests.e2e.shop import REPORT

ORGANIZATION = "shop"
#: What a mesh is started with so that it keeps showing what was reported once.
KEPT = {"GONE_AFTER": "3600", "SAMPLES_KEPT": "3600"}
#: Signed up, and not approved.
WAITING = "dan@example.org"


def found(mesh: Mesh, people: People) -> str:
    """Makes it, and somebody who waits for approval; answers the secret of its probe token."""
    shop = people.organization(ORGANIZATION, "The shop")
    probe = shop.post("/api/users/tokens", {"name": "rack 7", "kind": "probe"}).json()["token"]
    shop.post("/api/users/tokens", {"name": "nightly export"})
    people.member(ORGANIZATION, "editor", "bob@example.org")
    people.member(ORGANIZATION, "viewer", "cleo@example.org")
    shop.post("/api/users/org/invitations", {"email": "eve@example.org", "role": "viewer"})
    mesh.anybody().post("/api/users/signup", {"email": WAITING})
    report(mesh, probe)
    return str(probe)


def report(mesh: Mesh, probe: str) -> None:
    """Its probe says, by its token, what runs there."""
    send(mesh.anybody().bearer(probe), json.loads(REPORT.read_text()))
