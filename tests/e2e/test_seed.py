"""From signing up to the first host on the map, as somebody goes it who is new to a deployment that approves people."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import postgres
from deploy.local.command import free_ports
from tests.e2e.client import Api, Mesh, wait_for
from tests.e2e.mailbox import Mailbox, body, link_secret, mail_server
from tests.e2e.people import signed_in, signed_in_by

NEWCOMER = "nora@new.example"


@pytest.fixture
def approving(tmp_path: Path) -> Iterator[tuple[Mesh, Mailbox]]:
    with mail_server() as (mailbox, url):
        settings = {"PROBE": "0", "SIGNUP": "approval", "SMTP_URL": url, "MAIL_FROM": "scope@new.example"}
        mesh = Mesh(tmp_path / "data", free_ports(1)[0], **settings)
        mesh.start()
        yield mesh, mailbox
        assert mesh.stop() == 0
        postgres.remove(mesh.data / "postgres")


def test_from_signing_up_to_the_first_host(approving: tuple[Mesh, Mailbox]) -> None:
    mesh, mailbox = approving
    asked = mesh.anybody().post("/api/users/signup", {"email": NEWCOMER.title()})
    assert (asked.status, asked.json()) == (200, {"email": NEWCOMER, "mailSent": True})
    welcome = mailbox.next()
    assert welcome["to"] == NEWCOMER
    assert "/#/login/" not in body(welcome) + body(welcome, "html")

    _approve(signed_in(mesh))
    approved = mailbox.next()
    secret = link_secret(approved)
    assert secret in body(approved, "html")

    newcomer, said = signed_in_by(mesh.anybody(), secret)
    assert said == {"email": NEWCOMER, "firstLogin": True}
    assert newcomer.get("/api/users/lookup").json().get("organizations", []) == []
    made = newcomer.post("/api/users/orgs", {"id": "Nora-1", "name": "Nora's machines"}).json()["organization"]
    assert (made["id"], made["role"]) == ("nora-1", "admin")
    token = newcomer.post("/api/users/tokens", {"name": "first", "kind": "probe"}).json()["token"]

    target = mesh.url.partition("://")[2]
    launched = mesh.command_line("scope", "launch", f"--service-token={token}", "--plaintext", "--once", target)
    assert launched.returncode == 0, launched
    host = f"{socket.gethostname()};<host>"
    wait_for(lambda: host in newcomer.nodes("hosts"), "the host on the map")
    assert host not in mesh.api().nodes("hosts")
    assert mailbox.empty()


def _approve(administrator: Api) -> None:
    waiting = wait_for(
        lambda: administrator.get("/api/users/admin/users?approved=false").json().get("people"), "the newcomer"
    )
    assert [person["email"] for person in waiting] == [NEWCOMER]
    path = f"/api/users/admin/users/{waiting[0]['id']}/approve"
    first, second = administrator.post(path, {}), administrator.post(path, {})
    assert (first.status, second.status) == (200, 200)
    assert first.json() == second.json()
