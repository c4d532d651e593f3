"""Keys in files that change while those who use them go on: the mesh keys, and how a file is followed."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import structlog

#: How often a file of keys is looked at, in seconds.
POLL = 2.0

_KEY_BYTES = 32
_log = structlog.get_logger()


class MeshKeys:
    """The deployment's mesh keys: the first makes tokens and seals, all verify.

    Args:
        keys: at least one, of 32 bytes or more.
    """

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = tuple(keys)

    @classmethod
    def read(cls, file: Path) -> "MeshKeys":
        """Reads a file of keys; raises OSError, or ValueError where it is none."""
        try:
            return cls(parsed(file.read_bytes()))
        except ValueError as error:
            raise ValueError(f"{file} {error}") from None

    def take(self, content: bytes) -> None:
        """Goes on with what the file holds now; raises ValueError, and changes nothing, where that is no keys."""
        self._keys = parsed(content)

    @property
    def signing(self) -> bytes:
        """The key that tokens and seals are made with."""
        return self._keys[0]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._keys)


def parsed(content: bytes) -> tuple[bytes, ...]:
    """A key a line, in hexadecimal; what follows it on its line says something about it to those who rotate it."""
    try:
        keys = tuple(bytes.fromhex(line.split()[0]) for line in content.decode().splitlines() if line.strip())
    except ValueError:
        keys = ()
    if not keys or min(map(len, keys)) < _KEY_BYTES:
        raise ValueError(f"must hold mesh keys, each on its line: at least {_KEY_BYTES} bytes as hexadecimal text")
    return keys


async def follow(file: Path, take: Callable[[bytes], None]) -> None:
    """Hands on what the file holds whenever that has changed, for ever.

    Args:
        file: the file.
        take: goes on with its new content; raises ValueError, and changes nothing, where that is no good.
    """
    seen: bytes | None = None
    while True:
        content = _content(file)
        if content != seen:
            seen = content
            try:
                take(content)
                _log.info("keys were read", file=str(file))
            except ValueError as error:
                _log.error("keys could not be read; those from before stay", file=str(file), why=str(error))
        await asyncio.sleep(POLL)


def _content(file: Path) -> bytes:
    """What a file holds; of one that cannot be read, nothing."""
    try:
        return file.read_bytes()
    except OSError:
        return b""
