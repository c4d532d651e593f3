"""What the edge is told by its environment."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from authfe.edge import Deployment, Origins, Tls, parse_address
from authfe.frontend.envoy import connections
from authfe.frontend.telemetry import Telemetry
from mesh.settings import EnvironmentSettings

#: The settings that say where what stands behind the edge is, each of the form `NAME_address`.
_SERVICES = ("users", "collection", "query", "control", "pipe", "ui_server", "sockets")
_ADDRESSES = tuple(f"{name}_address" for name in _SERVICES)


class FrontendSettings(Telemetry, EnvironmentSettings):
    """Beside OpenTelemetry's own. An empty one counts as absent."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    #: Where it serves, `HOST:PORT`; with TLS if a certificate is given.
    listen: str
    #: Where each service is: `HOST:PORT` of each replica, separated by commas, or of a name that stands for all.
    users_address: str
    collection_address: str
    query_address: str
    control_address: str
    pipe_address: str
    ui_server_address: str
    sockets_address: str
    #: Where Grafana is that administrators reach through the edge, `HOST:PORT`; empty: nowhere.
    grafana_address: str = ""
    #: Certificate, with those between it and its authority, and key to serve TLS with, PEM. They are read again when
    #: who renews moves them into their folder.
    tls_cert: Path | None = None
    tls_key: Path | None = None
    #: Where who comes without TLS is sent to where it is, `HOST:PORT`; empty: nowhere.
    redirect_listen: str = ""
    #: How many proxies in front say by X-Forwarded-For whose request they pass on; whoever reached the edge around them
    #: could pretend to any address.
    trusted_hops: int = Field(default=0, ge=0, le=16)
    #: Whose pages may use the API in a browser beside its own, as `https://app.example`, separated by commas.
    cors_origins: Origins = ()
    #: How many threads Envoy has; 0: half as many as the machine has processors, at most 4.
    envoy_threads: int = Field(default=0, ge=0, le=256)
    #: The least severe level of Envoy's own log.
    log_level: Literal["debug", "info", "warning", "error"] = "warning"
    #: The folder of this process alone that it writes its configuration to; its path is short enough for a unix socket.
    runtime: Path

    @field_validator("listen", "redirect_listen", "grafana_address", *_ADDRESSES)
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        for address in filter(None, value.split(",")):
            parse_address(address)
        return value

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ValueError("TLS_CERT and TLS_KEY go together: give both, or neither")
        if self.redirect_listen and not self.tls_cert:
            raise ValueError("REDIRECT_LISTEN sends to TLS: it needs TLS_CERT and TLS_KEY")
        return self

    def deployment(self, files: int) -> Deployment:
        """The edge that these describe, by a process that may open so many files."""
        return Deployment(
            listen=self.listen,
            admin_socket=self.runtime / "admin.sock",
            clusters=self._clusters(),
            tls=Tls(self.tls_cert, self.tls_key) if self.tls_cert and self.tls_key else None,
            redirect=self.redirect_listen,
            collector=self.collector,
            connections=connections(files),
            trusted_hops=self.trusted_hops,
            cors_origins=self.cors_origins,
            grafana=self.grafana_address,
        )

    def _clusters(self) -> Mapping[str, Sequence[str]]:
        names = (name.replace("_", "-") for name in _SERVICES)
        return {name: getattr(self, setting).split(",") for name, setting in zip(names, _ADDRESSES, strict=True)}
