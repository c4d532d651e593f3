"""The public keys of users, asked for over the mesh."""

import asyncio
import time

import grpc
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from mesh.background import now_and_then
from mesh.errors import unavailable
from mesh.identity import service_metadata
from mesh.keyring import MeshKeys
from scope.errors.v1.errors_pb2 import Reason
from scope.users.v1.messages_pb2 import ListKeysRequest
from scope.users.v1.service_pb2_grpc import IdentityServiceStub

_LIST_KEYS = "/scope.users.v1.IdentityService/ListKeys"

#: How often the keys are asked for again, in seconds: one that users dropped verifies nothing after it.
REFRESH = 20.0


class RemoteKeys:
    """Keys fetched when an unknown one is named, at most once a second so that made-up key ids cost users nothing."""

    def __init__(self, channel: grpc.aio.Channel, service: str, mesh_keys: MeshKeys) -> None:
        self._stub = IdentityServiceStub(channel)
        self._service = service
        self._mesh_keys = mesh_keys
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched = float("-inf")
        self._lock = asyncio.Lock()

    async def public_key(self, kid: str) -> Ed25519PublicKey:
        """See KeySource; raises ServiceError UNAVAILABLE when users cannot be reached."""
        async with self._lock:
            if kid not in self._keys and time.monotonic() - self._fetched > 1.0:
                await self._fetch()
        return self._keys[kid]

    async def run(self) -> None:
        """Asks again now and then, for ever; without an answer those that are known stay."""
        await now_and_then(REFRESH, self._refresh, "the keys of users could not be had")

    async def _refresh(self) -> None:
        if self._keys:
            await self._fetch()

    async def _fetch(self) -> None:
        metadata = service_metadata(self._mesh_keys, self._service, _LIST_KEYS)
        try:
            answer = await self._stub.ListKeys(ListKeysRequest(), metadata=metadata, timeout=2.0)
        except grpc.aio.AioRpcError as error:
            message = "the users service cannot be reached; try again in a moment"
            raise unavailable(Reason.REASON_IDENTITY_UNAVAILABLE, message) from error
        self._keys = {str(key.key_id): key.key for key in jwt.PyJWKSet.from_json(answer.jwks).keys}
        self._fetched = time.monotonic()
