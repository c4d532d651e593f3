"""One mesh, one browser; each test with contexts of its own, in which nothing goes wrong unseen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from deploy.local import postgres
from deploy.local.command import free_ports
from tests.browser.chromium import chromium
from tests.browser.people import Letters, People, Person
from tests.browser.shop import KEPT, found
from tests.browser.watched import Watched
from tests.e2e.client import Mesh
from tests.e2e.mailbox import Mailbox, mail_server

#: Opens a page by what its address has after the `#`, as somebody or as nobody; more goes to the context.
Open = Callable[..., Page]

# Tests in a row sign more people in than any one address would, and one of them more often.
_RATES = dict.fromkeys(("SIGN_UP_RATE", "SIGN_IN_RATE", "SIGN_IN_MAIL_RATE"), "1000 per hour")


@pytest.fixture(scope="package")
def mailbox() -> Iterator[tuple[Mailbox, str]]:
    """Where the mesh sends its mails, and the URL of its server."""
    with mail_server() as served:
        yield served


@pytest.fixture(scope="package")
def mesh(tmp_path_factory: pytest.TempPathFactory, mailbox: tuple[Mailbox, str]) -> Iterator[Mesh]:
    """A running mesh with a probe of this machine, where people wait for approval and what is reported once stays."""
    mesh = Mesh(
        tmp_path_factory.mktemp("pages") / "data",
        free_ports(1)[0],
        SIGNUP="approval",
        SMTP_URL=mailbox[1],
        MAIL_FROM="scope@example.org",
        **KEPT,
        **_RATES,
    )
    mesh.start()
    yield mesh
    assert mesh.stop() == 0
    postgres.remove(mesh.data / "postgres")


@pytest.fixture(scope="package")
def people(mesh: Mesh, mailbox: tuple[Mailbox, str]) -> People:
    """Who comes to the mesh."""
    return People(mesh, Letters(mailbox[0]))


@pytest.fixture(scope="package")
def shop(mesh: Mesh, people: People) -> str:
    """An organization that is in use; the secret of its probe token."""
    return found(mesh, people)


# The browser's loop stays set in this thread while it runs: it ends with these tests, before asynchronous ones begin.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, for all tests."""
    with chromium() as browser:
        yield browser


@pytest.fixture
def watched() -> Iterator[Watched]:
    """What went wrong on this test's pages: unexpected, it fails the test."""
    watched = Watched()
    yield watched
    assert watched.unexpected() == []


@pytest.fixture
def new_context(browser: Browser, watched: Watched) -> Iterator[Callable[..., BrowserContext]]:
    """Makes a context that is watched, of somebody or of nobody."""
    contexts: list[BrowserContext] = []

    def make(person: Person | None = None, **options: Any) -> BrowserContext:
        context = watched.add(browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options}))
        contexts.append(context)
        if person:
            person.signs_in(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def open_page(mesh: Mesh, new_context: Callable[..., BrowserContext]) -> Open:
    """Opens a page of the mesh in a context of its own."""

    def open_(place: str, person: Person | None = None, **options: Any) -> Page:
        page = new_context(person, **options).new_page()
        page.goto(f"{mesh.url}/#{place}")
        return page

    return open_
