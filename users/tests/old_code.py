"""The users service as it was in the commit that `users/migrations/BASELINE` names, run out of its own tree."""

import asyncio
import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import pytest

from deploy.local.command import Command, accepts, free_ports
from deploy.local.running import Running
from mesh.headers import IDENTITY
from mesh.identity import Verifier
from mesh.keyring import MeshKeys
from scope.edge.v1.authorization_pb2 import CheckRequest
from scope.edge.v1.authorization_pb2_grpc import AuthorizationStub
from users import migrations, rotation
from users.identity import Keys
from users.tests.conftest import Service, injected

ADMINISTRATOR = "ann@example.org"
BASELINE = Path(migrations.__file__).with_name("BASELINE")
_ROOT = BASELINE.parents[2]
_PROGRAM = "from users.cli import main; main()"


@pytest.fixture(scope="session")
def old_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of that commit. Without a baseline there is nothing to try."""
    if not BASELINE.exists():
        pytest.skip("there is no users/migrations/BASELINE: no code is running yet that migrations must work with")
    commit = BASELINE.read_text().strip()
    archive = subprocess.run(["git", "archive", commit], cwd=_ROOT, capture_output=True, check=False)
    if archive.returncode != 0:
        pytest.fail(f"{BASELINE} names {commit}, which this clone does not have: git fetch --unshallow")
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


@dataclass
class OldCode:
    """Its service and its commands, on a database whose tables may be newer."""

    tree: Path
    environment: dict[str, str]
    channel: grpc.aio.Channel
    keys: Keys
    mesh_keys: MeshKeys

    def command(self, *arguments: str) -> dict[str, str]:
        """What `scope-users` answers."""
        ran = self._python("-c", _PROGRAM, *arguments, "--output", "json")
        answer: dict[str, str] = json.loads(ran)
        return answer

    def link(self) -> str:
        """The secret of a sign-in link for the administrator."""
        return self.command("login-link", ADMINISTRATOR)["login_url"].rpartition("/")[2]

    def module(self, name: str) -> Path:
        """Where the old program finds a module."""
        return Path(self._python("-c", f"import {name} as found; print(found.__file__)").strip())

    def _python(self, *arguments: str) -> str:
        return _python(self.tree, self.environment, *arguments)

    def seen_by(self, users: Service) -> Service:
        """The old service, with the new one's means to call it."""
        verifier = Verifier(self.keys, self.mesh_keys)
        return replace(users, channel=self.channel, mesh_keys=self.mesh_keys, verifier=verifier)

    async def identity(self, rpc: str, token: str) -> str:
        """The identity that Check injects, signed; empty where it denies."""
        asked = CheckRequest()
        asked.attributes.context_extensions["rpc"] = rpc
        asked.attributes.request.http.headers["authorization"] = f"Bearer {token}"
        answer = await AuthorizationStub(self.channel).Check(asked)
        return injected(answer, IDENTITY) if answer.HasField("ok_response") else ""


@pytest.fixture
async def old(old_tree: Path, postgres_url: str, tmp_path: Path) -> AsyncIterator[OldCode]:
    """The old service on the old tables."""
    port = free_ports(1)[0]
    environment = _environment(old_tree, postgres_url, tmp_path, port)
    _python(old_tree, environment, "-c", _PROGRAM, "migrate")
    command = Command(
        name="the old users service",
        argv=[sys.executable, "-m", "users"],
        ready=lambda: accepts(port),
        environment=environment,
        folder=old_tree,
    )
    server = Running(command, tmp_path / "old.log")
    try:
        await asyncio.to_thread(server.start)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            keys = Keys.read(Path(environment["IDENTITY_KEY_FILE"]))
            mesh_keys = MeshKeys.read(Path(environment["MESH_KEY_FILE"]))
            yield OldCode(old_tree, environment, channel, keys, mesh_keys)
    finally:
        await asyncio.to_thread(server.stop)


def _environment(tree: Path, url: str, folder: Path, port: int) -> dict[str, str]:
    identity, mesh = folder / "identity.pem", folder / "mesh.key"
    identity.write_text(rotation.IDENTITY.make())
    mesh.write_text(rotation.MESH.make())
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(tree / part) for part in (".", "gen/python/src")),
        "LISTEN": f"127.0.0.1:{port}",
        "USERS_ADDRESS": f"127.0.0.1:{port}",
        "DATABASE_URL": url,
        "IDENTITY_KEY_FILE": str(identity),
        "MESH_KEY_FILE": str(mesh),
    }


def _python(tree: Path, environment: dict[str, str], *arguments: str) -> str:
    ran = subprocess.run(
        [sys.executable, *arguments], cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout
