"""What tells a report that collection stored from anything else in the report log.

The bus lets services do only what their keys allow, but it delivers answers and copies wherever a request tells it to,
so a key that may read can make it write. A report therefore carries a seal: BLAKE2b (RFC 7693), keyed with a key
derived from the mesh key, over its subject, its headers and its bytes. Who reads the log believes nothing else.
"""

import hashlib
import hmac
from collections.abc import Mapping
from functools import lru_cache

from mesh.keyring import MeshKeys

#: The header that carries the seal.
HEADER = "Scope-Seal"
_SEALED = ("Nats-Msg-Id", "Scope-")


class Seal:
    """Makes and checks seals.

    Args:
        mesh_keys: the deployment's mesh keys: the first makes seals, and one that any of them made holds.
    """

    def __init__(self, mesh_keys: MeshKeys) -> None:
        self._mesh_keys = mesh_keys

    def of(self, subject: str, headers: Mapping[str, str], body: bytes) -> str:
        """The seal of a message, in hexadecimal."""
        return _seal(self._mesh_keys.signing, subject, headers, body)

    def holds(self, subject: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether collection stored this message, under this subject and with these headers."""
        found = headers.get(HEADER, "")
        return any(hmac.compare_digest(found, _seal(key, subject, headers, body)) for key in self._mesh_keys)


def _seal(mesh_key: bytes, subject: str, headers: Mapping[str, str], body: bytes) -> str:
    sealed = sorted(f"{name}:{headers[name]}" for name in headers if name.startswith(_SEALED) and name != HEADER)
    seal = hashlib.blake2b("\0".join([subject, *sealed, ""]).encode(), key=_derived(mesh_key), digest_size=16)
    seal.update(body)
    return seal.hexdigest()


@lru_cache(maxsize=16)
def _derived(mesh_key: bytes) -> bytes:
    return hashlib.blake2b(mesh_key, person=b"report log").digest()
