"""Replacing keys while two replicas of users, and a service that verifies what they sign, are called all the time.

Each reads a file of its own, which changes at a time of its own.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import grpc
import pytest

from mesh import keyring
from mesh import keys as remote
from mesh.background import running
from mesh.headers import IDENTITY as HEADER
from mesh.identity import SigningKey, Verifier, sign
from mesh.interceptor import Guard
from mesh.keyring import MeshKeys, follow
from mesh.keys import RemoteKeys
from mesh.renewal import Renewals
from mesh.seal import HEADER as SEAL
from mesh.seal import Seal
from mesh.serve import Mesh, users_channel
from scope.auth.v1.identity_pb2 import Identity
from scope.users.v1.messages_pb2 import LookupRequest
from scope.users.v1.service_pb2_grpc import SessionServiceStub
from users import rotation
from users.audit import Refusals
from users.build import registers
from users.database import Database
from users.identity import Keys
from users.rotation import IDENTITY, MESH, KeyFile
from users.routes import Routes
from users.settings import UsersSettings
from users.tests.conftest import LOOKUP, Clock, Service
from users.usage import Usage

NOW = timedelta(0)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "POLL", 0.01)
    monkeypatch.setattr(remote, "REFRESH", 0.05)


class Copies:
    """A process's own copies of the files of keys, and what it read of them."""

    def __init__(self, folder: Path, originals: "dict[str, KeyFile]") -> None:
        self._files = {name: folder / name for name in originals}
        self._originals = originals
        folder.mkdir()
        for name in originals:
            self._copy(name)
        self.keys = Keys.read(self._files["identity"])
        self.mesh_keys = MeshKeys.read(self._files["mesh"])
        self._read: dict[str, bytes] = {}

    def _copy(self, name: str) -> bytes:
        content = self._originals[name].path.read_bytes()
        new = self._files[name].with_suffix(".new")
        new.write_bytes(content)
        new.replace(self._files[name])
        return content

    async def catch_up(self, name: str) -> None:
        """Copies what the file holds now and waits until it was read."""
        content = self._copy(name)
        async with asyncio.timeout(60):
            while self._read.get(name) != content:
                await asyncio.sleep(0.01)

    async def follow(self) -> None:
        """As every process does."""
        await asyncio.gather(
            follow(self._files["identity"], partial(self._take, "identity")),
            follow(self._files["mesh"], partial(self._take, "mesh")),
        )

    def _take(self, name: str, content: bytes) -> None:
        (self.keys if name == "identity" else self.mesh_keys).take(content)
        self._read[name] = content


@dataclass
class Deployment:
    """Two replicas of users, and a service that asks either of them for keys."""

    originals: dict[str, KeyFile]
    replicas: list[Service]
    service: SessionServiceStub
    #: Of the replicas, then of the service.
    copies: list[Copies]
    token: str
    #: Whose token it is.
    caller: Identity
    called: int = 0
    forged: int = 0
    failed: list[BaseException] = field(default_factory=list)

    async def call_all_the_time(self) -> None:
        while True:
            for replica in self.replicas:
                try:
                    await self._call(replica)
                except Exception as error:  # noqa: BLE001 - whatever it is, the test fails by it
                    self.failed.append(error)
            self.called += 1

    async def _call(self, replica: Service) -> None:
        metadata = await replica.metadata(LOOKUP, authorization=f"Bearer {self.token}")
        await self.service.Lookup(LookupRequest(), metadata=metadata)
        assert await replica.renew((self.caller.credential, self.caller.organization)) != [None]
        for sealing in self.copies:
            assert self.holds(Seal(sealing.mesh_keys))

    def holds(self, made: Seal) -> bool:
        return Seal(self.copies[2].mesh_keys).holds("s", {SEAL: made.of("s", {}, b"")}, b"")

    async def more_calls(self) -> None:
        """Waits until some more calls were begun and ended."""
        called = self.called
        async with asyncio.timeout(60):
            while self.called < called + 3:
                await asyncio.sleep(0.01)

    async def spread(self, name: str) -> None:
        """Everybody reads the changed file, one after the other."""
        for copies in self.copies:
            await copies.catch_up(name)
            await self.more_calls()

    async def rotate(self, name: str) -> None:
        """Replaces the keys of a kind, and drops the old one as soon as everybody uses the new one."""
        loop = asyncio.get_running_loop()

        def wait(_: datetime) -> None:
            asyncio.run_coroutine_threadsafe(self.spread(name), loop).result(200)

        await asyncio.to_thread(rotation.rotate, self.originals[name], NOW, wait)
        await self.spread(name)
        rotation.drop(self.originals[name], NOW)
        await self.spread(name)

    async def code(self, key: SigningKey) -> grpc.StatusCode:
        """What the service answers to an identity that it has not seen yet and that key signed."""
        self.forged += 1
        identity = Identity()
        identity.CopyFrom(self.caller)
        identity.credential = f"api:{self.forged}"
        metadata = ((HEADER, sign(identity, key)),)
        try:
            await self.service.Lookup(LookupRequest(), metadata=metadata)
        except grpc.aio.AioRpcError as error:
            return error.code()
        return grpc.StatusCode.OK


