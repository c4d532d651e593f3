"""The page of telemetry lists what the packages declare."""

from pathlib import Path

from docs.tables.telemetry import PACKAGES, page

ROOT = Path(__file__).parents[3]


def test_every_package_that_measures_something_is_on_the_page() -> None:
    files = [*ROOT.glob("*/instruments.py"), *ROOT.glob("authfe/*/instruments.py")]
    assert {".".join(file.parent.relative_to(ROOT).parts) for file in files} == set(PACKAGES)


def test_the_page_lists_instruments_and_spans() -> None:
    lines = page().splitlines()
    refused = next(line for line in lines if "`scope_reports_refused`" in line)
    assert refused.startswith("| `scope_reports_refused` | counter | `{report}` | `reason` | collection |")
    assert any(line.startswith("| `report append` | `error.type` | collection |") for line in lines)
