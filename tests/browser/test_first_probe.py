"""From no organization to the first report of a machine, as the pages lead there."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.conftest import Open
from tests.browser.people import People
from tests.browser.watched import named
from tests.e2e.client import Mesh


@contextmanager
def ran(command: str, home: Path) -> Iterator[None]:
    """A command as it is copied into a shell, by somebody who installed the probe as the step before it says."""
    installed = home / ".scope-probe"
    installed.mkdir(parents=True)
    (installed / "bin").symlink_to(Path(sys.executable).parent)
    with (home / "log").open("wb") as log:
        shell = subprocess.Popen(
            ["sh", "-c", command],
            env={**os.environ, "HOME": str(home)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield
    finally:
        os.killpg(shell.pid, signal.SIGTERM)
        shell.wait()


def test_the_first_report_arrives_by_the_pages_own_command(
    mesh: Mesh, people: People, open_page: Open, tmp_path: Path
) -> None:
    person = people.approved("founder@example.org")
    page = open_page("/", person)
    expect(page.get_by_role("heading", name="You belong to no organization yet")).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("Fresh & new")
    page.get_by_role("textbox", name="Id").fill("fresh")
    page.get_by_role("button", name="Create the organization").click()

    expect(page.locator(named(page, "add-probe"))).to_contain_text("Add a probe to Fresh & new")
    assert page.url.endswith("/#/fresh/probes/add")
    command = page.get_by_role("figure", name="Start it")
    expect(command).to_contain_text("SCOPE_SERVICE_TOKEN=TOKEN")
    page.get_by_role("button", name="Make a token").click()
    expect(command).to_contain_text("SCOPE_SERVICE_TOKEN=scope_")
    page.wait_for_function("() => !JSON.stringify([{...localStorage}, {...sessionStorage}]).includes('scope_')")

    arrivals = page.get_by_role("region", name="New probes")
    expect(arrivals).to_contain_text("Waiting for the first report")
    state = shlex.quote(str(tmp_path / "state"))
    launch = command.locator("pre").inner_text()
    with ran(f"{launch} --no-containers --hostname=first-machine --state={state}", tmp_path / "home"):
        expect(arrivals.get_by_role("listitem").filter(has_text="first-machine")).to_be_visible()
        arrivals.get_by_role("link", name="To the map").click()
        expect(page.locator(named(page, "map"))).to_be_visible()
        page.goto(f"{mesh.url}/#/organizations")
        expect(page.get_by_role("article", name="Fresh & new")).to_contain_text("1 probe on 1 host")
        expect(page.get_by_role("article", name="Fresh & new")).to_contain_text("reporting now")


def test_who_is_invited_joins(mesh: Mesh, people: People, open_page: Open, shop: str) -> None:
    person = people.invited("shop", "editor", "joins@example.org")
    page = open_page("/", person)
    invitation = page.get_by_role("region", name="Invitation to The shop")
    expect(invitation).to_contain_text("as editor")
    invitation.get_by_role("button", name="Join The shop").click()
    # Whose only organization has something to show is shown it.
    expect(page.locator(named(page, "map"))).to_be_visible()
    page.goto(f"{mesh.url}/#/organizations")
    expect(page.get_by_role("article", name="The shop")).to_contain_text("your role: editor")
