"""NATS with JetStream on the loopback: the report log; never open: each service has a key, each key its subjects."""

import os
import shutil
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nkeys

from deploy.local import credentials
from deploy.local.command import LOOPBACK, Command, plain_environment
from deploy.local.files import read_json, write_json
from mesh.limits import MESSAGE_BYTES

# What an acknowledged report may lose to a power cut; a process that dies loses nothing.
SYNC_INTERVAL = "1s"
# Of what is free at the first start. A disk that fills up stops JetStream for good; a limit below it refuses cleanly.
_SHARE_OF_DISK = 0.75


@dataclass(frozen=True)
class Permissions:
    """The subjects one key may publish to and subscribe to; all others are refused."""

    publish: Sequence[str]
    subscribe: Sequence[str]
    #: What it may not publish to, although it is among those.
    never: Sequence[str] = ()


# Whatever concerns the stream `audit`, which is for users alone.
_AUDIT = ("$JS.API.*.*.audit", "$JS.API.*.*.audit.>", "$JS.API.*.*.*.audit", "$JS.API.*.*.*.audit.>")
# A wildcard of NATS is a whole token, so a stream's name cannot be matched by its prefix.
_WRITE = Permissions(
    publish=(
        "reports.>",
        "$JS.API.INFO",
        "$JS.API.STREAM.CREATE.*",
        "$JS.API.STREAM.UPDATE.*",
        "$JS.API.STREAM.INFO.*",
        "$JS.API.STREAM.MSG.GET.*",
        "$JS.API.DIRECT.GET.*",
        "$JS.API.DIRECT.GET.*.>",
    ),
    subscribe=("_INBOX_collection.>",),
    never=_AUDIT,
)
# Users files what others publish under `audit.SERVICE`, and deletes the logs of organizations that are gone. It asks
# who holds what, and hears who says so.
_FILE = Permissions(
    publish=(
        "$JS.API.STREAM.CREATE.audit",
        "$JS.API.STREAM.UPDATE.audit",
        "$JS.API.CONSUMER.DURABLE.CREATE.audit.users",
        "$JS.API.CONSUMER.MSG.NEXT.audit.users",
        "$JS.ACK.audit.users.>",
        "$JS.API.STREAM.DELETE.*",
        "routes.inquiries",
    ),
    subscribe=("_INBOX_users.>", "routes.answers.*.*"),
    never=("$JS.API.STREAM.DELETE.audit",),
)
# Those who read publish nothing themselves; but the server answers to whatever subject a request names. So these keys
# are for our own services, never for a tenant.
_READ = (
    "$JS.API.STREAM.INFO.*",
    "$JS.API.CONSUMER.CREATE.*",
    "$JS.API.CONSUMER.CREATE.*.>",
    "$JS.API.CONSUMER.INFO.*.*",
    "$JS.API.CONSUMER.DELETE.*.*",
    "$JS.API.CONSUMER.MSG.NEXT.*.*",
    "$JS.API.DIRECT.GET.*",
    "$JS.API.DIRECT.GET.*.>",
    "$JS.FC.>",
)
# Control brings calls to the replica that holds a probe's stream, in whose group one of them gets each, and what became
# of them to the inbox of the one that was asked. It tells the audit, and records pipes, and reads neither.
_CALL = Permissions(
    publish=(
        "controls.*.*.calls",
        "controls.*.*.notices",
        "_INBOX_control.*.*",
        "audit.control",
        "$KV.pipes.*",
        "$JS.API.STREAM.CREATE.KV_pipes",
        "$JS.API.STREAM.UPDATE.KV_pipes",
        "routes.answers.control.*",
    ),
    subscribe=("controls.*.*.calls holder", "controls.*.*.notices", "_INBOX_control.*.*", "routes.inquiries"),
)
# Pipe passes on what the ends of pipes say, and reads and writes the records of pipes. It may not change how these are
# kept: a bucket can be told to take in other streams, which pipe would then read.
_JOIN = Permissions(
    publish=(
        "pipes.*.*.*",
        "$KV.pipes.*",
        "$JS.API.STREAM.CREATE.KV_pipes",
        "$JS.API.STREAM.MSG.GET.KV_pipes",
        "routes.answers.pipe.*",
    ),
    subscribe=("pipes.*.*.*", "_INBOX_pipe.>", "routes.inquiries"),
)
PERMISSIONS = {
    "collection": _WRITE,
    "users": _FILE,
    "query": Permissions(_READ, ("_INBOX_query.>",), _AUDIT),
    "control": _CALL,
    "pipe": _JOIN,
    # Readers from outside, tests and benchmarks, know an organization by its name and its stream only by looking.
    "reader": Permissions((*_READ, "$JS.API.STREAM.NAMES"), ("_INBOX_reader.>",), _AUDIT),
}


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


def user(seed: str, permissions: Permissions) -> dict[str, Any]:
    """One of the users in the server's configuration, by the public key of this seed."""
    return {
        "nkey": nkeys.from_seed(seed.encode()).public_key.decode(),
        "permissions": {
            "publish": {"allow": permissions.publish, "deny": permissions.never},
            "subscribe": {"allow": permissions.subscribe},
        },
    }


def new_seed() -> str:
    """What a user of the bus proves by who it is."""
    return str(nkeys.encode_seed(os.urandom(32), nkeys.PREFIX_BYTE_USER).decode())


def _greets(port: int) -> bool:
    """The server sends INFO to whoever connects, once its streams are recovered."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=0.2) as connection:
            return connection.recv(5) == b"INFO "
    except OSError:
        return False
