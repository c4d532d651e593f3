"""Each page, in light and dark, wide and narrow: for everybody, and within its window."""

import pytest
from playwright.sync_api import Page

from tests.browser.axe import problems
from tests.browser.conftest import Open
from tests.browser.people import People
from tests.browser.places import PLACES, Place, settle

_SIZES = ({"width": 1280, "height": 800}, {"width": 400, "height": 800})


@pytest.mark.usefixtures("shop")
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
def test_nothing_hinders_anybody_and_nothing_sticks_out(place: Place, people: People, open_page: Open) -> None:
    page = open_page(place.at, people.administrator if place.signed_in else None)
    settle(page, place)
    found = [f"{look}: {problem}" for look, problems in _looks(page) for problem in problems]
    assert "\n".join(found) == ""


def _looks(page: Page) -> list[tuple[str, list[str]]]:
    """What is wrong with each look of a page."""
    found = []
    for size in _SIZES:
        page.set_viewport_size(size)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found.append((f"{scheme}, {size['width']} pixels wide", [*problems(page), *_sticks_out(page)]))
    return found


def _sticks_out(page: Page) -> list[str]:
    width, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return [f"{width} pixels wide in a window of {window}"] if width > window else []
