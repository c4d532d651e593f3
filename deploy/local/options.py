"""What a person may choose: `make up PORT=9090 DATA=/srv/scope`."""

import ipaddress
import socket
from pathlib import Path
from typing import Self

from pydantic import Field, PrivateAttr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from authfe.edge import Origins, Site, on_loopback, parse_address
from authfe.frontend.telemetry import Telemetry

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Options(Telemetry):
    """Each by the environment variable of its name in capitals; an empty one counts as absent."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    #: The port of the edge; 0 takes a free one.
    port: int = Field(8080, ge=0, le=65535)
    #: Where data, logs, secrets and `local.json` are kept.
    data: Path = Path(".scope")
    #: The address of the edge: a numeric one, or a name that resolves to one of this machine's. Others than loopback
    #: need TLS, or INSECURE.
    host: str = "127.0.0.1"
    #: How many processes each of our services has.
    replicas: int = Field(1, ge=1, le=16)
    #: Whether this machine shows up by a probe of its own.
    probe: bool = True
    #: Certificate, with those between it and its authority, and key of the edge, PEM.
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: The port where who comes without TLS is sent to where it is; 0 for none.
    redirect_port: int = Field(0, ge=0, le=65535)
    #: Serve without TLS although others can listen in.
    insecure: bool = False
    #: Where browsers find it, if that is not the edge itself: `https://scope.example`. State changes are taken from
    #: pages of there.
    public_url: Site | None = None
    #: How many proxies in front say by X-Forwarded-For whose request they pass on; whoever reached the edge around them
    #: could pretend to any address.
    trusted_hops: int = Field(0, ge=0, le=16)
    #: Whose pages may use the API in a browser beside its own, as `https://app.example`, separated by commas.
    cors_origins: Origins = ()
    #: Where a Grafana is, `HOST:PORT`, that administrators reach as `/admin/grafana/`.
    grafana_address: str = ""

    _ip: _Address = PrivateAttr()

    @field_validator("data", "tls_cert", "tls_key")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value and value.expanduser().resolve()

    @field_validator("grafana_address")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value:
            parse_address(value)
        return value

    @model_validator(mode="after")
    def _resolved(self) -> Self:
        try:
            found = socket.getaddrinfo(self.host, None, type=socket.SOCK_STREAM)[0][4][0]
        except OSError as error:
            raise ValueError(f"HOST: {self.host} is no address of this machine") from error
        self._ip = ipaddress.ip_address(found)
        return self

    @model_validator(mode="after")
    def _not_in_clear(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("TLS_CERT and TLS_KEY go together: give both, or neither")
        if self.redirect_port and not self.tls:
            raise ValueError("REDIRECT_PORT sends to TLS: it needs TLS_CERT and TLS_KEY")
        if self.redirect_port and self.redirect_port == self.port:
            raise ValueError("REDIRECT_PORT and PORT are the same: TLS and what is in clear need a port each")
        if self.exposed and not (self.tls or self.insecure):
            raise ValueError(
                f"HOST={self.host} lets others read tokens in clear: give TLS_CERT and TLS_KEY; INSECURE=1 accepts it"
            )
        return self

    @model_validator(mode="after")
    def _public_not_in_clear(self) -> Self:
        public = self.public_url or ""
        if self.tls and public.startswith("http:"):
            raise ValueError(f"PUBLIC_URL={public} is in clear and TLS is served: it begins with https://")
        if public.startswith("http:") and not (on_loopback(public) or self.insecure):
            raise ValueError(
                f"PUBLIC_URL={public} lets others read sessions in clear: let a proxy in front serve it over https://; "
                "INSECURE=1 accepts it"
            )
        return self

    @property
    def tls(self) -> bool:
        """Whether the edge serves TLS."""
        return self.tls_cert is not None

    @property
    def ip(self) -> _Address:
        """The address that the edge listens on."""
        return self._ip

    @property
    def exposed(self) -> bool:
        """Whether others than this machine reach the edge."""
        return not self.ip.is_loopback

    @property
    def near(self) -> str:
        """The address by which this machine itself reaches the edge."""
        if self.ip.is_unspecified:
            return "::1" if self.ip.version == 6 else "127.0.0.1"
        return str(self.ip)

    @property
    def reached_at(self) -> str:
        """The address by which a client on this machine or, where it is exposed, on another one reaches the edge."""
        return str(_outward_address(self.ip) if self.ip.is_unspecified else self.ip)


def _outward_address(unspecified: _Address) -> _Address:
    """The address by which this machine would speak to others; nothing is sent to find it."""
    family, target = (socket.AF_INET6, "2001:db8::1") if unspecified.version == 6 else (socket.AF_INET, "192.0.2.1")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((target, 9))
        except OSError:
            return ipaddress.ip_address("::1" if unspecified.version == 6 else "127.0.0.1")
        return ipaddress.ip_address(probe.getsockname()[0])
