"""Addresses as reports hold them: `ADDRESS`, or `SCOPE;ADDRESS` where the address means something in one place only."""

import ipaddress
from functools import lru_cache
from typing import NamedTuple

from scope_sdk.report import limits
from scope_sdk.report.errors import ReportError


class Endpoint(NamedTuple):
    """One end of a connection: an address, with its scope if it has one, and a port."""

    address: str
    port: int


def scoped(address: str, scope: str, field: str) -> str:
    """The address in its one form: IPv6 shortest, IPv4-mapped as IPv4, loopback with a scope (this, if it has none).

    Raises ReportError naming `field` where it is no IP address, or a loopback address without any scope.
    """
    given, _, plain = address.rpartition(";")
    shortest, loopback = _shortest(plain)
    if not shortest:
        raise ReportError(field, "must be an IP address, or one after 'SCOPE;'")
    if len(given) > limits.ID_LENGTH or not given.isprintable():
        raise ReportError(field, f"the scope must be printable and have at most {limits.ID_LENGTH} characters")
    if loopback and not (given or scope):
        raise ReportError(field, "a loopback address needs a scope: its host's name")
    prefix = given or (scope if loopback else "")
    return f"{prefix};{shortest}" if prefix else shortest


@lru_cache(maxsize=16_384)
def _shortest(address: str) -> tuple[str, bool]:
    """The shortest form, empty if this is no address, and whether it is a loopback address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "", False
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or ipaddress.IPv6Address(int(parsed))  # the latter drops a zone (%eth0)
    return str(parsed), parsed.is_loopback


def parse_endpoint(text: str, field: str) -> Endpoint:
    """Of `ADDRESS:PORT`, `[ADDRESS]:PORT` for IPv6, either after `SCOPE;`. Raises ReportError naming `field`."""
    place, _, port = text.rpartition(":")
    scope, separator, address = place.rpartition(";")
    if address.startswith("[") and address.endswith("]"):
        address = address[1:-1]
    elif ":" in address:
        raise ReportError(field, "an IPv6 address is written in brackets: [ADDRESS]:PORT")
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= limits.PORT):
        raise ReportError(field, "must have the form ADDRESS:PORT, the port from 0 to 65535")
    return Endpoint(scope + separator + address, int(port))


def format_endpoint(endpoint: Endpoint) -> str:
    """The inverse of `parse_endpoint`."""
    scope, separator, address = endpoint.address.rpartition(";")
    return f"{scope}{separator}[{address}]:{endpoint.port}" if ":" in address else f"{endpoint.address}:{endpoint.port}"
