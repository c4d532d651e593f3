"""The table of limits holds every limit that there is."""

import re
from types import ModuleType

import pytest

from authfe.edge import limits as edge
from collection.settings import CollectionSettings
from docs.tables.limits import page, rows
from mesh import limits as mesh
from query.settings import QuerySettings
from scope_sdk.report import limits as report
from users.settings import UsersSettings

#: In the table by another name: the mesh's (collection's tests say that it is the same), and the settings they are for.
ELSEWHERE = {
    "scope_sdk.report.limits.MESSAGE_BYTES",
    "mesh.limits.REQUESTS_PER_CREDENTIAL",
    "mesh.limits.LOG_MAX_AGE",
}
SOURCES = {limit.source for limit in rows()}


@pytest.mark.parametrize("module", [edge, mesh, report])
def test_every_constant_of_the_limits_is_in_the_table(module: ModuleType) -> None:
    assert {f"{module.__name__}.{name}" for name in vars(module) if name.isupper()} <= SOURCES | ELSEWHERE


@pytest.mark.parametrize("settings", [CollectionSettings, QuerySettings, UsersSettings])
def test_every_setting_that_bounds_something_is_in_the_table(settings: type) -> None:
    bounds = re.compile("_per_|_max_|_rate$")
    assert {name for name in settings.model_fields if bounds.search(name)} <= SOURCES


def test_the_bounds_of_pages_come_from_the_contract() -> None:
    assert "| `GetTopology`: `page_size` | 5,000 | contract | INVALID_ARGUMENT, `INVALID_FIELD`, 400;" in page()
