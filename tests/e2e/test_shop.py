"""What docs/topologies.md shows of the example is what is answered for it."""

from collections.abc import Iterator

import pytest

from tests.e2e import shop
from tests.e2e.client import Api


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with shop.reported(tmp_path_factory.mktemp("shop"), shop.REPORT) as mesh:
        yield mesh.api()


def test_the_page_shows_what_is_answered(api: Api) -> None:
    page = shop.PAGE.read_text()
    assert shop.answered(page, api) == page, "write it anew: python -m tests.e2e.shop"


def test_the_ids_are_those_of_the_topologies(api: Api) -> None:
    assert shop.urls(api) == shop.IDS.read_text().splitlines()


def test_every_topology_and_option_is_in_the_page(api: Api) -> None:
    page = shop.PAGE.read_text()
    for topology, _ in shop.listed(api):
        name = topology["url"].rpartition("/")[2]
        assert f"<!-- nodes {name} -->" in page
        for group in topology.get("options", []):
            for option in group["options"]:
                choice = f"{group['id']}={option['value']}"
                assert choice == f"{group['id']}={group['defaultValue']}" or choice in page, f"{name}: {choice}"
