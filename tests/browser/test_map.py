"""The map of a running machine and of the shop: found, opened, chosen and shared."""

import re
import secrets
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Open
from tests.browser.maps import details, row, shown, tab_to
from tests.browser.people import People
from tests.browser.watched import Watched
from tests.e2e.children import talking
from tests.e2e.client import Mesh, wait_for

_STEP = 16
_WRITTEN = """() => {
  let [left, right, top, bottom] = [Infinity, -1, Infinity, -1];
  for (const canvas of document.querySelectorAll("[role=application] canvas")) {
    const context = canvas.width > 1 && canvas.getContext("2d");
    const { left: x0, top: y0 } = canvas.getBoundingClientRect();
    const data = context ? context.getImageData(0, 0, canvas.width, canvas.height).data : [];
    for (let at = 3; at < data.length; at += 4) {
      if (data[at] > 0) {
        const [x, y] = [x0 + ((at - 3) / 4) % canvas.width, y0 + Math.floor((at - 3) / 4 / canvas.width)];
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      }
    }
  }
  return right < 0 ? null : [left, right, top, bottom];
}"""


def test_a_process_appears_is_found_by_keyboard_and_leaves(
    mesh: Mesh, people: People, open_page: Open, watched: Watched, tmp_path: Path
) -> None:
    watched.expect(r"GET \S+/api/topology/processes/\S+ 404$")
    page = open_page(f"/{mesh.local()['org']}/map/processes?display=table", people.administrator)
    shown(page)
    program = tmp_path / f"till-{secrets.token_hex(3)}"
    program.symlink_to(Path(sys.executable).resolve())
    with talking(program=str(program)) as (_, client, port):
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox")).to_be_focused()
        page.keyboard.type(f"pid:{client.pid}")
        found = row(page, f"{socket.gethostname()};{client.pid}")
        expect(found).to_be_visible()
        expect(page.get_by_role("status").filter(has_text="1 match")).to_be_visible()
        tab_to(page, found.get_by_role("rowheader").get_by_role("button"))
        page.keyboard.press("Enter")
        expect(details(page)).to_contain_text("socket.create_connection")
        expect(details(page)).to_contain_text(port)
        expect(details(page).get_by_role("region").first).to_be_focused()
    # What is open of it stays to be read; the table has it no more.
    expect(details(page)).to_contain_text("It is not there any more")
    expect(found).to_be_hidden()
    page.keyboard.press("Escape")
    expect(details(page)).to_be_hidden()


@pytest.mark.usefixtures("shop")
def test_search_marks_and_counts_in_every_topology(people: People, open_page: Open) -> None:
    page = open_page("/shop/map/processes?display=table", people.administrator)
    shown(page)
    box = page.get_by_role("searchbox")
    for text, ids in (
        ("orders", {"node-1;2001"}),
        ("pid:1001", {"web-1;1001"}),
        ("cpu > 1 -nginx", {"node-1;2001"}),
        ("nothing-of-the-kind", set()),
    ):
        box.fill(text)
        expect(page.get_by_text(re.compile(rf"^{len(ids)} match(es)?$"))).to_be_visible()
        expect(page.locator("tr[data-node]")).to_have_count(len(ids))
        for node in ids:
            expect(row(page, node)).to_be_visible()
    box.fill("orders")
    expect(page.locator('[data-topology="pods"]')).to_contain_text("matching: 1")
    page.locator('[data-topology="pods"]').click()
    expect(row(page, "pod-orders;<pod>")).to_be_visible()


@pytest.mark.usefixtures("shop")
def test_a_link_shows_others_the_same(mesh: Mesh, people: People, open_page: Open) -> None:
    page = open_page("/shop/map", people.administrator)
    shown(page)
    page.locator('[data-topology="containers"]').click()
    expect(page.locator('[data-topology="containers"]')).to_have_attribute("aria-current", "page")
    page.keyboard.press("t")
    expect(row(page, "c-frontend;<container>")).to_be_visible()
    expect(row(page, "c-frontend-old;<container>")).to_be_hidden()
    page.locator("select[name=stopped]").select_option("both")
    expect(row(page, "c-frontend-old;<container>")).to_be_visible()
    page.get_by_role("group", name="Metric").get_by_role("button").first.click()
    expect(page.get_by_role("group", name="Metric").get_by_role("button", pressed=True)).to_have_count(1)
    row(page, "c-frontend;<container>").get_by_role("rowheader").get_by_role("button").click()
    details(page).get_by_role("link", name="web-1").first.click()
    expect(details(page).get_by_role("heading", level=2)).to_have_text("web-1")
    page.get_by_role("searchbox").fill("front")
    page.wait_for_url(re.compile("q=front"))

    other = open_page(page.url.partition("#")[2], people.member("shop", "viewer"))
    expect(details(other).get_by_role("heading", level=2)).to_have_text("web-1")
    expect(other.get_by_role("searchbox")).to_have_value("front")
    expect(row(other, "c-frontend-old;<container>")).to_be_visible()
    expect(other.get_by_role("group", name="Metric").get_by_role("button", pressed=True)).to_have_count(1)
    expect(other.locator('[data-topology="containers"]')).to_have_attribute("aria-current", "page")


