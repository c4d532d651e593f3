"""Where an edge listens and what stands behind it: all that the contracts do not say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from authfe.edge.limits import CONNECTIONS
from mesh.origins import origin


@dataclass(frozen=True)
class Tls:
    """What the edge proves by who it is, two PEM files.

    Args:
        certificate: the certificate and those between it and its authority. Who renews moves both files into the folder
            of this one, and they are read again.
        key: its private key.
    """

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Collector:
    """Whom the edge tells what it does, by OTLP over gRPC.

    Args:
        address: its `host:port`; what it is told goes there in clear.
        sampled: which part of the requests that nobody traces yet begins a trace, 0 to 1.
    """

    address: str
    sampled: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.sampled <= 1:
            raise ValueError(f"{self.sampled} is no part of all requests: it is between 0 and 1")


@dataclass(frozen=True)
class Deployment:
    """One edge.

    Args:
        listen: `host:port` to serve on; an IPv6 address in brackets.
        admin_socket: where Envoy's administration listens, a unix socket; at most 107 bytes.
        clusters: by service, named after its area (`scope.<area>.v1`), or `ui-server`, the `host:port` of each replica.
        tls: with what to serve TLS; without it everything is in clear.
        redirect: `host:port` where who comes without TLS is sent to where it is; empty for nowhere.
        collector: whom to send traces, metrics and a log of requests; nobody by default.
        connections: how many callers' connections it takes at once; each is an open file.
        trusted_hops: how many proxies in front of it say by X-Forwarded-For whose request they pass on. Nobody may then
            reach it but through all of them.
        cors_origins: whose pages may use the API in a browser beside its own, as `https://app.example`.
        grafana: `host:port` of a Grafana that administrators of the deployment reach through it; empty for none.
    """

    listen: str
    admin_socket: Path
    clusters: Mapping[str, Sequence[str]]
    tls: Tls | None = None
    redirect: str = ""
    collector: Collector | None = None
    connections: int = CONNECTIONS
    trusted_hops: int = 0
    cors_origins: Sequence[str] = ()
    grafana: str = ""

    def __post_init__(self) -> None:
        if self.redirect and not self.tls:
            raise ValueError("there is nothing to redirect to without TLS")
        if self.trusted_hops < 0:
            raise ValueError(f"there cannot be {self.trusted_hops} proxies in front")
        if odd := [one for one in self.cors_origins if origin(one) != one]:
            raise ValueError(f"browsers do not write an origin as {odd[0]!r} but as {origin(odd[0])!r}")


@dataclass(frozen=True)
class Address:
    """A host and a port."""

    host: str
    port: int

    @property
    def numeric(self) -> bool:
        """Whether the host is an IP address, so that nothing needs to be resolved."""
        try:
            ip_address(self.host)
        except ValueError:
            return False
        return True


def parse_address(text: str) -> Address:
    """Reads `host:port` or `[ipv6]:port`.

    Raises:
        ValueError: It is neither; the message quotes it.
    """
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
        raise ValueError(f"not an address of the form host:port: {text!r}")
    return Address(host, int(port))
