"""What people do to nodes, and the terminals that this opens."""

import os
import signal
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.acting import HOST, acting
from tests.browser.axe import problems
from tests.browser.conftest import Open
from tests.browser.maps import details, tab_to
from tests.browser.people import People
from tests.browser.watched import Watched, named, until
from tests.e2e.client import Mesh

_PLACE = f"/workshop/map/hosts?display=table&open=hosts:{quote(HOST)}"
#: While what serves terminals is away.
_AWAY = (r"WebSocket connection to", r"/api/pipe/\S+ 50\d", r"/check net::")
_PASTE = """text => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}"""


@pytest.fixture(scope="module")
def workshop(mesh: Mesh, people: People) -> Iterator[None]:
    """An organization with a program that lets people act on its host."""
    organization = people.organization("workshop")
    token = organization.post("/api/users/tokens", {"name": "workshop", "kind": "probe"}).json()["token"]
    with acting(mesh, token):
        yield


pytestmark = pytest.mark.usefixtures("workshop")


def control(page: Page, name: str) -> Locator:
    """The button of a control in the details."""
    return details(page).get_by_role("group", name="Controls").get_by_role("button", name=name, exact=True)


def screen(page: Page) -> Locator:
    """What the terminal in sight shows."""
    return page.locator(".xterm-rows:visible")


def opened(page: Page) -> Page:
    """Opens a terminal in the details that are open."""
    control(page, "Open").click()
    expect(screen(page)).to_contain_text("$ ")
    return page


def typed(page: Page, line: str, answer: str) -> None:
    """Types a line where the focus is, and waits for its answer."""
    page.keyboard.type(line)
    page.keyboard.press("Enter")
    expect(screen(page)).to_contain_text(answer)


def lines(page: Page) -> int:
    """How many lines the terminal in sight has."""
    return screen(page).locator("> div").count()


def fits(page: Page) -> bool:
    """Whether the other end says that the terminal has as many lines as it shows."""
    said = screen(page).inner_text().count("size is ")
    page.keyboard.type("size\n")
    until(page, lambda: screen(page).inner_text().count("size is ") > said, "the size")
    return screen(page).inner_text().rpartition("size is ")[2].split()[0].endswith(f"x{lines(page)}")


def test_controls_say_what_came_of_them(people: People, open_page: Open, watched: Watched) -> None:
    watched.expect(r"POST \S+/api/control/\S+ 409")
    page = open_page(_PLACE, people.administrator)
    expect(details(page).get_by_role("group", name="Controls").get_by_role("button")).to_have_text(
        ["Open", "Log", "Paint", "Lift", "Scrap"]
    )
    control(page, "Lift").click()
    expect(details(page).get_by_role("alert")).to_contain_text("it is <b>too heavy</b>")
    control(page, "Paint").click()
    asked = page.get_by_role("dialog", name="Paint")
    expect(asked.get_by_label("colour")).to_have_value("blue")
    asked.get_by_label("colour").select_option("red")
    asked.get_by_role("button", name="Paint").click()
    expect(details(page)).to_contain_text("red, 2 times")
    assert problems(page) == []


def test_what_is_removed_closes_its_details(people: People, open_page: Open) -> None:
    page = open_page(_PLACE, people.administrator)
    control(page, "Scrap").click()
    asked = page.get_by_role("dialog", name="Scrap")
    expect(asked).to_contain_text("For good?")
    asked.get_by_role("button", name="Scrap").click()
    expect(details(page).get_by_role("status")).to_contain_text("workshop was removed")
    expect(details(page).get_by_role("heading")).to_have_count(0)


def test_what_one_may_not_do_is_not_there(people: People, open_page: Open) -> None:
    page = open_page(_PLACE, people.member("workshop", "viewer"))
    expect(control(page, "Log")).to_be_visible()
    expect(control(page, "Open")).to_have_count(0)
    expect(control(page, "Paint")).to_have_count(0)