@pytest.mark.usefixtures("shop")
def test_the_graph_is_walked_and_opened_by_keys(people: People, open_page: Open) -> None:
    page = open_page("/shop/map/processes?display=graph", people.administrator)
    shown(page)
    graph = page.get_by_role("application")
    tab_to(page, graph)
    page.keyboard.press("Shift+ArrowRight")
    said = page.locator("[aria-live=polite]").filter(
        has_text=re.compile("nginx|orders|monitor|redis|agent|Internet|192")
    )
    name = said.inner_text().partition(",")[0]
    page.keyboard.press("Enter")
    expect(details(page).get_by_role("heading", level=2)).to_have_text(name)
    page.keyboard.press("Escape")
    expect(details(page)).to_be_hidden()
    expect(graph).to_be_focused()


@pytest.mark.usefixtures("shop")
def test_the_graph_is_pointed_at_and_clicked(people: People, open_page: Open) -> None:
    page = open_page("/shop/map/processes?display=graph", people.administrator)
    shown(page)
    _point_at_a_node(page)
    page.mouse.down()
    page.mouse.up()
    expect(details(page).get_by_role("heading", level=2)).not_to_be_empty()


def _point_at_a_node(page: Page) -> None:
    """Moves the mouse over the graph until it is on something."""
    box = page.get_by_role("application").bounding_box()
    assert box
    for top in range(_STEP, int(box["height"]), _STEP):
        for left in range(_STEP, int(box["width"]), _STEP):
            page.mouse.move(box["x"] + left, box["y"] + top)
            if page.locator("[role=application][data-pointed]").count():
                return
    raise AssertionError("there is nothing to point at")


@pytest.mark.usefixtures("shop")
def test_all_of_the_graph_is_in_sight_whatever_size_it_began_in(people: People, open_page: Open) -> None:
    size: dict[str, Any] = {"viewport": {"width": 1000, "height": 600}, "reduced_motion": "reduce"}
    usual = open_page("/shop/map/hosts?display=graph", people.administrator, **size)
    page = open_page("/shop/map/hosts?display=table", people.administrator, **size)
    shown(page)
    section = page.get_by_role("region", name="Nodes").element_handle()
    section.evaluate("element => { element.style.display = 'none' }")
    page.evaluate("new PerformanceObserver(() => { window.drawn = true }).observe({ type: 'measure' })")
    page.keyboard.press("g")
    wait_for(lambda: page.evaluate("window.drawn === true"), "the first picture")
    section.evaluate("element => { element.style.display = '' }")
    wait_for(lambda: _written(page) == _written(usual) is not None, "the same in sight as from the beginning")

    page.set_viewport_size({"width": 700, "height": 500})
    usual.set_viewport_size({"width": 700, "height": 500})
    usual.get_by_role("button", name="Show everything").click()
    expect(usual.get_by_role("application")).to_have_js_property("clientWidth", 700)
    wait_for(lambda: _written(page) == _written(usual) is not None, "all in sight in another size")


def _written(page: Page) -> list[float] | None:
    """The left, right, upper and lower end of the labels of the graph, in pixels; None where there are none."""
    found: list[float] | None = page.evaluate(_WRITTEN)
    return found


@pytest.mark.usefixtures("shop")
def test_details_leave_room_for_what_they_belong_to(people: People, open_page: Open) -> None:
    page = open_page("/shop/map/containers?display=table", people.administrator, reduced_motion="reduce")
    row(page, "c-frontend;<container>").get_by_role("rowheader").get_by_role("button").click()
    expect(details(page).get_by_role("heading", level=2)).not_to_be_empty()
    panel = details(page).bounding_box()
    columns = page.get_by_role("button", name="Columns")
    place = columns.bounding_box()
    assert panel
    assert place
    assert place["x"] + place["width"] <= panel["x"]
    columns.click()
    expect(page.get_by_role("checkbox").first).to_be_visible()
    columns.click()

    page.get_by_role("button", name="Graph").click()
    wait_for(lambda: _written(page) is not None, "the graph")
    written = _written(page)
    assert written
    assert written[1] < panel["x"]


@pytest.mark.usefixtures("shop")
def test_a_pinned_metric_stays_where_another_topology_measures_the_same(people: People, open_page: Open) -> None:
    page = open_page("/shop/map/processes?display=table", people.administrator)
    metrics = page.get_by_role("group", name="Metric")
    metrics.get_by_role("button", name="CPU").click()
    page.wait_for_url(re.compile("metric="))
    for topology in ("containers", "hosts"):
        page.locator(f'[data-topology="{topology}"]').click()
        expect(page.locator(f'[data-topology="{topology}"]')).to_have_attribute("aria-current", "page")
        expect(metrics.get_by_role("button", pressed=True)).to_have_text("CPU")


@pytest.mark.usefixtures("shop")
def test_a_browser_that_does_not_draw_shows_the_table(
    mesh: Mesh, people: People, new_context: Callable[..., BrowserContext]
) -> None:
    context = new_context(people.administrator)
    context.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page = context.new_page()
    page.goto(f"{mesh.url}/#/shop/map/hosts?display=graph")
    expect(row(page, "web-1;<host>")).to_be_visible()
