"""Keys in files that change."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mesh import keyring, keys
from mesh.background import running
from mesh.errors import ServiceError
from mesh.identity import SigningKey, Verifier, service_metadata
from mesh.keyring import MeshKeys, follow
from mesh.keys import RemoteKeys
from mesh.seal import HEADER, Seal
from mesh.serve import users_channel
from mesh.tests.authority import Authority

ONE, TWO, THREE = (bytes([number]) * 32 for number in (1, 2, 3))
RPC = "/scope.users.v1.IdentityService/Renew"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked at, and keys asked for, all the time."""
    monkeypatch.setattr(keyring, "POLL", 0.01)
    monkeypatch.setattr(keys, "REFRESH", 0.01)


def test_the_first_signs_and_what_stands_beside_a_key_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "mesh.key"
    file.write_text(f"{ONE.hex()}\n\n{TWO.hex()} retired long ago\n")
    read = MeshKeys.read(file)
    assert read.signing == ONE
    assert [*read] == [ONE, TWO]


@pytest.mark.parametrize("content", [b"", b"\n", b"nonsense", b"00" * 31, ONE.hex().encode() + b"\n00", b"\xff" * 64])
def test_a_file_without_keys_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "mesh.key"
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"mesh\.key must hold mesh keys"):
        MeshKeys.read(file)


@pytest.mark.usefixtures("often")
async def test_a_changed_file_is_read_and_what_is_no_keys_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "mesh.key"
    file.write_text(ONE.hex())
    mesh_keys = MeshKeys.read(file)
    taken: list[bytes] = []

    def take(content: bytes) -> None:
        taken.append(content)
        mesh_keys.take(content)

    async with running(follow(file, take)):
        file.write_text(TWO.hex())
        await until(lambda: mesh_keys.signing == TWO)
        for content in ("nonsense", None, THREE.hex()):
            file.unlink() if content is None else file.write_text(content)
            await until(lambda content=content: taken[-1] == (content or "").encode())
            assert mesh_keys.signing == (THREE if content == THREE.hex() else TWO)


async def test_services_believe_what_any_of_their_mesh_keys_signed() -> None:
    verifier = Verifier(Authority(), MeshKeys([ONE, TWO]))

    async def believed(key: bytes) -> bool:
        try:
            await verifier.caller(RPC, dict(service_metadata(MeshKeys([key]), "query", RPC)))
        except ServiceError:
            return False
        return True

    assert [await believed(key) for key in (ONE, TWO, THREE)] == [True, True, False]


async def test_a_token_is_verified_once_and_judged_each_time_for_the_moment_it_is_shown_for() -> None:
    authority, now = Authority(), time.time()
    token = authority.token(RPC)
    verifier = Verifier(authority, authority.mesh_keys)
    first = await verifier.verify_then(token, now)
    authority.key = SigningKey("another", authority.key.private)
    with pytest.raises(ServiceError):
        await Verifier(authority, authority.mesh_keys).verify_then(token, now)
    assert await verifier.verify_then(token, now) == first
    for moment in (now - 3600, now + 3600):
        with pytest.raises(ServiceError):
            await verifier.verify_then(token, moment)


def test_seals_of_all_mesh_keys_hold_and_new_ones_are_of_the_first() -> None:
    mesh_keys = MeshKeys([ONE])
    seal = Seal(mesh_keys)

    def holds(made: Seal) -> bool:
        return seal.holds("s", {HEADER: made.of("s", {}, b"")}, b"")

    mesh_keys.take(f"{TWO.hex()}\n{ONE.hex()}".encode())
    assert holds(Seal(MeshKeys([ONE])))
    assert seal.of("s", {}, b"") == Seal(MeshKeys([TWO])).of("s", {}, b"")
    mesh_keys.take(TWO.hex().encode())
    assert not holds(Seal(MeshKeys([ONE])))


@pytest.fixture
async def remote(authority: Authority) -> AsyncIterator[RemoteKeys]:
    """The keys as a service asks for them."""
    async with users_channel(authority.address) as channel:
        yield RemoteKeys(channel, "query", MeshKeys([*authority.mesh_keys]))


@pytest.mark.usefixtures("often")
async def test_a_key_that_users_dropped_is_forgotten(authority: Authority, remote: RemoteKeys) -> None:
    old = authority.key
    await remote.public_key(old.kid)
    async with running(remote.run()):
        authority.key = SigningKey("second", Ed25519PrivateKey.generate())
        await until(lambda: old.kid not in remote._keys)
        await remote.public_key("second")
        with pytest.raises(KeyError):
            await remote.public_key(old.kid)


@pytest.mark.usefixtures("often")
async def test_keys_stay_while_users_are_away(authority: Authority, remote: RemoteKeys) -> None:
    await remote.public_key(authority.key.kid)
    authority.mesh_keys.take(TWO.hex().encode())  # from now on it refuses who asks
    with structlog.testing.capture_logs() as logs:
        async with running(remote.run()):
            await until(lambda: len(logs) > 3)
    await remote.public_key(authority.key.kid)
