"""The way to the service: where it is, on whose behalf, and whether a token may go there in clear."""

from __future__ import annotations

import ipaddress
import socket
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import grpc
import grpc.aio

from scope_sdk.report.ids import PROBE_ID
from scope_sdk.report.limits import MESSAGE_BYTES

Metadata = tuple[tuple[str, str], ...]

_NEAR = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"),
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)
"""Loopback, private and link-local networks. (`is_private` of the standard library includes far more.)"""

_OPTIONS = (
    ("grpc.max_send_message_length", MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MESSAGE_BYTES),
    # A peer that vanished without a word is noticed within 40 s, and only while something waits for it.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    # gRPC fails calls at once while it waits to connect again, up to two minutes by default: how long to wait is
    # decided by whoever calls.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)
_PLAIN = (
    *_OPTIONS,
    # Through a proxy of the environment the token would pass in clear.
    ("grpc.enable_http_proxy", 0),
)

_BUNDLES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
"""Where systems keep the authorities that they trust, beside where OpenSSL was told to look."""


class Target(NamedTuple):
    """Where a service is, and whether it is spoken to over TLS."""

    host: str
    port: int
    tls: bool

    @property
    def address(self) -> str:
        """As gRPC wants it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Service:
    """The service as one probe, program or person sees it.

    Attributes:
        target: `https://HOST[:PORT]`, or without TLS `HOST:PORT` or `http://HOST:PORT`.
        token: a service token, as an administrator of the organization was shown it, or somebody's API token.
        organization: which organization is meant, for credentials of several; a token implies its own.
        plaintext: whether the token may go in clear to addresses that are neither loopback nor private.
        ca_file: the authorities, PEM, one of which vouches for the service; by default those that this machine trusts.

    Raises ValueError where one of these is none, or the token would go in clear where others may read it.
    """

    target: str
    token: str = field(repr=False)
    organization: str = ""
    plaintext: bool = False
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        target = parse_target(self.target)
        for name, value in (("token", self.token), ("organization", self.organization)):
            if not (value.isascii() and value.isprintable() and " " not in value):
                raise ValueError(f"the {name} must hold printable ASCII characters only, and no spaces")
        if self.ca_file is not None:
            _check_authorities(self.ca_file, target)
        if not (target.tls or self.plaintext):
            _refuse_public(target.host)

    def channel(self) -> grpc.aio.Channel:
        """A channel, to be closed by the caller."""
        target = parse_target(self.target)
        if not target.tls:
            return grpc.aio.insecure_channel(target.address, options=_PLAIN)
        file = self.ca_file or _trusted()
        roots = grpc.ssl_channel_credentials(file.read_bytes() if file else None)
        return grpc.aio.secure_channel(target.address, roots, options=_OPTIONS)

    def metadata(self, probe_id: str = "") -> Metadata:
        """What every call carries: of a probe, or of nobody in particular."""
        probe = (("x-scope-probe-id", probe_id),) if probe_id else ()
        organization = (("x-scope-org", self.organization),) if self.organization else ()
        return (("authorization", f"Scope-Probe token={self.token}"), *probe, *organization)


def check_names(probe_id: str, version: str) -> str:
    """The probe id. Raises ValueError where it, unless it is empty, or the version of a program is none."""
    if probe_id and not PROBE_ID.fullmatch(probe_id):
        raise ValueError("a probe id has 1 to 64 characters of A-Z a-z 0-9 _ -")
    if len(version) > 64:
        raise ValueError("a version has at most 64 characters")
    return probe_id


_PORTS = {"http": 80, "https": 443, "": None}


def parse_target(target: str) -> Target:
    """Reads `https://HOST[:PORT]`, `HOST:PORT` or `http://HOST[:PORT]` (IPv6 in brackets).

    Raises ValueError where it is none of these.
    """
    scheme, rest = _scheme_of(target.strip())
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, _PORTS.get(scheme) if parts.port is None else parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.username is not None or parts.path.strip("/") or parts.query:
        host = None
    if not host or not port:
        raise ValueError(
            "the target must have the form https://HOST, https://HOST:PORT or, without TLS, HOST:PORT, "
            "with IPv6 addresses in brackets"
        )
    return Target(host, port, scheme == "https")


def _scheme_of(target: str) -> tuple[str, str]:
    """The scheme, if one was written, and the rest; what has another scheme than ours has no rest."""
    scheme, separator, rest = target.partition("://")
    if not separator:
        return "", target
    return scheme.lower(), rest if scheme.lower() in _PORTS else ""


def _check_authorities(file: Path, target: Target) -> None:
    """Raises ValueError unless the file holds certificates, and there is use for them."""
    if not target.tls:
        raise ValueError(f"authorities are of use over TLS only; is https://{target.address} meant?")
    try:
        ssl.create_default_context(cafile=file)
    except ssl.SSLError:
        raise ValueError(f"{file} holds no certificates in PEM form") from None
    except OSError as error:
        raise ValueError(f"{file} cannot be read ({error.strerror})") from None


def _trusted() -> Path | None:
    """The file of the authorities that this machine trusts; where none is found gRPC brings some of its own."""
    files = (Path(name) for name in (ssl.get_default_verify_paths().cafile, *_BUNDLES) if name)
    return next((file for file in files if file.is_file()), None)


def _refuse_public(host: str) -> None:
    """Raises ValueError unless every address of the host is loopback or private. A name may mean others later."""
    try:
        addresses = {str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise ValueError(
            f"{host} cannot be resolved ({error.strerror}), so it is not known whether the token may go there in clear;"
            " plaintext=True goes on regardless"
        ) from None
    public = sorted(address for address in addresses if not _is_near(address))
    if public:
        raise ValueError(
            f"the token would go in clear to {host} ({public[0]}), which is neither a loopback nor a private address; "
            "plaintext=True allows it"
        )


def _is_near(address: str) -> bool:
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        parsed = parsed.ipv4_mapped or parsed
    return any(parsed in network for network in _NEAR)
