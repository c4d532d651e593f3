"""The first organization of a data folder, and another one when its tokens are lost."""

from pathlib import Path

import pytest

from deploy.local import accounts
from deploy.local.accounts import AccountsError


@pytest.fixture
def data(postgres_url: str, tmp_path: Path) -> Path:
    """A data folder whose database has its tables and nobody in them."""
    (tmp_path / "users.env").write_text(f"DATABASE_URL={postgres_url}\n")
    accounts._run(tmp_path, "migrate")
    return tmp_path


def test_lost_tokens_are_those_of_another_organization(data: Path) -> None:
    made = [accounts._new_organization(data) for _ in range(3)]
    assert [tokens["org"] for tokens in made] == ["local", "local-2", "local-3"]
    assert len({tokens["service_token"] for tokens in made}) == 3


def test_any_other_refusal_is_passed_on(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts, "ORGANIZATION", "is taken")
    with pytest.raises(AccountsError, match="must be letters"):
        accounts._new_organization(data)
