"""The secrets of a deployment of containers: made once, each service's apart, and NATS goes by them."""

import asyncio
import base64
import json
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nats
import nkeys
import pytest
from nats.aio.client import Client

from deploy import secrets
from deploy.local.command import LOOPBACK, Command, accepts, free_ports
from deploy.local.running import Running
from mesh.identity import service_token
from mesh.keyring import MeshKeys
from users.identity import Keys

PATIENCE = 30
ELSEWHERE = "postgresql://scope:secret@db.example:5432/scope"


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "deploy.secrets", *arguments], capture_output=True, text=True, check=False
    )


def test_each_service_has_its_own_folder_and_what_it_needs(tmp_path: Path) -> None:
    secrets.make(tmp_path / "made" / "here")
    made = contents(tmp_path / "made" / "here")
    of_all = {f"{name}/{file}" for name in secrets.SERVICES for file in ("mesh.key", "nats.nk")}
    alone = {"users/identity.pem", "users/database-url", "postgres/password", "nats/authorization.conf"}
    assert set(made) == of_all | alone
    assert len({made[f"{name}/mesh.key"] for name in secrets.SERVICES}) == 1
    assert len({made[f"{name}/nats.nk"] for name in secrets.SERVICES}) == len(secrets.SERVICES)
    assert made["users/database-url"] == f"postgresql://scope:{made['postgres/password']}@postgres:5432/scope"


def test_the_services_read_what_was_made(tmp_path: Path) -> None:
    secrets.make(tmp_path)
    assert service_token(
        MeshKeys.read(tmp_path / "query" / "mesh.key"), "query", "/scope.users.v1.IdentityService/Renew"
    )
    Keys.read(tmp_path / "users" / "identity.pem")


def test_the_bus_is_told_no_secret(tmp_path: Path) -> None:
    secrets.make(tmp_path)
    made = contents(tmp_path)
    told = made.pop("nats/authorization.conf")
    for name in secrets.SERVICES:
        assert nkeys.from_seed(made[f"{name}/nats.nk"].encode()).public_key.decode() in told
    assert not [name for name, secret in made.items() if secret in told]


def test_only_the_owner_gets_in_and_within_the_group_reads(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    secrets.make(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()}
    assert modes == {0o440}
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o750}


def test_what_is_there_stays_and_what_is_missing_comes(tmp_path: Path) -> None:
    secrets.make(tmp_path)
    before = contents(tmp_path)
    (tmp_path / "query" / "nats.nk").unlink()
    (tmp_path / "collection" / "mesh.key").unlink()
    (tmp_path / "nats" / "authorization.conf").chmod(0o600)
    (tmp_path / "nats" / "authorization.conf").write_text("of an older version")
    secrets.make(tmp_path)
    after = contents(tmp_path)
    assert {name for name in before if before[name] != after[name]} == {"query/nats.nk", "nats/authorization.conf"}
    assert nkeys.from_seed(after["query/nats.nk"].encode()).public_key.decode() in after["nats/authorization.conf"]


def test_those_that_make_them_at_once_make_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as several:
        assert [made.returncode for made in several.map(lambda _: run(str(tmp_path)), range(4))] == [0] * 4
    assert len({path.read_text() for path in tmp_path.glob("*/mesh.key")}) == 1
    password = (tmp_path / "postgres" / "password").read_text()
    assert password in (tmp_path / "users" / "database-url").read_text()


def test_a_database_that_is_not_called_in_ascii_is_kept_as_it_is(tmp_path: Path) -> None:
    url = "postgresql://jürgen:secret@db.example:5432/scope"
    for _ in range(2):
        made = run(str(tmp_path), "--database-url", url)
        assert (made.returncode, made.stdout, made.stderr) == (0, "", "")
    assert (tmp_path / "users" / "database-url").read_text(encoding="utf-8") == url


def test_a_database_that_runs_elsewhere_is_named_and_has_no_password_here(tmp_path: Path) -> None:
    for arguments in (["--database-url", ELSEWHERE], []):
        assert run(str(tmp_path), *arguments).returncode == 0
        made = contents(tmp_path)
        assert made["users/database-url"] == ELSEWHERE
        assert "postgres/password" not in made


def test_another_database_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    secrets.make(tmp_path)
    before = contents(tmp_path)
    refused = run(str(tmp_path), "--database-url", ELSEWHERE)
    assert refused.returncode == 1
    assert "remove that file to use the one of --database-url" in refused.stderr
    assert "secret@" not in refused.stderr
    assert contents(tmp_path) == before


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    refused = run(str(tmp_path / "file"))
    assert (refused.returncode, "file" in refused.stderr, "Traceback" in refused.stderr) == (1, True, False)


def test_kubernetes_gets_one_secret_for_each_folder(tmp_path: Path) -> None:
    printed = run(str(tmp_path), "--kubernetes", "somewhere")
    assert printed.returncode == 0, printed.stderr
    items = json.loads(printed.stdout)["items"]
    assert {(item["kind"], item["apiVersion"], item["metadata"]["namespace"]) for item in items} == {
        ("Secret", "v1", "somewhere")
    }
    held = {
        f"{item['metadata']['name']}/{key}": base64.b64decode(value).decode()
        for item in items
        for key, value in item["data"].items()
    }
    assert held == contents(tmp_path)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The URL of a server that includes what was made, beside a configuration of its own."""
    secrets.make(tmp_path / "secrets")
    port = free_ports(1)[0]
    configuration = tmp_path / "nats.conf"
    configuration.write_text(
        f'listen: "{LOOPBACK}:{port}"\n'
        f'jetstream {{ store_dir: "{tmp_path}/store" }}\n'
        "include ./secrets/nats/authorization.conf\n"
    )
    program = str(Path(sys.executable).with_name("nats-server"))
    command = Command(name="nats", argv=[program, "--config", str(configuration)], ready=lambda: accepts(port))
    running = Running(command, tmp_path / "nats.log")
    try:
        running.start()
        yield f"nats://{LOOPBACK}:{port}"
    finally:
        running.stop()


async def connected(server: str, told: asyncio.Queue[str], **options: str) -> Client:
    """A client that tells what the server refuses it."""

    async def tell(error: Exception) -> None:
        await told.put(str(error).lower())

    return await nats.connect(server, allow_reconnect=False, error_cb=tell, connect_timeout=PATIENCE, **options)


@pytest.mark.integration
@pytest.mark.parametrize("name", secrets.SERVICES)
async def test_the_bus_takes_each_service_for_what_it_is(server: str, tmp_path: Path, name: str) -> None:
    seed = str(tmp_path / "secrets" / name / "nats.nk")
    told: asyncio.Queue[str] = asyncio.Queue()
    client = await connected(server, told, nkeys_seed=seed)
    await client.subscribe(f"_INBOX_{name}.asked.once")
    await client.subscribe("_INBOX_another.>")
    # The server takes what comes in order: what it refuses first is the second.
    refused = await asyncio.wait_for(told.get(), PATIENCE)
    assert "permissions violation" in refused
    assert "_inbox_another" in refused
    await client.close()


@pytest.mark.integration
def test_the_bus_takes_nobody_else(server: str) -> None:
    host, _, port = server.removeprefix("nats://").partition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
        assert b'"auth_required":true' in connection.recv(4096)
        connection.sendall(b'CONNECT {"verbose":true}\r\n')
        assert b"Authorization Violation" in connection.recv(4096)
