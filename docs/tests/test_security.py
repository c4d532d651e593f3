"""What docs/security.md says is shown by a test is shown by a test."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1]
_SHOWN = re.compile(r"\[(test_\w+\.py)\]\(([^)]+)\)(?: \(([^)]+)\))?")


def shown() -> list[tuple[str, str]]:
    """Each file that is named as a test, with each test in it that is."""
    named = _SHOWN.findall((DOCS / "security.md").read_text())
    return [(path, test.strip("` ")) for _, path, tests in named for test in tests.split(",")]


@pytest.mark.parametrize(("path", "test"), sorted(set(shown())))
def test_every_promise_has_the_test_that_it_names(path: str, test: str) -> None:
    content = (DOCS / path).read_text()
    assert re.search(rf"(def|class) (test_)?\w*{test}", content, re.IGNORECASE)


def test_there_are_promises() -> None:
    assert len(shown()) > 50
