"""What a request says about its sender, read from what Envoy shows of it. Pure; nothing here is trusted."""

import re
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import parse_qs, urlsplit

from mesh.errors import invalid_field
from mesh.headers import ADDRESS, ORGANIZATION
from scope.edge.v1.authorization_pb2 import AttributeContext
from users import secrets
from users.secrets import Kind, Secret

#: The query parameter that says which organization is meant, as the header does.
PARAMETER = "org"

_AUTHORIZATION = re.compile(r"(?:bearer +|scope-probe +token=)(\S{1,256}) *", re.IGNORECASE | re.ASCII)
_MAX_PARAMETERS = 100


def credential(headers: Mapping[str, str], cookie: str) -> Secret | None:
    """The credential of a request: the Authorization header's if there is one, else the session cookie's.

    A secret counts only where its kind belongs: a session in the cookie, a token in the header.
    """
    if "authorization" in headers:
        found = _AUTHORIZATION.fullmatch(headers["authorization"])
        secret = secrets.parse(found[1]) if found else None
        return secret if secret and secret.kind in (Kind.API, Kind.PROBE) else None
    secret = secrets.parse(_cookie(headers.get("cookie", ""), cookie))
    return secret if secret and secret.kind == Kind.SESSION else None


def _cookie(header: str, name: str) -> str:
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return next((value for key, _, value in pairs if key == name), "")


def wish(http: AttributeContext.HttpRequest) -> str:
    """The organization that the request names, in lower case; empty when it names none.

    Raises:
        ServiceError: INVALID_ARGUMENT when it names several, or has too many parameters to look through.
    """
    try:
        named = parse_qs(urlsplit(http.path).query, max_num_fields=_MAX_PARAMETERS).get(PARAMETER, [])
    except ValueError:
        raise invalid_field("query", f"cannot be read, or has more than {_MAX_PARAMETERS} parameters") from None
    wishes = {name.strip().lower() for name in (*named, http.headers.get(ORGANIZATION, ""))} - {""}
    if len(wishes) > 1:
        raise invalid_field(PARAMETER, "the request names several organizations; X-Scope-Org and ?org= must agree")
    return wishes.pop() if wishes else ""


def address(http: AttributeContext.HttpRequest) -> str:
    """The client's IP address as the edge knows it, one of version 4 as such; empty where the edge does not say."""
    try:
        found = ip_address(http.headers.get(ADDRESS, ""))
    except ValueError:
        return ""
    return str(found.ipv4_mapped or found) if found.version == 6 else str(found)
