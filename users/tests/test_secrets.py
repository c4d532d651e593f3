"""Secrets: recognisable, one kind never another, odd input never understood."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from users import secrets
from users.secrets import Kind


@pytest.mark.parametrize("kind", Kind)
def test_a_secret_names_its_kind_and_is_found_again(kind: Kind) -> None:
    secret = secrets.generate(kind)
    assert re.fullmatch(f"scope_{kind}_[A-Za-z0-9_-]{{43}}", secret)
    found = secrets.parse(secret)
    assert found is not None
    assert found.kind == kind
    assert found.matches(secrets.digest(secret))
    assert not found.matches(secrets.digest(secrets.generate(kind)))
    assert secret.encode() not in found.digest


def test_secrets_differ() -> None:
    assert len({secrets.generate(Kind.API) for _ in range(100)}) == 100


@given(st.text())
def test_other_text_is_no_secret(text: str) -> None:
    assert secrets.parse(text) is None


@pytest.mark.parametrize("spoil", ["{} ", " {}", "{}\n", "{}A", "x{}", "{}\x00"])
def test_a_secret_is_taken_whole_or_not_at_all(spoil: str) -> None:
    assert secrets.parse(spoil.format(secrets.generate(Kind.API))) is None
