"""Where everything of one mesh is: folders, ports, addresses; fixed for as long as its supervisor runs."""

from dataclasses import dataclass, field
from pathlib import Path

from deploy.local import credentials
from deploy.local.command import LOOPBACK, free_ports
from deploy.local.nats import Broker
from deploy.local.options import Options
from deploy.local.postgres import Cluster

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = ("users", "collection", "query")


@dataclass(frozen=True)
class Replica:
    """One process of one service, and its ports."""

    service: str
    number: int
    grpc_port: int
    metrics_port: int

    @property
    def grpc(self) -> str:
        """`HOST:PORT`."""
        return f"{LOOPBACK}:{self.grpc_port}"

    @property
    def metrics(self) -> str:
        """`HOST:PORT`."""
        return f"{LOOPBACK}:{self.metrics_port}"


@dataclass(frozen=True)
class Layout:
    """One mesh; `port` is the edge's."""

    options: Options
    port: int
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
        return self.options.address(self.port)

    @property
    def url(self) -> str:
        """The edge as its clients say it."""
        return f"http://{self.address}"

    def addresses(self, service: str) -> list[str]:
        """`HOST:PORT` of each replica of a service."""
        return [replica.grpc for replica in self.replicas if replica.service == service]


def lay_out(options: Options) -> Layout:
    """Makes the folders, the secrets that are missing, and chooses ports that nobody listens on."""
    data = options.data
    for name in ("logs", "nats", "envoy", "probe"):
        (data / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets = credentials.folder(data)
    credentials.kept(secrets / "mesh.key", credentials.mesh_key)
    credentials.kept(secrets / "identity.pem", credentials.identity_key)
    password = credentials.kept(secrets / "postgres", credentials.password)
    postgres, nats, edge, *ports = free_ports(3 + 2 * len(SERVICES) * options.replicas)
    names = [(service, number) for service in SERVICES for number in range(options.replicas)]
    return Layout(
        options=options,
        port=options.port or edge,
        cluster=Cluster(folder=data / "postgres", port=postgres, password=password),
        broker=Broker(folder=data / "nats", secrets=secrets, port=nats),
        replicas=tuple(Replica(*name, *ports[2 * i : 2 * i + 2]) for i, name in enumerate(names)),
    )
