"""What people see and do on the map."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.watched import named

_TABS = 80


def shown(page: Page, state: str = "live") -> None:
    """Waits until the map is there and its connection is as it should be."""
    expect(page.locator(named(page, "map")).locator(f'[data-connection="{state}"]')).to_be_visible()


def row(page: Page, node: str) -> Locator:
    """A node in the table, by its id."""
    return page.locator(f'tr[data-node="{node}"]')


def details(page: Page) -> Locator:
    """What is open of a node."""
    return page.get_by_role("complementary", name="Details")


def tab_to(page: Page, goal: Locator) -> None:
    """Presses Tab until something has the focus, as somebody without a mouse does."""
    expect(goal).to_be_visible()
    for _ in range(_TABS):
        if goal.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{_TABS} presses of Tab do not lead to {goal}")
