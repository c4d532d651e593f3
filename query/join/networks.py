"""Where an address is: here, in a network that probes' hosts are part of, in another one, or in the internet."""

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterable
from enum import Enum
from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_pton
from typing import NamedTuple

from query.pseudo import NETWORK
from scope_sdk.report.ids import HOST, ending

_HOST = ending(HOST)
_BITS = {4: 32, 6: 128}
#: How long the prefix of a network is that nothing is known of.
_USUAL = {4: 24, 6: 64}
#: How many addresses and networks are remembered as they were parsed.
_REMEMBERED = 50_000


class Elsewhere(Enum):
    """Where an address is that is in no network."""

    #: Loopback, unspecified, or no address at all.
    NOWHERE = "nowhere"
    INTERNET = "internet"


#: IP version, length of the prefix, and so many leading bits. Plain, for many are made to look one up.
_Network = tuple[int, int, int]


class _Address(NamedTuple):
    scope: str
    version: int
    number: int

    def within(self, lengths: Iterable[tuple[int, int]]) -> list[_Network]:
        """The networks that it is in, of these IP versions and prefix lengths."""
        own, number = self.version, self.number
        return [(own, length, number >> (_BITS[own] - length)) for version, length in lengths if version == own]


class Networks:
    """The local networks of all hosts of an organization."""

    def __init__(self) -> None:
        self._of_scope: dict[str, frozenset[_Network]] = {}
        self._lengths_of_scope: dict[str, set[tuple[int, int]]] = {}
        # Of all hosts together: how many have each network, and how many networks have each version and length.
        self._everywhere: Counter[_Network] = Counter()
        self._lengths: Counter[tuple[int, int]] = Counter()
        self._changed: dict[str, set[_Network]] = defaultdict(set)

    def put(self, host: str, networks: Iterable[str]) -> None:
        """Replaces the networks of a host, which is named by its id."""
        scope = host.removesuffix(_HOST)
        new = _networks(*networks)
        old = self._of_scope.pop(scope, frozenset())
        self._lengths_of_scope.pop(scope, None)
        if new:
            self._of_scope[scope] = new
            self._lengths_of_scope[scope] = _lengths(new)
        if new != old:
            self._changed[scope] |= old ^ new
        for network in new - old:
            self._everywhere[network] += 1
            if self._everywhere[network] == 1:
                self._lengths[network[:2]] += 1
                self._changed[""].add(network)
        for network in old - new:
            self._everywhere[network] -= 1
            if not self._everywhere[network]:
                del self._everywhere[network]
                self._lengths[network[:2]] -= 1
                self._changed[""].add(network)

    def settle(self, addresses: Iterable[str]) -> list[str]:
        """Those of the addresses that may be elsewhere than at the last call."""
        changed, self._changed = self._changed, defaultdict(set)
        if not changed:
            return []
        lengths = {scope: _lengths(networks) for scope, networks in changed.items()}
        return [
            text
            for text in addresses
            if (address := _address(text)) is not None
            and any(network in changed[address.scope] for network in address.within(lengths.get(address.scope, ())))
        ]

    def of(self, address: str) -> str | Elsewhere:
        """The id of the network that an address is in.

        It is the smallest that contains it of those that hosts are part of, with a scope of those of that host. An
        address that is in none of them, but is private or has a scope, is in the one of the usual size.
        """
        parsed = _address(address)
        if parsed is None or not _HERE.isdisjoint(parsed.within(_HERE_LENGTHS)):
            return Elsewhere.NOWHERE
        network = self._smallest(parsed)
        if network is None:
            if not parsed.scope and _PRIVATE.isdisjoint(parsed.within(_PRIVATE_LENGTHS)):
                return Elsewhere.INTERNET
            (network,) = parsed.within([(parsed.version, _USUAL[parsed.version])])
        return f"{NETWORK}{parsed.scope};{_text(network)}" if parsed.scope else NETWORK + _text(network)

    def _smallest(self, address: _Address) -> _Network | None:
        if address.scope:
            local = self._of_scope.get(address.scope, frozenset())
            lengths = self._lengths_of_scope.get(address.scope, ())
            containing = [network for network in address.within(lengths) if network in local]
        else:
            containing = [network for network in address.within(self._lengths) if network in self._everywhere]
        return max(containing, default=None)


def _lengths(networks: Iterable[_Network]) -> set[tuple[int, int]]:
    return {network[:2] for network in networks}


@lru_cache(maxsize=_REMEMBERED)
def _network(text: str) -> _Network | None:
    try:
        parsed = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    prefix = int(parsed.network_address) >> (parsed.max_prefixlen - parsed.prefixlen)
    return parsed.version, parsed.prefixlen, prefix


@lru_cache(maxsize=_REMEMBERED)
def _address(text: str) -> _Address | None:
    scope, _, plain = text.rpartition(";")
    version, family = (6, AF_INET6) if ":" in plain else (4, AF_INET)
    try:
        # An ipaddress.ip_address takes ten times as long to make.
        return _Address(scope, version, int.from_bytes(inet_pton(family, plain), "big"))
    except (OSError, ValueError):
        return None


@lru_cache(maxsize=_REMEMBERED)
def _text(network: _Network) -> str:
    version, length, prefix = network
    lowest = prefix << (_BITS[version] - length)
    return f"{ipaddress.IPv4Address(lowest) if version == 4 else ipaddress.IPv6Address(lowest)}/{length}"


def _networks(*texts: str) -> frozenset[_Network]:
    return frozenset(network for text in texts if (network := _network(text)) is not None)


_HERE = _networks("127.0.0.0/8", "::1/128", "0.0.0.0/32", "::/128")
_HERE_LENGTHS = _lengths(_HERE)
_PRIVATE = _networks(
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7", "fe80::/10"
)
_PRIVATE_LENGTHS = _lengths(_PRIVATE)
