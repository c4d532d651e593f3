"""The running mesh that a load is put on."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psutil

from deploy.local.files import read_json
from tests.connection import context


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the mesh is and what opens it.

    Attributes:
        url: of the edge.
        service_token: what probes report with.
        api_token: what readers read with, of the same organization.
        nats_url: of the report log; empty where it is not known.
        nats_key: the file with a key that reads it.
        data: its data folder, whose run.json names its processes; None where it runs elsewhere.
        ca_file: over TLS, who vouches for the edge; None for whom this machine trusts.
    """

    url: str
    service_token: str
    api_token: str
    nats_url: str
    nats_key: Path
    data: Path | None
    ca_file: Path | None = None

    def processes(self) -> dict[str, psutil.Process]:
        """Its processes, by name and replica."""
        return {
            f"{entry['name']}-{entry['replica']}": psutil.Process(entry["pid"])
            for entry in _document(self.data, "run.json").get("processes", ())
        }

    def tls(self) -> ssl.SSLContext | None:
        """Whom to trust at the edge; None where it speaks in clear."""
        return context(self.ca_file) if self.url.startswith("https://") else None

    def address(self, service: str) -> str:
        """`HOST:PORT` of a service's first replica, reached around the edge. ValueError where it is not known."""
        if addresses := self.addresses(service):
            return addresses[0]
        raise ValueError(f"{self.data or 'no data folder'}: no {service} runs here")

    def addresses(self, service: str) -> list[str]:
        """`HOST:PORT` of each replica of a service that is known."""
        entries = _document(self.data, "run.json").get("processes", ())
        return [str(entry["grpc"]) for entry in entries if entry["name"] == service]

    def urls(self, service: str, what: Literal["http", "metrics"]) -> list[str]:
        """Where each replica of a service is reached by HTTP around the edge, or says what it measures of itself."""
        entries = _document(self.data, "run.json").get("processes", ())
        return [str(entry[what]) for entry in entries if entry["name"] == service]


def find(data: Path | None, **given: str | None) -> Target:
    """The mesh of a data folder, where not each of its facts was given. ValueError names what is missing."""
    local, run = _document(data, "local.json"), _document(data, "run.json")
    known: dict[str, Any] = {
        "url": run.get("url"),
        "service_token": local.get("service_token"),
        "api_token": local.get("api_token"),
        "nats_url": _nats_url(data),
        "nats_key": data and data / "secrets" / "nats-reader.nk",
    }
    facts = {name: given.get(name) or known[name] for name in known}
    missing = [f"--{name.replace('_', '-')}" for name, value in facts.items() if not value]
    if missing:
        raise ValueError(f"{data or 'no data folder'}: no mesh runs here; start it, or give {', '.join(missing)}")
    ca_file = Path(local["ca_file"]) if "ca_file" in local else None
    return Target(**{**facts, "nats_key": Path(facts["nats_key"])}, data=data if run else None, ca_file=ca_file)


def _document(data: Path | None, name: str) -> dict[str, Any]:
    return read_json(data / name) if data else {}


def _nats_url(data: Path | None) -> str | None:
    """Where the report log is: what its configuration says it listens on."""
    address = _document(data and data / "nats", "nats.json").get("listen")
    return f"nats://{address}" if address else None
