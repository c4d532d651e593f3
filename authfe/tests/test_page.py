"""What the page must not do."""

import re

import pytest

from authfe.tests.conftest import STATIC

FILES = ["index.html", "app.js", "style.css"]


@pytest.mark.parametrize("name", FILES)
def test_it_stays_small(name: str) -> None:
    assert len((STATIC / name).read_text().splitlines()) < 200


def test_what_the_service_says_never_becomes_markup() -> None:
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|createContextualFragment|srcdoc"
    assert not re.search(markup, (STATIC / "app.js").read_text())


def test_it_needs_nothing_that_its_policy_forbids() -> None:
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|https?:", page)
