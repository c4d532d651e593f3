"""What tells a report that collection stored from anything else in the report log.

The bus lets services do only what their keys allow, but it delivers answers and copies wherever a request tells it to,
so a key that may read can make it write. A report therefore carries a seal: BLAKE2b (RFC 7693), keyed with a key
derived from the mesh key, over its subject, its headers and its bytes. Who reads the log believes nothing else.
"""

import hashlib
import hmac
from collections.abc import Mapping

#: The header that carries the seal.
HEADER = "Scope-Seal"
_SEALED = ("Nats-Msg-Id", "Scope-")


class Seal:
    """Makes and checks seals.

    Args:
        mesh_key: the deployment's mesh key.
    """

    def __init__(self, mesh_key: bytes) -> None:
        self._key = hashlib.blake2b(mesh_key, person=b"report log").digest()

    def of(self, subject: str, headers: Mapping[str, str], body: bytes) -> str:
        """The seal of a message, in hexadecimal."""
        sealed = sorted(f"{name}:{headers[name]}" for name in headers if name.startswith(_SEALED) and name != HEADER)
        seal = hashlib.blake2b("\0".join([subject, *sealed, ""]).encode(), key=self._key, digest_size=16)
        seal.update(body)
        return seal.hexdigest()

    def holds(self, subject: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether collection stored this message, under this subject and with these headers."""
        return hmac.compare_digest(headers.get(HEADER, ""), self.of(subject, headers, body))