def test_a_terminal_is_typed_in_resized_and_closed(people: People, open_page: Open) -> None:
    page = opened(open_page(_PLACE, people.administrator, reduced_motion="reduce"))
    typed(page, "hello", "heard hello")
    typed(page, "size", "size is ")
    edge = page.get_by_role("separator", name="Height of the terminals")
    edge.focus()
    before = lines(page)
    for _ in range(4):
        page.keyboard.press("ArrowUp")
    until(page, lambda: lines(page) > before, "more lines")
    page.locator(".xterm-helper-textarea").focus()
    until(page, lambda: fits(page), "the new size")  # which the other end learns of beside what is typed
    page.evaluate(_PASTE, "x" * 1_000_000 + "\r")
    typed(page, "count", "count is 1000")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert problems(page) == []
    page.set_viewport_size({"width": 400, "height": 800})
    assert problems(page) == []
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("region", name="Terminals").get_by_role("button", name="Close").click()
    expect(page.get_by_role("region", name="Terminals")).to_have_count(0)


def test_a_terminal_goes_on_whatever_dies_and_says_how_it_ended(
    mesh: Mesh, people: People, open_page: Open, watched: Watched
) -> None:
    watched.expect(*_AWAY)
    page = opened(open_page(_PLACE, people.administrator))
    for name in ("sockets", "pipe"):
        typed(page, f"before-{name}", f"heard before-{name}")
        for process in mesh.processes(name):
            os.kill(process["pid"], signal.SIGKILL)
        typed(page, f"after-{name}", f"heard after-{name}")
    typed(page, "exit 3", "exit 3")
    terminals = page.get_by_role("region", name="Terminals")
    expect(terminals.get_by_role("status")).to_have_text("Ended: exit status 3")
    terminals.get_by_role("button", name="Open again").click()
    expect(terminals.get_by_role("status")).to_be_empty()
    typed(page, "again", "heard again")


def test_what_is_only_read_is_text(people: People, open_page: Open) -> None:
    page = open_page(_PLACE, people.administrator)
    control(page, "Log").click()
    expect(screen(page).locator("> div").nth(1)).to_have_text("second line")
    expect(page.get_by_role("region", name="Terminals").get_by_role("status")).to_contain_text("that was all")


def test_a_terminal_goes_on_where_the_page_is_loaded_again_and_in_a_window_of_its_own(
    people: People, open_page: Open
) -> None:
    page = opened(open_page(_PLACE, people.administrator))
    typed(page, "one", "heard one")
    page.reload()
    expect(screen(page)).to_contain_text("heard one")
    page.locator(".xterm-helper-textarea").focus()
    typed(page, "two", "heard two")
    with page.context.expect_page() as windows:
        page.get_by_role("button", name="Own window").click()
    own = windows.value
    expect(own.locator(named(own, "terminal"))).to_be_visible()
    expect(screen(own)).to_contain_text("heard two")
    expect(page.get_by_role("region", name="Terminals")).to_have_count(0)
    typed(own, "three", "heard three")
    assert problems(own) == []
    typed(own, "exit 0", "exit 0")
    own.get_by_role("button", name="Open again").click()
    expect(own.get_by_role("status")).to_be_empty()
    typed(own, "four", "heard four")
    own.get_by_role("button", name="Close").click()
    until(page, own.is_closed, "the window closed")


def test_the_keyboard_comes_into_a_terminal_and_out_of_it(people: People, open_page: Open) -> None:
    page = open_page(_PLACE, people.administrator)
    tab_to(page, control(page, "Open"))
    page.keyboard.press("Enter")
    expect(screen(page)).to_contain_text("$ ")
    expect(page.get_by_role("textbox", name="Terminal input")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(page.get_by_role("textbox", name="Terminal input")).to_be_focused()
    page.keyboard.press("Control+Shift+KeyL")
    expect(page.get_by_role("tab", name="workshop · Open")).to_be_focused()
    tab_to(page, page.get_by_role("textbox", name="Terminal input"))
    page.keyboard.press("Control+Shift+KeyL")
    tab_to(page, page.get_by_role("region", name="Terminals").get_by_role("button", name="Close"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Terminals")).to_have_count(0)


def test_links_lead_out_without_telling_where_from(people: People, open_page: Open) -> None:
    page = opened(open_page(_PLACE, people.administrator))
    page.evaluate("window.open = (...asked) => { window.asked = asked; return null; }")
    box = screen(page).locator("> div").first.get_by_text("https").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 5)
    page.mouse.click(box["x"] + box["width"] - 20, box["y"] + 5)
    until(page, lambda: page.evaluate("window.asked"), "the link followed")
    assert page.evaluate("window.asked") == ["https://example.org/manual", "_blank", "noopener,noreferrer"]
