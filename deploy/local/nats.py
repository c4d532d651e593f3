"""NATS with JetStream on the loopback: the report log; never open: each service has a key, each key its subjects."""

import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.local.command import LOOPBACK, Command, plain_environment
from deploy.local.files import read_json, write_json
from deploy.secrets import credentials
from deploy.secrets.bus import PERMISSIONS, new_seed, user
from mesh.limits import MESSAGE_BYTES

# What an acknowledged report may lose to a power cut; a process that dies loses nothing.
SYNC_INTERVAL = "1s"
# Of what is free at the first start. A disk that fills up stops JetStream for good; a limit below it refuses cleanly.
_SHARE_OF_DISK = 0.75


@dataclass(frozen=True, kw_only=True)
class Broker:
    """One server: `folder` keeps its streams and configuration (`$DATA/nats`), `secrets` the seeds of its users."""

    folder: Path
    secrets: Path
    port: int

    @property
    def url(self) -> str:
        """What a client connects to, with a key."""
        return f"nats://{LOOPBACK}:{self.port}"

    def nkey_file(self, name: str) -> Path:
        """The file with this user's seed."""
        return self.secrets / f"nats-{name}.nk"


def prepare(broker: Broker) -> Command:
    """Makes the keys that are missing, writes the configuration, and answers how to run the server."""
    broker.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = broker.folder / "nats.json"
    write_json(path, _configuration(broker, read_json(path)))
    return Command(
        name="nats",
        argv=[str(Path(sys.executable).with_name("nats-server")), "--config", str(path)],
        ready=lambda: _greets(broker.port),
        environment=plain_environment(),
        folder=broker.folder,
    )


def _configuration(broker: Broker, previous: dict[str, Any]) -> dict[str, Any]:
    """NATS reads JSON; without a monitoring port nothing listens but the port that asks for a key."""
    store = broker.folder / "store"
    before = previous.get("jetstream", {}).get("max_file_store", 0)
    return {
        "server_name": "scope",
        "listen": f"{LOOPBACK}:{broker.port}",
        "max_payload": MESSAGE_BYTES,
        "jetstream": {
            "store_dir": str(store),
            "max_memory_store": 0,
            "max_file_store": _max_file(store, before),
            "sync_interval": SYNC_INTERVAL,
        },
        "authorization": {"users": [user(_seed(broker, name), granted) for name, granted in PERMISSIONS.items()]},
    }


def _max_file(store: Path, before: int) -> int:
    """Bytes that all streams may reserve together.

    It stays what it was while the disk can hold that: a smaller limit at a restart would leave streams out that exist.
    """
    store.mkdir(mode=0o700, exist_ok=True)
    used = sum(file.stat().st_size for file in store.rglob("*") if file.is_file())
    room = used + shutil.disk_usage(store).free
    return before if 0 < before < room else int(room * _SHARE_OF_DISK)


def _seed(broker: Broker, name: str) -> str:
    return credentials.kept(broker.nkey_file(name), new_seed)


def _greets(port: int) -> bool:
    """The server sends INFO to whoever connects, once its streams are recovered."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=0.2) as connection:
            return connection.recv(5) == b"INFO "
    except OSError:
        return False
