"""Origins of the web (RFC 6454): by what name a browser knows the site that a page is of."""

import re
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator
from pydantic_settings import NoDecode

_FORM = re.compile(
    r"(https?)://(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9._-]*[a-z0-9])?))(?::([0-9]{1,5}))?", re.IGNORECASE | re.ASCII
)
_OWN_PORTS = {"http": 80, "https": 443}


def origin(text: str) -> str:
    """An origin as browsers send it: in lower case, its IPv6 address shortened, without its scheme's own port.

    Raises:
        ValueError: it is none, or says more than an origin; the message quotes it.
    """
    found = _FORM.fullmatch(text)
    try:
        return _written(*found.groups()) if found else _refused(text)
    except ValueError:
        return _refused(text)


def _written(scheme: str, numeric: str | None, name: str | None, port: str | None) -> str:
    scheme = scheme.lower()
    host = f"[{IPv6Address(numeric)}]" if numeric else str(name).lower()
    number = int(port or _OWN_PORTS[scheme])
    if not 0 < number < 65536:
        raise ValueError(number)
    return f"{scheme}://{host}" if number == _OWN_PORTS[scheme] else f"{scheme}://{host}:{number}"


def _refused(text: str) -> str:
    raise ValueError(f"{text!r} is no origin: it is http:// or https://, a host and maybe a port, without * or a path")


def on_loopback(own: str) -> bool:
    """Whether this origin is of the machine itself, so that nobody else reaches it."""
    host = str(urlsplit(own).hostname)
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listed(value: str | Iterable[str]) -> tuple[str, ...]:
    texts = value.split(",") if isinstance(value, str) else value
    return tuple(dict.fromkeys(origin(text.strip()) for text in texts if text.strip()))


#: A setting that is the address of a site, to which browsers may add a slash.
Site = Annotated[str, AfterValidator(lambda text: origin(text.removesuffix("/")))]
#: A setting of any number of origins, separated by commas.
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
