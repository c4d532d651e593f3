"""Pictures of every page, in light and dark: `python -m tests.browser.screenshots` writes them into docs/screenshots/.

They are of a mesh of its own, whose organization is the shop of docs/topologies.md.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import Browser, Page, expect

from deploy.local import postgres
from deploy.local.command import free_ports
from tests.browser import acting, shop
from tests.browser.chromium import chromium
from tests.browser.people import Letters, People
from tests.browser.places import PLACES, Place, settle
from tests.browser.watched import Watched
from tests.e2e.client import ROOT, Mesh
from tests.e2e.mailbox import mail_server

_FOLDER = ROOT / "docs" / "screenshots"
_SIZE = {"width": 1280, "height": 800}
#: What can be done to a host, and what that opens.
_TERMINAL = Place("terminal", "map", f"/{shop.ORGANIZATION}/map/hosts?open=hosts:{quote(acting.HOST)}", "Scrap")


def _main() -> None:
    _FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, mail_server() as (mailbox, smtp_url):
        settings = {"SIGNUP": "approval", "SMTP_URL": smtp_url, "MAIL_FROM": "scope@example.org", **shop.KEPT}
        mesh = Mesh(Path(folder) / "data", free_ports(1)[0], PROBE="0", QUIET_AFTER="3600", **settings)
        mesh.start()
        try:
            people = People(mesh, Letters(mailbox))
            probe = shop.found(mesh, people)
            with chromium() as browser:
                for place in PLACES:
                    shop.report(mesh, probe)
                    _take(browser, mesh, people, place)
                with acting.acting(mesh, probe):
                    _take(browser, mesh, people, _TERMINAL, _open_terminal)
        finally:
            mesh.stop()
            postgres.remove(mesh.data / "postgres")


def _open_terminal(page: Page) -> None:
    page.get_by_role("button", name="Open", exact=True).click()
    expect(page.locator(".xterm-rows")).to_contain_text("$ ")
    page.keyboard.type("hello\nsize\n")
    expect(page.locator(".xterm-rows")).to_contain_text("size is")


def _nothing(_page: Page) -> None:
    pass


def _take(browser: Browser, mesh: Mesh, people: People, place: Place, do: Callable[[Page], None] = _nothing) -> None:
    watched = Watched()
    for scheme in ("light", "dark"):
        context = watched.add(browser.new_context(viewport=_SIZE, color_scheme=scheme, reduced_motion="reduce"))
        if place.signed_in:
            people.administrator.signs_in(context)
        page = context.new_page()
        page.goto(f"{mesh.url}/#{place.at}")
        settle(page, place)
        do(page)
        picture = _FOLDER / f"{place.name}-{scheme}.png"
        page.screenshot(path=picture)
        print(f"{picture.relative_to(ROOT)}  {picture.stat().st_size // 1000} kB")
        context.close()
    assert watched.unexpected() == []


if __name__ == "__main__":
    _main()
