"""The identity behind a call: signed by users, verified by whoever acts on it.

Two kinds of token, told apart by where they are sent: `x-scope-identity` holds the caller's identity, signed with EdDSA
by users; `authorization: Mesh TOKEN` holds a service's own, signed with the deployment's mesh key (HMAC with SHA-256).
Both are JSON Web Tokens (RFC 7519) with the claims of scope.auth.v1.Identity, live for 60 seconds and name one RPC.
"""

import time
from collections import OrderedDict
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from google.protobuf import json_format

from mesh import headers
from mesh.contracts import service_of
from mesh.errors import ServiceError, unauthenticated
from mesh.keyring import MeshKeys
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity

#: How long a token is good for, in seconds.
LIFETIME = 60
#: How far the clocks of two machines may differ, in seconds.
LEEWAY = 5
#: How many verified tokens a process remembers.
CACHE_SIZE = 10_000

_SCHEME = "mesh "
_current: ContextVar[Identity] = ContextVar("identity")


class KeySource(Protocol):
    """Where the public keys of users come from."""

    async def public_key(self, kid: str) -> Ed25519PublicKey:
        """Answers the key of that id; raises KeyError when there is none."""


@dataclass(frozen=True)
class SigningKey:
    """A private key and the id that it is published under."""

    kid: str
    private: Ed25519PrivateKey


def current() -> Identity:
    """The verified caller of the RPC that is being handled."""
    return _current.get()


def set_current(identity: Identity) -> None:
    """Makes the identity the current one for the task that handles an RPC."""
    _current.set(identity)


def _claims(identity: Identity, issued: float) -> dict[str, Any]:
    claims = json_format.MessageToDict(identity)
    return claims | {"iat": int(issued), "exp": int(issued) + LIFETIME}


def sign(identity: Identity, key: SigningKey) -> str:
    """Signs an identity for the next 60 seconds."""
    return jwt.encode(_claims(identity, time.time()), key.private, algorithm="EdDSA", headers={"kid": key.kid})


def service_token(mesh_keys: MeshKeys, service: str, rpc: str) -> str:
    """The token with which a service calls another's RPC, `/package.Service/Method`."""
    caller = Identity(subject=service, caller=Caller.CALLER_SERVICE, rpc=rpc, audience=service_of(rpc))
    return jwt.encode(_claims(caller, time.time()), mesh_keys.signing, algorithm="HS256")


def service_metadata(mesh_keys: MeshKeys, service: str, rpc: str) -> tuple[tuple[str, str], ...]:
    """The metadata with which a service calls another's RPC."""
    return (("authorization", f"Mesh {service_token(mesh_keys, service, rpc)}"),)


class Verifier:
    """Verifies the tokens that calls come with, and remembers the good ones until they expire."""

    def __init__(self, keys: KeySource, mesh_keys: MeshKeys) -> None:
        self._keys = keys
        self._mesh_keys = mesh_keys
        self._known: OrderedDict[tuple[str, str | None], Identity] = OrderedDict()

    async def caller(self, rpc: str, metadata: dict[str, str]) -> Identity:
        """Who calls the RPC, by its metadata.

        Raises:
            ServiceError: UNAUTHENTICATED when no token is there, or one that is wrong, old or for another RPC;
                UNAVAILABLE when the keys cannot be had.
        """
        if token := metadata.get(headers.IDENTITY):
            identity = await self.verify(token, service_of(rpc))
        elif metadata.get("authorization", "").lower().startswith(_SCHEME):
            identity = self._verify_service(metadata["authorization"][len(_SCHEME) :], service_of(rpc))
        else:
            raise unauthenticated()
        if identity.rpc != rpc:
            raise unauthenticated()
        return identity

    async def verify(self, token: str, audience: str) -> Identity:
        """The identity in a token that users signed for the audience; raises like `caller`."""
        identity = await self._verified(token, audience)
        if identity.caller == Caller.CALLER_SERVICE:
            raise unauthenticated()
        return identity

    async def verify_then(self, token: str, moment: float) -> Identity:
        """The identity in a token that users signed, for whatever service, and that was good at a moment of the past.

        Args:
            token: the token, as it was passed on.
            moment: when what it is shown for happened, in seconds since 1970.

        Raises:
            ServiceError: as `caller` does.
        """
        identity = await self._verified(token, None)
        if not identity.issued_at - LEEWAY <= moment <= identity.expires_at + LEEWAY:
            raise unauthenticated()
        return identity

    async def _verified(self, token: str, audience: str | None) -> Identity:
        """What `_decode` says of a token; what is remembered of one is as good, until that expires."""
        key = (token, audience)
        known = self._known.get(key)
        if known is not None and known.expires_at + LEEWAY > time.time():
            return known
        identity = _decode(token, await self._public_key(token), "EdDSA", audience)
        self._known[key] = identity
        if len(self._known) > CACHE_SIZE:
            self._known.popitem(last=False)
        return identity

    async def _public_key(self, token: str) -> Ed25519PublicKey:
        try:
            return await self._keys.public_key(str(jwt.get_unverified_header(token).get("kid")))
        except (jwt.InvalidTokenError, KeyError):
            raise unauthenticated() from None

    def _verify_service(self, token: str, audience: str) -> Identity:
        for key in self._mesh_keys:
            with suppress(ServiceError):
                identity = _decode(token, key, "HS256", audience)
                if identity.caller == Caller.CALLER_SERVICE:
                    return identity
        raise unauthenticated()


def _decode(token: str, key: Ed25519PublicKey | bytes, algorithm: str, audience: str | None) -> Identity:
    """The identity in a token; with an audience, of one that is for that and good now."""
    options: jwt.types.Options = {"require": ["exp", "iat", "aud", "sub"]}
    if audience is None:
        options |= {"verify_aud": False, "verify_exp": False, "verify_iat": False}
    try:
        claims = jwt.decode(token, key, [algorithm], options, audience=audience, leeway=LEEWAY)
        return json_format.ParseDict(claims, Identity(), ignore_unknown_fields=True)
    except (jwt.InvalidTokenError, json_format.ParseError):
        raise unauthenticated() from None
