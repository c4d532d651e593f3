"""Identities: the keys that sign them, and the tokens handed out."""

import base64
import hashlib
import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mesh.identity import SigningKey, sign
from scope.auth.v1.identity_pb2 import Identity

#: How long the same token is handed out for the same identity, in seconds: services remember the tokens they verified.
REUSE = 30.0
#: How many tokens a process remembers.
CACHE_SIZE = 20_000

_PEM = re.compile(rb"-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----", re.DOTALL)


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _x(key: Ed25519PublicKey) -> str:
    return _base64url(key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw))


def thumbprint(key: Ed25519PublicKey) -> str:
    """The id of a key: its JWK thumbprint (RFC 7638)."""
    members = json.dumps({"crv": "Ed25519", "kty": "OKP", "x": _x(key)}, separators=(",", ":"))
    return _base64url(hashlib.sha256(members.encode()).digest())


class Keys:
    """The deployment's identity keys: the first signs, all are published.

    Args:
        private: at least one.
    """

    def __init__(self, private: Sequence[Ed25519PrivateKey]) -> None:
        self._use(private)

    @classmethod
    def read(cls, file: Path) -> "Keys":
        """Reads a PEM file of Ed25519 private keys (PKCS 8), one or more; raises OSError, or ValueError for others."""
        try:
            return cls(parsed(file.read_bytes()))
        except ValueError as error:
            raise ValueError(f"{file} {error}") from None

    def take(self, content: bytes) -> None:
        """Goes on with what the file holds now; raises ValueError, and changes nothing, where that is no keys."""
        self._use(parsed(content))

    def _use(self, private: Sequence[Ed25519PrivateKey]) -> None:
        self._public = {thumbprint(key.public_key()): key.public_key() for key in private}
        #: The key that signs.
        self.signing = SigningKey(thumbprint(private[0].public_key()), private[0])

    async def public_key(self, kid: str) -> Ed25519PublicKey:
        """The key of that id; see mesh.identity.KeySource."""
        return self._public[kid]

    def jwks(self) -> str:
        """The public keys as a JSON Web Key Set (RFC 7517)."""
        common = {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA"}
        return json.dumps({"keys": [common | {"kid": kid, "x": _x(key)} for kid, key in self._public.items()]})


def parsed(pem: bytes) -> Sequence[Ed25519PrivateKey]:
    """The keys of a PEM file; raises ValueError where it holds none, or others."""
    loaded = [serialization.load_pem_private_key(block, None) for block in _PEM.findall(pem)]
    keys = [key for key in loaded if isinstance(key, Ed25519PrivateKey)]
    if not keys or len(keys) != len(loaded):
        raise ValueError("must hold Ed25519 private keys in PEM, one or more, and nothing else")
    return keys


class Signer:
    """Signs identities, and hands out the same token for 30 s as long as what it says is the same."""

    def __init__(self, keys: Keys, clock: Callable[[], float] = time.monotonic) -> None:
        self._keys = keys
        self._clock = clock
        self._tokens: OrderedDict[tuple[str, bytes], tuple[float, str]] = OrderedDict()

    def token(self, identity: Identity) -> str:
        """A token for the identity, good for at least another 30 s."""
        key = self._keys.signing
        said = (key.kid, identity.SerializeToString(deterministic=True))
        now = self._clock()
        signed, token = self._tokens.get(said, (float("-inf"), ""))
        if now - signed < REUSE:
            return token
        token = sign(identity, key)
        self._tokens[said] = (now, token)
        self._tokens.move_to_end(said)
        if len(self._tokens) > CACHE_SIZE:
            self._tokens.popitem(last=False)
        return token
