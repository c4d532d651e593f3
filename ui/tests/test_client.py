"""The browser's client: its own tests pass, it loads quickly, and it does nothing that its policy is there to stop."""

import json
import re
from pathlib import Path

import pytest

from deploy import node, pages
from deploy.local.screen import Screen

UI = Path(__file__).parents[1]
SOURCES = [path for path in (UI / "src").rglob("*") if path.suffix in {".ts", ".tsx"} and ".test." not in path.name]


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    pages.build(Screen())


@pytest.mark.timeout(1200)
def test_its_own_tests_pass() -> None:
    node.npm(UI, "test")


def test_the_first_load_of_every_page_is_small() -> None:
    node.npm(UI, "run", "size")


def test_what_the_service_says_never_becomes_markup() -> None:
    assert SOURCES
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|createContextualFragment|srcdoc"
    assert not [path.name for path in SOURCES if re.search(markup, path.read_text())]


def test_pages_ask_only_what_the_contracts_serve() -> None:
    described = json.loads((UI.parent / "gen/openapi/openapi.json").read_text())["paths"]
    served = {f"{verb.upper()} {path}" for path, verbs in described.items() for verb in verbs}
    asked = set(re.findall(r'^  "(\w+ /api\S*)": ', (UI / "src/api/calls.ts").read_text(), re.MULTILINE))
    assert len(asked) > 40
    assert asked <= served


def test_what_pages_ask_stands_in_one_place() -> None:
    outside = [path for path in SOURCES if path.name not in {"calls.ts", "testing.ts", "testing.tsx"}]
    assert not [path.name for path in outside if re.search(r"""["'`]/api""", path.read_text())]


def test_pages_need_nothing_that_their_policy_forbids() -> None:
    page = (UI / "dist" / "index.html").read_text()
    assert re.search(r"<script[^>]* src=", page)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|https?:", page)
    scripts = (UI / "dist" / "assets").glob("*.js")
    assert not [
        path.name for path in scripts if re.search(r"new (Shared)?Worker\((URL|.data:|.blob:)", path.read_text())
    ]


def test_everything_that_is_text_is_compressed_when_it_is_built() -> None:
    plain = [path for path in (UI / "dist" / "assets").iterdir() if path.suffix in {".js", ".css", ".svg"}]
    large = [path for path in plain if path.stat().st_size > 1000]
    assert large
    for path in large:
        for ending in (".br", ".gz"):
            assert path.with_name(path.name + ending).stat().st_size < path.stat().st_size


def test_names_below_assets_change_with_what_is_in_the_file() -> None:
    assets = [path.name.removesuffix(".br").removesuffix(".gz") for path in (UI / "dist" / "assets").iterdir()]
    assert not [name for name in assets if not re.fullmatch(r".+-[\w-]{8}\.\w+", name)]
