"""A users service small enough to script, and the keys that go with it."""

import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mesh.identity import SigningKey, Verifier, sign
from mesh.interceptor import Guard
from mesh.keyring import MeshKeys
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity
from scope.users.v1.messages_pb2 import (
    ListKeysRequest,
    ListKeysResponse,
    RenewedIdentity,
    RenewRequest,
    RenewResponse,
)
from scope.users.v1.service_pb2_grpc import IdentityServiceServicer, add_IdentityServiceServicer_to_server


def somebody(**claims: Any) -> Identity:
    """A person who reads, but for what the claims say."""
    usual = {
        "subject": "somebody",
        "caller": Caller.CALLER_USER,
        "organization": "o",
        "permissions": ["report.view"],
        "credential": "api:1",
    }
    return Identity(**(usual | claims))


@dataclass
class Authority(IdentityServiceServicer):
    """Signs identities, and answers Renew with what `worth` says of a credential."""

    key: SigningKey = field(default_factory=lambda: SigningKey("first", Ed25519PrivateKey.generate()))
    mesh_keys: MeshKeys = field(default_factory=lambda: MeshKeys([secrets.token_bytes(32)]))
    worth: dict[str, Identity] = field(default_factory=dict)
    address: str = ""

    async def public_key(self, kid: str) -> Ed25519PublicKey:
        return {self.key.kid: self.key.private.public_key()}[kid]

    def token(self, rpc: str, **claims: object) -> str:
        return sign(somebody(**{"rpc": rpc, "audience": rpc.split("/")[1], **claims}), self.key)

    async def ListKeys(self, request: ListKeysRequest, context: object) -> ListKeysResponse:  # noqa: N802
        key = jwt.algorithms.OKPAlgorithm.to_jwk(self.key.private.public_key(), as_dict=True)
        return ListKeysResponse(jwks=json.dumps({"keys": [{**key, "kid": self.key.kid, "alg": "EdDSA"}]}))

    async def Renew(self, request: RenewRequest, context: object) -> RenewResponse:  # noqa: N802
        answer = RenewResponse()
        for credential in request.credentials:
            identity = self.worth.get(credential.credential)
            answer.identities.append(RenewedIdentity(token=sign(identity, self.key) if identity else ""))
        return answer


@pytest.fixture
async def authority() -> AsyncIterator[Authority]:
    """A served Authority, itself behind the guard."""
    authority = Authority()
    server = grpc.aio.server(interceptors=[Guard(Verifier(authority, authority.mesh_keys))])
    add_IdentityServiceServicer_to_server(authority, server)
    authority.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    yield authority
    await server.stop(None)
