"""What a person may choose: `make up PORT=9090 DATA=/srv/scope`."""

import ipaddress
import socket
from pathlib import Path
from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Options(BaseSettings):
    """Each by the environment variable of its name in capitals; an empty one counts as absent."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    #: The port of the edge; 0 takes a free one.
    port: int = Field(8080, ge=0, le=65535)
    #: Where everything is kept.
    data: Path = Path(".scope")
    #: The address of the edge: a numeric one, or a name that resolves to one.
    host: str = "127.0.0.1"
    #: How many processes each of our services has.
    replicas: int = Field(1, ge=1, le=16)
    #: Whether this machine shows up by a probe of its own.
    probe: bool = True
    #: Certificate and key of the edge, PEM.
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: Serve without TLS although others can listen in.
    insecure: bool = False

    @field_validator("data")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("host")
    @classmethod
    def _numeric(cls, value: str) -> str:
        try:
            return str(socket.getaddrinfo(value, None, type=socket.SOCK_STREAM)[0][4][0])
        except OSError as error:
            raise ValueError(f"{value} is no address of this machine") from error

    @model_validator(mode="after")
    def _not_in_clear(self) -> Self:
        if self.tls_cert or self.tls_key:
            raise ValueError(
                "TLS_CERT and TLS_KEY are not served yet: put a proxy with TLS in front, or set INSECURE=1"
            )
        if self.exposed and not self.insecure:
            raise ValueError(f"HOST={self.host} lets others read tokens in clear: INSECURE=1 accepts that")
        return self

    @property
    def exposed(self) -> bool:
        """Whether others than this machine reach the edge."""
        return not ipaddress.ip_address(self.host).is_loopback

    def address(self, port: int) -> str:
        """`HOST:PORT` as a client on this machine or, where it is exposed, on another one reaches it."""
        ip = ipaddress.ip_address(self.host)
        host = _outward_address(ip) if ip.is_unspecified else ip
        return f"[{host}]:{port}" if host.version == 6 else f"{host}:{port}"


def _outward_address(unspecified: _Address) -> _Address:
    """The address by which this machine would speak to others; nothing is sent to find it."""
    family, target = (socket.AF_INET6, "2001:db8::1") if unspecified.version == 6 else (socket.AF_INET, "192.0.2.1")
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((target, 9))
        except OSError:
            return ipaddress.ip_address("::1" if unspecified.version == 6 else "127.0.0.1")
        return ipaddress.ip_address(probe.getsockname()[0])
