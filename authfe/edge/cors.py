"""Pages of other origins that may use the API in a browser (CORS): those that a deployment names, and no other.

Envoy's own filter for it leaves out what the edge answers by itself, so that a page could not read why it was refused.
Here every answer says it, by an expression over the request's origin.
"""

import re
from collections.abc import Sequence

from authfe.edge.bindings import all_bindings
from authfe.edge.mutations import put
from authfe.edge.typed import Config
from mesh.headers import ORGANIZATION

#: What a page may send beside what it may always send, and read beside what it may always read.
_SENT = ("authorization", "content-type", "last-event-id", ORGANIZATION)
_READ = ("retry-after",)

#: How long a browser remembers what it may send, in seconds.
_REMEMBERED = 600


def answers(origins: Sequence[str]) -> list[Config]:
    """The headers by which a page of these origins may read an answer; nothing where there are none."""
    if not origins:
        return []
    named = f"'origin' in request.headers && request.headers['origin'] in {list(origins)}"
    return [
        put("access-control-allow-origin", f"%CEL({named} ? request.headers['origin'] : '')%"),
        put("access-control-allow-credentials", f"%CEL({named} ? 'true' : '')%"),
        put("access-control-expose-headers", f"%CEL({named} ? '{', '.join(_READ)}' : '')%"),
        # Else a cache could give one origin what was said to another.
        put("vary", "Origin", "APPEND_IF_EXISTS_OR_ADD"),
    ]


def preflight(origins: Sequence[str]) -> Config:
    """Matches the question of these origins' pages what they may send to the API."""
    one_of = {"safe_regex": {"regex": "|".join(map(re.escape, origins))}}
    headers = [
        {"name": ":method", "string_match": {"exact": "OPTIONS"}},
        {"name": "origin", "string_match": one_of},
        {"name": "access-control-request-method", "present_match": True},
    ]
    return {"prefix": "/api", "headers": headers}


def allowed() -> dict[str, str]:
    """The answer to it, which goes with the headers of every answer."""
    return {
        "access-control-allow-methods": ", ".join(sorted({binding.verb for binding in all_bindings()})),
        "access-control-allow-headers": ", ".join(_SENT),
        "access-control-max-age": str(_REMEMBERED),
    }
