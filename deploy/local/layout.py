"""Where everything of one mesh is: folders, ports, addresses; fixed for as long as its supervisor runs."""

from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.command import LOOPBACK, free_ports
from deploy.local.nats import Broker
from deploy.local.options import Options
from deploy.local.postgres import Cluster
from deploy.local.tls import Tls, TlsError, read
from deploy.secrets import credentials

ROOT = Path(__file__).resolve().parent.parent.parent
#: What serves the browser's files, and what speaks WebSocket with it, by HTTP; the others serve gRPC.
PAGES = "ui-server"
SOCKETS = "sockets"
SERVICES = ("users", "collection", "query", "control", "pipe", PAGES, SOCKETS)


@dataclass(frozen=True)
class Replica:
    """One process of one service, and its ports."""

    service: str
    number: int
    port: int
    metrics_port: int

    @property
    def address(self) -> str:
        """`HOST:PORT`."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def metrics(self) -> str:
        """`HOST:PORT`."""
        return f"{LOOPBACK}:{self.metrics_port}"


@dataclass(frozen=True)
class Layout:
    """One mesh; `host` and `port` are the edge's, as its clients say them; `tls` is None where it serves in clear."""

    options: Options
    host: str
    port: int
    tls: Tls | None
    cluster: Cluster
    broker: Broker
    replicas: tuple[Replica, ...] = field(default_factory=tuple)

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.options.data

    @property
    def secrets(self) -> Path:
        """Where its secrets are."""
        return self.data / "secrets"

    @property
    def address(self) -> str:
        """`HOST:PORT` of the edge as its clients say it."""
        return with_port(self.host, self.port)

    @property
    def url(self) -> str:
        """The edge as its clients say it."""
        return f"{self._scheme}://{self.address}"

    @property
    def public_url(self) -> str:
        """Where browsers find it."""
        return self.options.public_url or self.url

    @property
    def health(self) -> str:
        """Where the edge says whether all works, as this machine reaches it."""
        return f"{self._scheme}://{with_port(self.options.near, self.port)}/healthz"

    @property
    def _scheme(self) -> str:
        return "https" if self.tls else "http"

    def addresses(self, service: str) -> list[str]:
        """`HOST:PORT` of each replica of a service."""
        return [replica.address for replica in self.replicas if replica.service == service]


def with_port(host: str, port: int) -> str:
    """`HOST:PORT`, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def lay_out(options: Options) -> Layout:
    """Makes the folders, the secrets that are missing, and chooses ports that nobody listens on.

    Raises:
        TlsError: TLS is wanted and cannot be served.
    """
    data = options.data
    for name in ("logs", "nats", "envoy", "probe"):
        (data / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets = credentials.folder(data)
    credentials.kept(secrets / "mesh.key", credentials.mesh_key)
    credentials.kept(secrets / "identity.pem", credentials.identity_key)
    password = credentials.kept(secrets / "postgres", credentials.password)
    tls = _tls(options, secrets)
    taken = {options.port, options.redirect_port}
    postgres, nats, edge, *ports = free_ports(3 + 2 * len(SERVICES) * options.replicas, taken)
    names = [(service, number) for service in SERVICES for number in range(options.replicas)]
    return Layout(
        options=options,
        host=_host(options, tls),
        port=options.port or edge,
        tls=tls,
        cluster=Cluster(folder=data / "postgres", port=postgres, password=password),
        broker=Broker(folder=data / "nats", secrets=secrets, port=nats),
        replicas=tuple(Replica(*name, *ports[2 * i : 2 * i + 2]) for i, name in enumerate(names)),
    )


def _tls(options: Options, secrets: Path) -> Tls | None:
    if options.tls_cert is None or options.tls_key is None:
        return None
    tls = Tls((options.tls_cert, options.tls_key), secrets / "tls")
    tls.renew()
    return tls


def _host(options: Options, tls: Tls | None) -> str:
    """What clients call the edge: with TLS, a host that its certificate is for."""
    if tls is None:
        return options.reached_at
    pair = read(tls.certificate, tls.key)
    # A name may lead here by ways that this machine does not know of; an address of another machine does not.
    named = (name for name in pair.names if "*" not in name)
    for host in (options.host, options.reached_at, *named):
        if pair.covers(host):
            return host
    given, hosts = tls.given[0], ", ".join((*pair.names, *pair.addresses)) or "no host"
    raise TlsError(
        f"TLS_CERT: {given} is for {hosts}, not for HOST={options.host}: give the name of this machine by HOST="
    )
