"""Where reports go, and whether a token may go there in clear."""

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}
_PRIVATE = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)


class TargetError(ValueError):
    """A target that cannot be used; the message says what to do."""


@dataclass(frozen=True)
class Target:
    """The service's edge. With `secure` the connection is TLS."""

    host: str
    port: int
    secure: bool

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse(text: str) -> Target:
    """Read `HOST:PORT`, `http://HOST[:PORT]` or `https://HOST[:PORT]`.

    Raises:
        TargetError: it is none of these.
    """
    scheme, separator, rest = text.strip().partition("://")
    if not separator:
        scheme, rest = "", scheme
    if scheme not in {"", *_PORTS}:
        raise TargetError(f"{text!r}: {scheme}:// is not known; use HOST:PORT, http://HOST:PORT or https://HOST:PORT.")
    if "@" in rest:
        raise TargetError("The target holds a user name or a token before '@'; use --service-token for the token.")
    host, port = _split(rest)
    port = port or _PORTS.get(scheme)
    if not host or not port:
        raise TargetError(f"{text!r} is no target; use HOST:PORT, for example 192.168.1.10:8080 or [fd00::1]:8080.")
    return Target(host, port, secure=scheme == "https")


def check_clear(target: Target) -> None:
    """Refuse a target that would get a token in clear across networks that others can read.

    Raises:
        TargetError: an address of the target is neither loopback nor private, or it has none.
    """
    if target.secure:
        return
    outside = [address for address in _addresses(target) if not _is_private(address)]
    if outside:
        where = target.host if target.host == outside[0] else f"{target.host} ({outside[0]})"
        raise TargetError(
            f"The service token would cross the network in clear to {where}, which is not a private address. "
            f"Use https://{target} if the service has TLS, or add --plaintext if the way there is safe."
        )


def _split(text: str) -> tuple[str | None, int | None]:
    """Take `HOST[:PORT][/]` apart; nothing where it is something else."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None, None
    more = parts.path.strip("/") or parts.query or parts.fragment
    return (None, None) if more else (host, port)


def _addresses(target: Target) -> list[str]:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise TargetError(
            f"{target.host} cannot be resolved ({error.strerror}). Check the name, use an address, "
            "or add --plaintext to keep trying whatever it will resolve to."
        ) from None
    return [str(entry[4][0]) for entry in found]


def _is_private(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    plain = found.ipv4_mapped or found if isinstance(found, ipaddress.IPv6Address) else found
    return any(plain in network for network in _PRIVATE if network.version == plain.version)