@pytest.fixture
async def deployment(database: Database, settings: UsersSettings, tmp_path: Path) -> AsyncIterator[Deployment]:
    originals = {}
    for name, kind in (("identity", IDENTITY), ("mesh", MESH)):
        (tmp_path / name).write_text(kind.make())
        originals[name] = KeyFile(tmp_path / name, kind)
    copies = [Copies(tmp_path / name, originals) for name in ("one", "two", "service")]
    async with AsyncExitStack() as stack:
        serve = partial(_serve, stack, settings, database)
        at = [await serve(own, Verifier(own.keys, own.mesh_keys)) for own in copies[:2]]
        both = await stack.enter_async_context(users_channel(",".join(address for address, _, _ in at)))
        asked = RemoteKeys(both, "query", copies[2].mesh_keys)
        verifier = Verifier(asked, copies[2].mesh_keys)
        _, service, _ = await serve(copies[2], verifier)
        known = (settings.database_url, database, Usage(database), Refusals(database))
        replicas = [
            Service(*known, own.keys, Clock(), channel, copies[2].mesh_keys, verifier, mesh)
            for own, (_, channel, mesh) in zip(copies, at, strict=False)
        ]
        token = (await replicas[0].organization("acme")).api_token
        caller = await replicas[0].identity(LOOKUP, authorization=f"Bearer {token}")
        made = Deployment(originals, replicas, SessionServiceStub(service), copies, token, caller)
        following = (own.follow() for own in copies)
        async with running(asked.run(), *following, made.call_all_the_time()):
            yield made


async def _serve(
    stack: AsyncExitStack, settings: UsersSettings, database: Database, own: Copies, verifier: Verifier
) -> tuple[str, grpc.aio.Channel, Mesh]:
    """A process: its address, a channel to it, and what it is given to build itself from."""
    server = grpc.aio.server(interceptors=[Guard(verifier)])
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    channel = await stack.enter_async_context(users_channel(address))
    mesh = Mesh("users", settings, Renewals(channel, "users", own.mesh_keys, verifier))
    own_registers = registers(
        mesh,
        settings,
        database,
        own.keys,
        usage=Usage(database),
        refusals=Refusals(database),
        routes=Routes(None, database, own.mesh_keys),
    )
    for register in own_registers.values():
        register(server)
    await server.start()
    stack.push_async_callback(server.stop, 0)
    return address, channel, mesh


@pytest.mark.parametrize("name", ["identity", "mesh"])
async def test_no_call_is_lost(deployment: Deployment, name: str) -> None:
    await deployment.more_calls()
    await deployment.rotate(name)
    assert deployment.failed == []


async def test_an_old_identity_key_is_worth_nothing_when_it_was_dropped(deployment: Deployment) -> None:
    old = deployment.copies[0].keys.signing
    assert await deployment.code(old) == grpc.StatusCode.OK
    await deployment.rotate("identity")
    async with asyncio.timeout(60):
        while await deployment.code(old) != grpc.StatusCode.UNAUTHENTICATED:
            await asyncio.sleep(0.01)
    assert await deployment.code(deployment.copies[0].keys.signing) == grpc.StatusCode.OK


async def test_an_old_mesh_key_is_worth_nothing_when_it_was_dropped(deployment: Deployment) -> None:
    old = MeshKeys([deployment.copies[0].mesh_keys.signing])
    assert deployment.holds(Seal(old))
    await deployment.rotate("mesh")
    assert not deployment.holds(Seal(old))
    for replica in deployment.replicas:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await replace(replica, mesh_keys=old).renew((deployment.caller.credential, ""))
        assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
