"""Who may call, as OpenAPI says it."""

from collections.abc import Sequence
from typing import Any

from mesh import access
from mesh.headers import ORGANIZATION
from scope.auth.v1.access_pb2 import Access, Caller

#: What a caller can be known by.
SCHEMES = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-scope",
        "description": "A signed-in browser's cookie.",
    },
    "sessionOverHttp": {
        "type": "apiKey",
        "in": "cookie",
        "name": "scope",
        "description": "The same where the deployment is reached by plain http.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API token, or a probe's service token.",
    },
    "probe": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Scope-Probe token=TOKEN`, which is the same as `Bearer TOKEN`.",
    },
}

_ORGANIZATION = {
    "schema": {"type": "string"},
    "description": "The id of the organization that is meant. Needed by a session of somebody who is in several.",
}
#: The two ways to say which organization is meant; they must agree.
PARAMETERS = {
    "organization": {"name": "org", "in": "query", **_ORGANIZATION},
    "organizationHeader": {"name": ORGANIZATION, "in": "header", **_ORGANIZATION},
}

_BROWSER = ("session", "sessionOverHttp")
_PERSON = (*_BROWSER, "token")
_KNOWN_BY = {
    Caller.CALLER_USER: _PERSON,
    Caller.CALLER_ORG_MEMBER: _PERSON,
    Caller.CALLER_ADMIN: _PERSON,
    Caller.CALLER_PROBE: ("token", "probe"),
}


def is_public(rules: Sequence[Access]) -> bool:
    """Whether anybody may call."""
    return any(rule.caller == Caller.CALLER_PUBLIC for rule in rules)


def in_organization(rules: Sequence[Access]) -> bool:
    """Whether the call is about an organization that the caller chooses."""
    return any(rule.caller == Caller.CALLER_ORG_MEMBER for rule in rules)


def sentence(rules: Sequence[Access]) -> str:
    """Who may call."""
    return "Open to anybody." if is_public(rules) else f"Needs {access.needed(rules)}."


def security(rules: Sequence[Access]) -> list[dict[str, list[str]]]:
    """The ways to be admitted, each with the permission that it takes."""
    if is_public(rules):
        return []
    return [
        {scheme: [rule.permission] if rule.permission else []}
        for rule in rules
        for scheme in (_BROWSER if rule.session else _KNOWN_BY.get(rule.caller, ()))
    ]


def parameters(rules: Sequence[Access]) -> list[dict[str, Any]]:
    """The parameters that say which organization is meant."""
    return [{"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS] if in_organization(rules) else []
