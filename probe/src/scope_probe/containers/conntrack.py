"""Where the kernel delivers connections other than to where they are addressed, from its own table of connections.

The table is asked for over netlink, in the messages of `linux/netfilter/nfnetlink_conntrack.h`; newer kernels pick out
the entries that translate before they hand them over. It is that of the network namespace that the probe is in, and
shown only to those with CAP_NET_ADMIN. (pyroute2 takes 280 us to read an entry. Machines have thousands, and we look
every few seconds.)
"""

import errno
import os
import socket
import struct
import sys
from collections.abc import Collection, Iterator
from functools import lru_cache
from ipaddress import ip_address
from itertools import islice
from typing import NamedTuple

import structlog

from scope_probe.scopes import Endpoint, Translation

MOST = 16_384
"""Entries that one report looks at, of those with another source and of those with another destination."""

ANSWER_SECONDS = 2.0
_ANSWER_BYTES = 65536
_NETFILTER = 12
_LIST_CONNECTIONS, _WHOLE = 1 << 8 | 1, 0x301
_ERROR, _DONE = 2, 3
_OTHER_SOURCE, _OTHER_DESTINATION = 1 << 4, 1 << 5
_CONNECTED = (3, 4, 5)  # established, or closed by one end: those whose sockets are reported

#: The head of a message; what follows in one about connections; the head of an attribute.
_MESSAGE, _FAMILY, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BBH"), struct.Struct("=HH")
_KIND = 0x3FFF  # the other bits of an attribute's kind say how it is written
#: Kinds of attributes: of an entry; of each of its directions; of addresses, version 4 and 6; of ports; of its state.
_ORIGINAL, _REPLY, _STATUS, _PROTOCOL_STATE = 1, 2, 3, 4
_ADDRESSES, _PORTS = 1, 2
_SOURCE, _DESTINATION, _SOURCE_6, _DESTINATION_6 = 1, 2, 3, 4
_SOURCE_PORT, _DESTINATION_PORT = 2, 3
_OF_TCP, _STATE = 1, 1

Packed = tuple[bytes, bytes]


class Table(NamedTuple):
    """What TCP connections are addressed to, and where they are delivered instead; `whole`: nothing is left out.

    What is sent to a translated destination is delivered behind it. Where a source was translated, answers to what it
    was translated to are delivered to the source.
    """

    translations: set[Translation]
    whole: bool


class Conntrack:
    """The table of this machine, as far as we may look at it."""

    def __init__(self) -> None:
        self._log = structlog.get_logger()
        self._said: set[str] = set()

    def translations(self) -> Collection[Translation]:
        """What the kernel translates. Where it does not tell that is nothing; why is said once."""
        try:
            table = read()
        except OSError as error:
            self._say("address translations of the kernel are not reported", _reason(error))
            return ()
        if not table.whole:
            self._say("not all address translations of the kernel are reported", f"there are more than {MOST}")
        return table.translations

    def _say(self, what: str, why: str) -> None:
        if what not in self._said:
            self._said.add(what)
            self._log.info(what, why=why)


def read() -> Table:
    """What the kernel translates now. Raises OSError where it does not tell."""
    found: set[Translation] = set()
    whole = True
    for status in (_OTHER_SOURCE, _OTHER_DESTINATION):
        entries = _listed(status)
        for entry in islice(entries, MOST):
            found.update(parse(entry))
        whole = whole and next(entries, None) is None
    return Table(found, whole)


def parse(entry: bytes) -> Iterator[Translation]:
    """What one entry translates: its destination, its source, both or nothing."""
    parts = _attributes(entry)
    if not _connected(parts.get(_PROTOCOL_STATE, b"")):
        return
    source, destination = _direction(parts[_ORIGINAL])
    answering, answered = _direction(parts[_REPLY])
    if destination != answering:
        yield _endpoint(destination), _endpoint(answering)
    if source != answered:
        yield _endpoint(answered), _endpoint(source)


def _connected(state: bytes) -> bool:
    """Whether it is TCP, and still a connection."""
    of_tcp = _attributes(_attributes(state).get(_OF_TCP, b""))
    return _STATE in of_tcp and of_tcp[_STATE][0] in _CONNECTED


def _direction(packed: bytes) -> tuple[Packed, Packed]:
    """Source and destination of one direction."""
    parts = _attributes(packed)
    addresses, ports = _attributes(parts[_ADDRESSES]), _attributes(parts[_PORTS])
    source, destination = (_SOURCE, _DESTINATION) if _SOURCE in addresses else (_SOURCE_6, _DESTINATION_6)
    return (addresses[source], ports[_SOURCE_PORT]), (addresses[destination], ports[_DESTINATION_PORT])


@lru_cache(maxsize=4096)
def _endpoint(packed: Packed) -> Endpoint:
    address, port = packed
    return str(ip_address(address)), int.from_bytes(port, "big")


def _listed(status: int) -> Iterator[bytes]:
    """Entries with this status; an older kernel lists all."""
    wanted = _ATTRIBUTE.pack(8, _STATUS) + status.to_bytes(4, "big")
    body = _FAMILY.pack(socket.AF_UNSPEC, 0, 0) + wanted
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as kernel:
        kernel.settimeout(ANSWER_SECONDS)
        kernel.send(_MESSAGE.pack(_MESSAGE.size + len(body), _LIST_CONNECTIONS, _WHOLE, 0, 0) + body)
        while True:
            for kind, message in _messages(kernel.recv(_ANSWER_BYTES)):
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    code = -int.from_bytes(message[:4], sys.byteorder, signed=True)
                    raise OSError(code, os.strerror(code))
                yield message[_FAMILY.size :]


def _messages(answer: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(answer):
        length, kind, *_ = _MESSAGE.unpack_from(answer, position)
        yield kind, answer[position + _MESSAGE.size : position + length]
        position += length + 3 & ~3


def _attributes(packed: bytes) -> dict[int, bytes]:
    found, position = {}, 0
    while position < len(packed):
        length, kind = _ATTRIBUTE.unpack_from(packed, position)
        found[kind & _KIND] = packed[position + 4 : position + length]
        position += length + 3 & ~3
    return found


def _reason(error: OSError) -> str:
    return "that needs CAP_NET_ADMIN" if error.errno == errno.EPERM else str(error)
