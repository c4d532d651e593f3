"""Writes every table: `python -m docs.tables`."""

from pathlib import Path

from docs.tables import limits, settings, telemetry

#: What makes each page, by the name of its file in `docs/`.
PAGES = {"limits.md": limits.page, "settings.md": settings.page, "telemetry.md": telemetry.page}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (Path(__file__).parent.parent / name).write_text(page())
