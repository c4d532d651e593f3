"""HTTP/2 as frames: what no library would send."""

import struct
from collections.abc import Mapping

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
GOAWAY = 7
_HEADERS, _RST_STREAM, _SETTINGS = 1, 3, 4
_END_STREAM, _END_HEADERS = 1, 4
_CANCEL = 8


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + payload


def settings() -> bytes:
    return frame(_SETTINGS, 0, 0, b"")


def headers(stream: int, fields: Mapping[str, str]) -> bytes:
    """A whole request; names and values of at most 126 bytes."""
    block = b"".join(b"\0" + _string(name) + _string(value) for name, value in fields.items())
    return frame(_HEADERS, _END_STREAM | _END_HEADERS, stream, block)


def cancel(stream: int) -> bytes:
    return frame(_RST_STREAM, 0, stream, struct.pack(">I", _CANCEL))


def kinds(received: bytes) -> list[int]:
    """The kinds of the frames in these bytes."""
    found, at = [], 0
    while at + 9 <= len(received):
        found.append(received[at + 3])
        at += 9 + int.from_bytes(received[at : at + 3])
    return found


def _string(text: str) -> bytes:
    return bytes((len(text),)) + text.encode("ascii")
