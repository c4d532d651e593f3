"""The secrets of a deployment of containers: `python -m deploy.secrets FOLDER` makes them.

Each service gets a folder of its own, to be mounted as its `/secrets`; none has anything that another service alone
needs. What is there stays as it is, so that this may be run before every start. Only who may do what on the bus is
written again each time, since that comes from the version which runs it.

    FOLDER/{users,collection,query,control,pipe}/mesh.key   the same in all: MESH_KEY_FILE
    FOLDER/{users,collection,query,control,pipe}/nats.nk    the seed of each: NATS_NKEY_FILE
    FOLDER/users/identity.pem                               IDENTITY_KEY_FILE
    FOLDER/users/database-url                               DATABASE_URL_FILE
    FOLDER/postgres/password                                of the user `scope` of a PostgreSQL beside the services
    FOLDER/nats/authorization.conf                          for NATS to include: public keys and subjects, no secrets
"""

import base64
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.secrets import credentials
from deploy.secrets.bus import PERMISSIONS, new_seed, user
from deploy.secrets.files import write_private

#: Whose calls the mesh's own are, and who speaks on the bus.
SERVICES = ("users", "collection", "query", "control", "pipe")
_DATABASE = "postgresql://scope:{password}@postgres:5432/scope"


class DifferentDatabaseError(Exception):
    """There is a database's URL already, and it is another than the one that is wanted."""


def make(folder: Path, database_url: str = "") -> None:
    """Makes what is missing; with a URL of a database that runs elsewhere, no password of one of our own.

    Only who may look into `folder` gets at anything; within it the group may read too, for a part of it that is mounted
    elsewhere is read by programs that run as other users.

    Raises:
        DifferentDatabaseError: another URL is there.
        OSError: something cannot be read or written.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(folder):
        _make(folder, database_url)


def _make(folder: Path, database_url: str) -> None:
    _database(folder, database_url)
    before = (path.read_text(encoding="ascii") for path in sorted(folder.glob("*/mesh.key")))
    mesh_key = next(before, "") or credentials.mesh_key()
    seeds = {}
    for name in SERVICES:
        _kept(folder / name / "mesh.key", lambda: mesh_key)
        seeds[name] = _kept(folder / name / "nats.nk", new_seed)
    _kept(folder / "users" / "identity.pem", credentials.identity_key)
    users = [user(seed, PERMISSIONS[name]) for name, seed in seeds.items()]
    _write(folder / "nats" / "authorization.conf", f"authorization: {json.dumps({'users': users}, indent=2)}\n")


def as_kubernetes(folder: Path, namespace: str) -> dict[str, Any]:
    """The same as a list of Secrets: one for each folder, named as it, its keys the names of the files."""
    return {
        "apiVersion": "v1",
        "kind": "List",
        "items": [_secret(path, namespace) for path in sorted(folder.iterdir()) if path.is_dir()],
    }


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """While the body runs, others that make secrets here wait: two at once would give services different keys."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _database(folder: Path, wanted: str) -> None:
    path = folder / "users" / "database-url"
    if not wanted and not path.exists():
        wanted = _DATABASE.format(password=_kept(folder / "postgres" / "password", credentials.password))
    if _kept(path, lambda: wanted) != wanted and wanted:
        raise DifferentDatabaseError(
            f"{path} names another database: remove that file to use the one of --database-url"
        )


def _kept(path: Path, make: Callable[[], str]) -> str:
    if not path.exists():
        _write(path, make())
    return path.read_text(encoding="utf-8")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o750, exist_ok=True)
    write_private(path, text)
    path.chmod(0o440)


def _secret(folder: Path, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": folder.name, "namespace": namespace, "labels": {"app.kubernetes.io/part-of": "scope"}},
        "type": "Opaque",
        "data": {path.name: base64.b64encode(path.read_bytes()).decode() for path in sorted(folder.iterdir())},
    }
