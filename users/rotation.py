"""Replacing a deployment's keys while everything runs.

A file of keys is read again by every process soon after it changes. Its first key makes tokens and seals, all of them
verify. So a new key is put last, and, once everybody has read that, first. The one that it follows is retired, and
dropped once all that it made has expired. What each key waits for, and since when, stands beside it in the file:
whoever is interrupted goes on where they were.
"""

import fcntl
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mesh import keyring
from users import identity

#: Returns at a time.
Wait = Callable[[datetime], None]

_NEVER = datetime.max.replace(tzinfo=UTC)
_NOTE = r"(?P<state>next|retired) (?P<since>\S+)"


class State(StrEnum):
    """What a key that is not the first waits for."""

    NEXT = "next"
    RETIRED = "retired"


@dataclass(frozen=True)
class Key:
    """A key as its file has it."""

    #: Hexadecimal text, or a block of PEM.
    text: str
    state: State | None = None
    since: datetime | None = None

    @property
    def note(self) -> str:
        """What stands beside it, `retired 2030-01-02T03:04:05+00:00`; empty where it waits for nothing."""
        return f"{self.state} {self.since.isoformat(timespec='seconds')}" if self.state and self.since else ""


@dataclass(frozen=True)
class Kind:
    """A kind of file of keys."""

    #: What its keys are called.
    name: str
    #: Of one key in the file: `text`, and what `_NOTE` finds.
    pattern: re.Pattern[str]
    #: How one is written, of its text and its note.
    form: Callable[[str, str], str]
    #: A new one.
    make: Callable[[], str]
    #: Its keys as those who use them read them; raises ValueError for what holds none.
    check: Callable[[bytes], Sequence[object]]


def _pem() -> str:
    private = Ed25519PrivateKey.generate()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii").rstrip("\n")


IDENTITY = Kind(
    name="identity key",
    pattern=re.compile(
        rf"(?:^{_NOTE}\n)?(?P<text>-----BEGIN PRIVATE KEY-----.*?-----END PRIVATE KEY-----)", re.DOTALL | re.MULTILINE
    ),
    form=lambda text, note: "\n".join(filter(None, (note, text))),
    make=_pem,
    check=identity.parsed,
)
MESH = Kind(
    name="mesh key",
    pattern=re.compile(rf"^(?P<text>[0-9a-fA-F]+)(?: +{_NOTE})?", re.MULTILINE),
    form=lambda text, note: f"{text} {note}".rstrip(),
    make=lambda: secrets.token_hex(32),
    check=keyring.parsed,
)


class KeyFile:
    """A file of keys that are to be replaced."""

    def __init__(self, path: Path, kind: Kind) -> None:
        self.path = path.resolve()
        self.kind = kind

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keeps others from changing files of its folder; raises BlockingIOError while somebody else does."""
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(folder)

    def read(self) -> Sequence[Key]:
        """Its keys, the first first; raises OSError, or ValueError where it holds none, or something else too."""
        content = self.path.read_bytes()
        keys = [_key(found) for found in self.kind.pattern.finditer(content.decode())]
        if len(keys) != len(self.kind.check(content)):
            raise ValueError(f"{self.path} cannot be read")
        return keys

    def write(self, keys: Sequence[Key]) -> None:
        """Replaces it at once by another of the same owner and mode."""
        new = self.path.with_name(f".{self.path.name}.new")
        new.unlink(missing_ok=True)
        old = self.path.stat()
        with os.fdopen(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            os.fchown(file.fileno(), old.st_uid, old.st_gid)
            os.fchmod(file.fileno(), old.st_mode & 0o777)
            file.writelines(f"{self.kind.form(key.text, key.note)}\n" for key in keys)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path)


def _key(found: re.Match[str]) -> Key:
    if found["state"] is None:
        return Key(found["text"])
    return Key(found["text"], State(found["state"]), datetime.fromisoformat(found["since"]))


def rotate(file: KeyFile, spread: timedelta, wait: Wait) -> None:
    """Makes a new key, or goes on with one that was made, until it is the first.

    Args:
        file: where the keys are.
        spread: how long it takes at most until everybody has read a changed file.
        wait: waits for that.

    Raises:
        OSError, ValueError: the file cannot be read or replaced. BlockingIOError: somebody else rotates.
    """
    with file.alone():
        keys = file.read()
        if not _next(keys):
            now = datetime.now(UTC)
            keys = [*_settled(keys, now), Key(file.kind.make(), State.NEXT, now)]
            file.write(keys)
        (new,) = _next(keys)
        assert new.since is not None
        wait(new.since + spread)
        file.write(_promoted(keys, datetime.now(UTC)))


def drop(file: KeyFile, keep: timedelta) -> datetime | None:
    """Drops the keys that were retired longer ago than `keep`; raises like `rotate`.

    Returns:
        When the next may be dropped; None when none is left.
    """
    with file.alone():
        found = file.read()
        keys = _settled(found, datetime.now(UTC))
        retired = {key: key.since + keep for key in keys if key.state == State.RETIRED and key.since}
        left = [key for key in keys if retired.get(key, _NEVER) > datetime.now(UTC)]
        if left != found:
            file.write(left)
        return min((due for key, due in retired.items() if key in left), default=None)


def _settled(keys: Sequence[Key], now: datetime) -> list[Key]:
    """The keys, where those that somebody put behind the first by hand, without a word, are retired now."""
    first, *others = keys
    settled = [key if key.state else replace(key, state=State.RETIRED, since=now) for key in others]
    return [Key(first.text), *settled]


def _promoted(keys: Sequence[Key], now: datetime) -> list[Key]:
    """The keys with the next one first."""
    (new,) = _next(keys)
    others = [key for key in keys if key != new]
    return _settled([new, *others], now)


def _next(keys: Sequence[Key]) -> Sequence[Key]:
    return [key for key in keys if key.state == State.NEXT]
