"""Secrets of one data folder: made once, each in a file that only its owner reads."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from deploy.secrets.files import write_private


def folder(data: Path) -> Path:
    """Where a data folder keeps its secrets, made on first use; nobody else may look into it."""
    path = data / "secrets"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.chmod(0o700)
    return path


def kept(path: Path, make: Callable[[], str]) -> str:
    """The secret in this file; `make` gives it when there is none yet."""
    if not path.exists():
        write_private(path, make())
    return path.read_text(encoding="ascii")


def password() -> str:
    """A password of 192 random bits that needs no quoting in a URL or in SQL."""
    return secrets.token_urlsafe(24)


def mesh_key() -> str:
    """32 random bytes as hexadecimal text."""
    return os.urandom(32).hex()


def identity_key() -> str:
    """An Ed25519 private key in PEM, by which users signs identities."""
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
