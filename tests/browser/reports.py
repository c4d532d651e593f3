"""Reports that tests send, by the words in them."""

from typing import Any

from tests.e2e.client import Api, wait_for

#: Would run where a page took what is reported for markup.
MARKUP = "<img src=nowhere onerror=alert(1)><script>alert(2)</script>"
LINK = "javascript:alert(3)"
#: As long as a name may be, without a place to break it.
LONG = "W" * 1024
RIGHT_TO_LEFT = "\u202eשָׁלוֹם\u202c العربية"  # noqa: RUF001 - letters of another script are the point
EMOJI = "👩🏽‍🚀" * 20
HOSTILE = (MARKUP, LINK, LONG, RIGHT_TO_LEFT, EMOJI)


def send(probe: Api, document: dict[str, Any]) -> None:
    """A probe of this token reports, instead of what it reported before."""
    wait_for(lambda: probe.post("/api/report", document).status == 200, "the report taken in")


def hostile() -> dict[str, Any]:
    """Hosts that are called, and say of themselves, what would hurt a page that believes it."""
    nodes = [_host(number, words) for number, words in enumerate(HOSTILE)]
    return {"nodes": nodes, "templates": [_TEMPLATES], "connections": _connections(nodes)}


def _host(number: int, words: str) -> dict[str, Any]:
    return {
        "topology": "host",
        "id": f"hostile-{number};<host>",
        "label": words,
        "attributes": {"host_name": f"hostile-{number}", "words": words * 2, "page": f"{LINK}//{words}"},
        "addresses": [f"10.7.0.{number + 1}"],
        "metrics": {"harm": [[1_768_467_600_000, 10**12 * number]]},
        "tables": {
            "sayings": {"rows": [{"id": f"{words[:100]}-{row}", "cells": [words, LINK, words * 2]} for row in (1, 2)]}
        },
    }


def _connections(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each host talks to the next."""
    return [
        {"owner": node["id"], "local": f"10.7.0.{number + 1}:4000{number}", "remote": f"10.7.0.{number + 2}:80"}
        for number, node in enumerate(nodes[:-1])
    ]


_TEMPLATES = {
    "topology": "TOPOLOGY_HOST",
    "rows": [
        {"id": "words", "label": MARKUP},
        {"id": "page", "label": "Page", "dataType": "DATA_TYPE_LINK"},
    ],
    "metrics": [{"id": "harm", "label": MARKUP, "format": "METRIC_FORMAT_FILESIZE"}],
    "tables": [
        {
            "id": "sayings",
            "label": MARKUP,
            "type": "TABLE_TYPE_MULTICOLUMN",
            "columns": [
                {"id": "words", "label": MARKUP},
                {"id": "page", "label": LINK, "dataType": "DATA_TYPE_LINK"},
                {"id": "more", "label": LONG},
            ],
        }
    ],
}
