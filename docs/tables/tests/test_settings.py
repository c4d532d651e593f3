"""The page of settings has every setting of every process, with what it means."""

import importlib
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from docs.tables.settings import GROUPS, Group, page, rows
from users.cli.keys import KeySettings
from users.cli.program import CliSettings
from users.cli.routes import RoutesSettings

ROOT = Path(__file__).parents[3]
#: What reads a part of what services are told, by the same names.
OF_OTHERS = {CliSettings, KeySettings, RoutesSettings}
VARIABLES = {name for group in GROUPS for row in rows(group) for name in row[0].split(", ")}


def classes() -> set[type[BaseSettings]]:
    """Every class of this repository that is read from the environment."""
    for file in ROOT.glob("[a-z]*/**/*.py"):
        parts = file.relative_to(ROOT).with_suffix("").parts
        if "tests" not in parts and parts[0] not in {"gen", "sdk", "probe"} and "BaseSettings" in file.read_text():
            importlib.import_module(".".join(parts))
    found: set[type[BaseSettings]] = set()
    wanted: list[type[BaseSettings]] = [BaseSettings]
    while wanted:
        one = wanted.pop()
        wanted += one.__subclasses__()
        found |= {one} if one.model_fields and is_ours(one.__module__.split(".")) else set()
    return found


def is_ours(module: list[str]) -> bool:
    """Whether it is of this repository, and of no test: packages that tests load have settings, too."""
    return (ROOT / module[0]).is_dir() and "tests" not in module


def test_every_class_of_settings_is_on_the_page() -> None:
    shown = {settings for group in GROUPS for settings in group.settings.__mro__}
    assert classes() - OF_OTHERS <= shown


@pytest.mark.parametrize("settings", sorted(OF_OTHERS, key=str))
def test_what_is_read_of_others_settings_is_on_the_page(settings: type[BaseSettings]) -> None:
    assert {f"`{name.upper()}`" for name in settings.model_fields} <= VARIABLES


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.title)
def test_every_setting_says_what_it_means(group: Group) -> None:
    assert not [row[0] for row in rows(group) if len(row[3]) < len("What it is.")]


def test_a_setting_has_its_default_its_bounds_and_its_meaning() -> None:
    text = page()
    assert (
        "\n| `QUIET_AFTER` | 10 | above 0 | A probe that was not heard of for so long is quiet: its nodes are" in text
    )
    assert "\n| `LOG_MAX_BYTES` | 268435456 (256 MiB) | at least 16777216 (16 MiB) | How many bytes" in text
    assert "\n| `SIGNUP` | `approval` | `approval`, `open`, `invite` | Whom" in text
    assert "\n| `LISTEN` | **needed** |  | Where it serves" in text
    assert "\n| `TLS_CERT`, `TLS_KEY` |  |  | Certificate" in text


def test_the_page_is_as_it_is_made() -> None:
    assert (ROOT / "docs" / "settings.md").read_text() == page(), "make gen writes it"


def test_the_page_names_no_place_of_the_machine_that_made_it() -> None:
    assert str(ROOT) not in page()
