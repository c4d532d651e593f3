"""What the page must not do."""

import re

from authfe.tests.conftest import STATIC


def test_it_stays_small() -> None:
    lines = [line for path in STATIC.iterdir() for line in path.read_text().splitlines()]
    assert len(lines) < 200
    assert max(map(len, lines)) <= 120


def test_what_the_service_says_never_becomes_markup() -> None:
    markup = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|createContextualFragment|srcdoc"
    assert not re.search(markup, (STATIC / "app.js").read_text())


def test_it_needs_nothing_that_its_policy_forbids() -> None:
    page = (STATIC / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|https?:", page)
