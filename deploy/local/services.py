"""How our own processes and the edge are run: arguments and environment, all derived from the layout."""

import os
import resource
import sys
from pathlib import Path

from authfe.edge import Deployment, Tls, write
from authfe.frontend.envoy import command, connections
from deploy.local.command import Command, accepts, open_files
from deploy.local.layout import PAGES, ROOT, SERVICES, SOCKETS, Layout, Replica, with_port

# Work in flight may take this long at the end; the supervisor waits longer before it kills.
_DRAIN_SECONDS = 5

# The modules that are not named as what they run.
_MODULES = {PAGES: "ui", SOCKETS: "authfe.sockets"}


def program(name: str) -> str:
    """A program of our virtual environment."""
    return str(Path(sys.executable).with_name(name))


def accounts_environment(layout: Layout) -> dict[str, str]:
    """What `users` and `scope-users` need to find the accounts."""
    return {"DATABASE_URL": layout.cluster.url(), "PUBLIC_URL": layout.public_url}


def service(layout: Layout, replica: Replica) -> Command:
    """One replica of one of our services."""
    environment = {
        **os.environ,
        "LISTEN": replica.address,
        "METRICS_LISTEN": replica.metrics,
        "DRAIN_SECONDS": str(_DRAIN_SECONDS),
        **_own_environment(layout, replica),
    }
    return Command(
        name=replica.service,
        argv=[sys.executable, "-m", _MODULES.get(replica.service, replica.service)],
        ready=lambda: accepts(replica.port),
        environment=environment,
        folder=ROOT,
    )


def _own_environment(layout: Layout, replica: Replica) -> dict[str, str]:
    name = replica.service
    if name == PAGES:
        return {}
    if name == SOCKETS:
        # The edge sends a pipe to the replicas of one number where it can, and those meet most quickly.
        pipes = layout.addresses("pipe")
        return {"PIPE_ADDRESS": ",".join([*pipes[replica.number :], *pipes[: replica.number]])}
    shared = {
        "MESH_KEY_FILE": str(layout.secrets / "mesh.key"),
        "USERS_ADDRESS": ",".join(layout.addresses("users")),
        "NATS_URL": layout.broker.url,
        "NATS_NKEY_FILE": str(layout.broker.nkey_file(name)),
    }
    if name == "users":
        return {
            **shared,
            **accounts_environment(layout),
            "IDENTITY_KEY_FILE": str(layout.secrets / "identity.pem"),
            "CORS_ORIGINS": ",".join(layout.options.cors_origins),
            "ADMIN_LINKS": ",".join([*_grafana_link(layout), os.environ.get("ADMIN_LINKS", "")]),
            # Whoever reaches this machine's mesh may use it; SMTP_URL and MAIL_FROM are passed on as they are.
            "SIGNUP": os.environ.get("SIGNUP") or "open",
            "MAIL_DIRECTORY": str(layout.data / "mail"),
        }
    return shared


def _grafana_link(layout: Layout) -> list[str]:
    return ["Grafana=/admin/grafana/"] if layout.options.grafana_address else []


def envoy(layout: Layout, private: Path) -> Command:
    """The edge; `private` is a folder of ours alone whose path is short enough for a unix socket."""
    ip, redirect = str(layout.options.ip), layout.options.redirect_port
    deployment = Deployment(
        listen=with_port(ip, layout.port),
        admin_socket=private / "admin.sock",
        clusters={name: layout.addresses(name) for name in SERVICES},
        tls=Tls(layout.tls.certificate, layout.tls.key) if layout.tls else None,
        redirect=with_port(ip, redirect) if redirect else "",
        collector=layout.options.collector,
        trusted_hops=layout.options.trusted_hops,
        cors_origins=layout.options.cors_origins,
        grafana=layout.options.grafana_address,
        connections=connections(open_files(*resource.getrlimit(resource.RLIMIT_NOFILE))),
    )
    configuration = write(deployment, layout.data / "envoy")
    return Command(
        name="envoy",
        argv=command(configuration),
        environment=dict(os.environ),
        folder=layout.data / "envoy",
    )


def probe(layout: Layout, service_token: str) -> Command:
    """The probe of this machine."""
    way = ["--ca-file", str(layout.tls.certificate), layout.url] if layout.tls else ["--plaintext", layout.address]
    return Command(
        name="probe",
        argv=[program("scope"), "launch", "--state", str(layout.data / "probe"), *way],
        environment={**os.environ, "SCOPE_SERVICE_TOKEN": service_token},
        folder=ROOT,
    )
