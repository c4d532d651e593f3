"""What the other services ask."""

import asyncio

from typing_extensions import override

from mesh.headers import Context
from mesh.identity import current
from scope.auth.v1.identity_pb2 import Identity
from scope.users.v1 import service_pb2_grpc
from scope.users.v1.messages_pb2 import (
    ListKeysRequest,
    ListKeysResponse,
    RenewedIdentity,
    RenewRequest,
    RenewResponse,
    StreamCredential,
)
from users.credentials import Holder, Holders
from users.identity import Keys, Signer
from users.instruments import RENEWED
from users.usage import Usage

#: Identities signed before other work gets its turn: signing takes about 60 us.
_BATCH = 50


class IdentityService(service_pb2_grpc.IdentityServiceServicer):
    """What the other services ask."""

    def __init__(self, holders: Holders, keys: Keys, signer: Signer, usage: Usage) -> None:
        self._holders = holders
        self._keys = keys
        self._signer = signer
        self._usage = usage

    @override
    async def ListKeys(self, request: ListKeysRequest, context: Context) -> ListKeysResponse:
        """Answers the public keys."""
        return ListKeysResponse(jwks=self._keys.jwks())

    @override
    async def Renew(self, request: RenewRequest, context: Context) -> RenewResponse:
        """Answers what the credentials are worth now; that a stream is open is use."""
        holders = await self._holders.by_name({asked.credential for asked in request.credentials})
        for holder in holders.values():
            self._usage.note(holder)
        answer = RenewResponse()
        for number, asked in enumerate(request.credentials):
            if number % _BATCH == _BATCH - 1:
                await asyncio.sleep(0)
            identity = _renewed(holders.get(asked.credential), asked)
            RENEWED.add(1, "good" if identity else "ended")
            answer.identities.append(RenewedIdentity(token=self._signer.token(identity) if identity else ""))
        return answer


def _renewed(holder: Holder | None, asked: StreamCredential) -> Identity | None:
    """The identity of a credential in the organization that it was used for, for the service that asks."""
    if holder is None:
        return None
    place = next((place for place in holder.places if place.organization == asked.organization), None)
    if asked.organization and place is None:
        return None
    identity = holder.identity(place)
    identity.audience = current().subject
    return identity
