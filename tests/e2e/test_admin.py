"""What administrators of a deployment look at: the page of tools, a Grafana behind it, and who holds what."""

import asyncio
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error

from authfe.tests.sockets import HANDSHAKE
from authfe.tests.upstream import SAID, Upstream, upstream
from deploy.local import postgres
from deploy.local.command import free_ports
from scope_sdk import Controls, Ended, Pipe, Terminal, Topology, attach
from tests.browser.chromium import chromium
from tests.e2e.client import Api, Mesh, wait_for
from tests.e2e.people import signed_in
from tests.e2e.test_controls import opened, person, program

ROUTES = "/api/users/admin/routes"
DASHBOARD = "/admin/grafana/d/probes"
PLACES = ("/admin", "/api/users/admin/tools", ROUTES, DASHBOARD)
HTML = "text/html,application/xhtml+xml"


@pytest.fixture(scope="module")
def grafana() -> Iterator[Upstream]:
    with upstream() as found:
        yield found


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, grafana: Upstream) -> Iterator[Mesh]:
    """Two replicas of everything, before a Grafana."""
    mesh = Mesh(
        tmp_path_factory.mktemp("administered") / "data",
        free_ports(1)[0],
        REPLICAS="2",
        PROBE="0",
        GRAFANA_ADDRESS=grafana.address,
        ADMIN_LINKS="Mail <here>=https://mail.example/?a=1&b=2",
        SIGNUP="open",
    )
    mesh.start()
    yield mesh
    assert mesh.stop() == 0
    postgres.remove(mesh.data / "postgres")


@pytest.fixture(scope="module")
def admin(deployment: Mesh) -> Api:
    return signed_in(deployment)


@pytest.fixture(scope="module")
def nobody_special(deployment: Mesh) -> Api:
    """Somebody who has an organization of their own."""
    made = deployment.command_line("scope-users", "create-organization", "other", "--admin", "bob@example.org")
    assert made.returncode == 0, made
    return signed_in(deployment, "bob@example.org")


@pytest.mark.parametrize("place", PLACES)
def test_administrators_get_there_and_nobody_else(
    deployment: Mesh, admin: Api, nobody_special: Api, grafana: Upstream, place: str
) -> None:
    assert admin.get(place).status == 200
    grafana.told.clear()
    # An administrator's token that was stolen is no way to the tools.
    for whose, status, reason in (
        (deployment.anybody(), 401, "CREDENTIAL_INVALID"),
        (nobody_special, 403, "PERMISSION_DENIED"),
        (deployment.api(), 403, "PERMISSION_DENIED"),
    ):
        answer = whose.get(place)
        assert (answer.status, answer.json()["details"][0]["reason"]) == (status, reason)
    assert grafana.told == []


