"""Secrets: random, recognisable by scanners, kept as digests only."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a secret is for. Each kind has a prefix of its own, so that one is never taken for another."""

    PROBE = "probe"
    API = "api"
    SESSION = "session"
    LOGIN = "login"


_RANDOM_BYTES = 32
_FORM = re.compile(r"scope_(probe|api|session|login)_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True)
class Secret:
    """A secret as somebody presents it: what it is for, and its digest."""

    kind: Kind
    digest: bytes

    def matches(self, stored: bytes) -> bool:
        """Compares with a stored digest in constant time."""
        return hmac.compare_digest(self.digest, stored)


def generate(kind: Kind) -> str:
    """A new secret, `scope_<kind>_<256 random bits>`."""
    return f"scope_{kind}_{secrets.token_urlsafe(_RANDOM_BYTES)}"


def digest(secret: str) -> bytes:
    """What is stored of a secret. One SHA-256 is enough: 256 random bits cannot be guessed, however fast the hash."""
    return hashlib.sha256(secret.encode()).digest()


def parse(text: str) -> Secret | None:
    """Reads a presented secret; None when it has not the form of one, so that odd bytes never reach the database."""
    found = _FORM.fullmatch(text)
    return Secret(Kind(found[1]), digest(text)) if found else None
