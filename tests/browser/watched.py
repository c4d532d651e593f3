"""Pages on which nothing goes wrong unseen."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, ConsoleMessage, Dialog, Error, Page, Request, Response

from tests.browser.chromium import PATIENCE

#: Whoever comes asks who they are, and hears that nobody is signed in.
_USUAL = (r"GET \S+/api/users/lookup 401",)
#: The browser's own words about a response; the response itself is looked at.
_ABOUT_RESPONSES = "Failed to load resource"


@dataclass
class Watched:
    """What went wrong on the pages of some contexts: errors in the console, uncaught ones, refusals, dialogs.

    Attributes:
        wrong: each, in words.
        expected: patterns of what a test expects, as `POST \\S+/api/users/login 401`.
    """

    wrong: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=lambda: list(_USUAL))

    def add(self, context: BrowserContext) -> BrowserContext:
        """Looks at all pages that the context has and will have."""
        context.set_default_timeout(PATIENCE)
        context.on("console", self._said)
        context.on("weberror", lambda error: self._page_error(error.error))
        context.on("response", self._answered)
        context.on("requestfailed", self._failed)
        context.on("page", lambda page: page.on("dialog", self._asked))
        return context

    def expect(self, *patterns: str) -> None:
        """A test says what goes wrong on purpose."""
        self.expected += patterns

    def unexpected(self) -> list[str]:
        """What no test expected."""
        return [one for one in self.wrong if not any(re.search(pattern, one) for pattern in self.expected)]

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_ABOUT_RESPONSES):
            self.wrong.append(f"console: {message.text}")

    def _page_error(self, error: Error) -> None:
        self.wrong.append(f"uncaught: {error.stack or error.message}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.wrong.append(f"{response.request.method} {response.url} {response.status}")

    def _failed(self, request: Request) -> None:
        # Whoever leaves a page, or is no longer interested, aborts what is under way.
        if request.failure != "net::ERR_ABORTED":
            self.wrong.append(f"{request.method} {request.url} {request.failure}")

    def _asked(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()


def named(page: Page, name: str) -> str:
    """The selector of a page of the client, by what it calls itself."""
    return f'main[data-page="{name}"]'


def until(page: Page, holds: Callable[[], object], what: str) -> None:
    """Waits for something beside the page, while which the page goes on."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not come within {PATIENCE} ms"
        page.wait_for_timeout(50)