@pytest.mark.parametrize("place", ["/admin", DASHBOARD])
def test_browsers_are_told_as_people_are(deployment: Mesh, nobody_special: Api, place: str) -> None:
    for whose, status, words in (
        (deployment.anybody(), 401, 'href="/#/admin/tools"'),
        (nobody_special, 403, "Only administrators"),
    ):
        answer = whose.with_headers(accept=HTML).get(place)
        assert (answer.status, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert words in answer.body.decode()


def test_the_page_links_the_tools_by_what_they_are_called(admin: Api) -> None:
    answer = admin.with_headers(accept=HTML).get("/admin")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert answer.headers["cache-control"] == "no-store"
    html = answer.body.decode()
    for link in (
        '<a href="/admin/grafana/">Grafana</a>',
        '<a href="https://mail.example/?a=1&amp;b=2">Mail &lt;here&gt;</a>',
        '<a href="/#/admin/people">',
    ):
        assert link in html
    assert admin.get("/api/users/admin/tools").json()["tools"] == [
        {"name": "Grafana", "url": "/admin/grafana/"},
        {"name": "Mail <here>", "url": "https://mail.example/?a=1&b=2"},
    ]


def test_grafana_learns_nothing_of_who_asks(admin: Api, grafana: Upstream) -> None:
    grafana.told.clear()
    assert admin.get(DASHBOARD).body == SAID
    (told,) = grafana.told
    assert told.path == DASHBOARD
    assert not {"cookie", "authorization"} & set(told.headers)
    assert not [name for name in told.headers if name.startswith("x-scope-")]
    assert "eyJ" not in json.dumps(told.headers)  # as tokens begin


def test_no_other_sites_page_acts_on_grafana(deployment: Mesh, admin: Api, grafana: Upstream) -> None:
    grafana.told.clear()
    foreign = admin.with_headers(origin="https://elsewhere.example")
    assert foreign.post("/admin/grafana/api/dashboards/db", {}).json()["details"][0]["reason"] == "FOREIGN_ORIGIN"
    live = "/admin/grafana/api/live/ws"
    assert foreign.with_headers(**HANDSHAKE).get(live).status == 403
    assert grafana.told == []
    assert admin.with_headers(**HANDSHAKE, origin=deployment.url).get(live).status == 101
    assert admin.with_headers(origin=deployment.url).post("/admin/grafana/api/dashboards/db", {}).status == 200


def test_a_script_in_a_page_of_grafana_reaches_grafana_alone(deployment: Mesh, admin: Api) -> None:
    name, _, value = admin.headers["cookie"].partition("=")
    fetched = "async place => (await fetch(place)).status"
    with chromium() as browser:
        page = browser.new_page()
        page.context.add_cookies([{"name": name, "value": value, "url": deployment.url}])
        answer = page.goto(deployment.url + DASHBOARD)
        assert answer
        assert answer.status == 200
        assert page.evaluate(fetched, "/admin/grafana/api/search") == 200
        for place in ("/api/users/me", "/admin", "/admin/grafana/../../api/users/me"):
            with pytest.raises(Error, match="Failed to fetch"):
                page.evaluate(fetched, place)
        with page.expect_popup() as opened_page:
            page.evaluate("window.ours = open('/admin'); undefined")
        opened_page.value.wait_for_load_state()
        assert page.evaluate("ours.closed")


def routes(whose: Api, search: str) -> list[dict[str, Any]]:
    answer = whose.get(f"{ROUTES}?search={search}")
    assert answer.status == 200, answer
    found: list[dict[str, Any]] = answer.json()["routes"]
    return found


def by_command(mesh: Mesh, *arguments: str) -> dict[str, Any]:
    printed = mesh.command_line("scope-users", "routes", "--output", "json", *arguments)
    assert printed.returncode == 0, printed
    said: dict[str, Any] = json.loads(printed.stdout)
    return said


@pytest.mark.timeout(600)
async def test_who_looks_for_a_terminal_finds_the_replicas_that_hold_it(deployment: Mesh, admin: Api) -> None:
    controls = Controls()

    async def wait(pipe: Pipe) -> Ended:
        await pipe.read()
        return Ended(0)

    @controls.control("shell", topology=Topology.TOPOLOGY_HOST)
    async def open_shell(node_id: str) -> Terminal:
        return Terminal(wait)

    async with program(deployment, controls, "sought"):
        pipe = await opened(deployment, "sought", "shell")
        async with attach(person(deployment), pipe) as user:
            await asyncio.to_thread(wait_for, lambda: len(routes(admin, pipe)) == 2, "both ends are held")
            said = await asyncio.to_thread(by_command, deployment, "--search", pipe)
            assert {(one["organization"], one["probeId"], one["end"]) for one in said["routes"]} == {
                ("local", "sought", "probe"),
                ("local", "sought", "user"),
            }
            assert [(one["service"], one["name"] != "") for one in said["replicas"]] == [
                *[("control", True)] * 2,
                *[("pipe", True)] * 2,
            ]
            assert {one["listen"] for one in said["routes"]} <= {
                one["listen"] for one in said["replicas"] if one["service"] == "pipe"
            }
            html = (await asyncio.to_thread(admin.get, f"/admin?search={pipe}")).body.decode()
            assert html.count(f"<td>{pipe}</td>") == 2
            printed = await asyncio.to_thread(deployment.command_line, "scope-users", "routes", "--search", "sought")
            assert printed.stdout.count("sought") == 3
            user.finish()
        gone = await asyncio.to_thread(wait_for, lambda: not routes(admin, pipe), "nobody holds the pipe")
        assert gone


@pytest.mark.timeout(600)
async def test_a_probe_whose_replica_is_killed_is_found_at_the_other(deployment: Mesh, admin: Api) -> None:
    def held() -> dict[str, Any] | None:
        found = routes(admin, "moving")
        return found[0] if len(found) == 1 else None

    async with program(deployment, Controls(), "moving"):
        first = await asyncio.to_thread(wait_for, held, "the probe is held")
        assert (first["service"], first["organization"], first["pipeId"]) == ("control", "local", "")
        port = first["listen"].rpartition(":")[2]
        pids = [process["pid"] for process in deployment.processes("control") if listens(process["pid"], port)]
        os.kill(*pids, signal.SIGSTOP)
        try:
            answered = (await asyncio.to_thread(admin.get, ROUTES)).json()["replicas"]
            assert [one["service"] for one in answered] == ["control", "pipe", "pipe"]
        finally:
            os.kill(*pids, signal.SIGCONT)
        os.kill(*pids, signal.SIGKILL)
        await asyncio.to_thread(
            wait_for, lambda: (found := held()) and found["since"] > first["since"], "the probe is held anew"
        )


def listens(pid: int, port: str) -> bool:
    """Whether that is the process that was told to serve there."""
    told = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return any(one.startswith(b"LISTEN=") and one.endswith(f":{port}".encode()) for one in told)


def test_without_the_service_the_command_says_what_to_do(deployment: Mesh, tmp_path: Path) -> None:
    printed = deployment.command_line("scope-users", "routes", "--data", str(tmp_path))
    assert printed.returncode == 1
    assert "USERS_ADDRESS and MESH_KEY_FILE" in printed.stderr
