"""Which addresses are outside of everything that the probes' hosts are part of."""

import ipaddress
from collections import Counter, defaultdict
from collections.abc import Iterable

#: How many addresses are remembered; beyond it the memory starts anew.
_REMEMBERED = 100_000

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Networks:
    """The local networks of all hosts of an organization."""

    def __init__(self) -> None:
        self._of_host: dict[str, frozenset[str]] = {}
        self._hosts: Counter[str] = Counter()
        # By IP version and prefix length, the networks' leading bits: an address is looked up once per length.
        self._prefixes: dict[tuple[int, int], set[int]] = defaultdict(set)
        self._known: dict[str, bool] = {}

    def put(self, host: str, networks: Iterable[str]) -> bool:
        """Replaces the networks of a host; says whether the networks of all hosts together changed."""
        new = frozenset(networks)
        old = self._of_host.get(host, frozenset())
        if new == old:
            return False
        self._of_host.pop(host, None)
        if new:
            self._of_host[host] = new
        self._hosts.update(new - old)
        self._hosts.subtract(old - new)
        gone = {network for network in old - new if not self._hosts[network]}
        for network in gone:
            del self._hosts[network]
        changed = bool(gone) or any(self._hosts[network] == 1 for network in new - old)
        if changed:
            self._index()
        return changed

    def outside(self, address: str) -> bool:
        """Whether the address is one of the wide world: in no local network, not loopback, and without a scope."""
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[address] = self._is_outside(address)
        return known

    def _index(self) -> None:
        self._prefixes.clear()
        self._known.clear()
        for text in self._hosts:
            network = _network(text)
            if network is not None:
                key = (network.version, network.prefixlen)
                self._prefixes[key].add(int(network.network_address) >> (network.max_prefixlen - network.prefixlen))

    def _is_outside(self, text: str) -> bool:
        address = _address(text)
        if address is None or address.is_loopback or address.is_unspecified:
            return False
        number = int(address)
        return not any(
            version == address.version and number >> (address.max_prefixlen - length) in prefixes
            for (version, length), prefixes in self._prefixes.items()
        )


def _network(text: str) -> _Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _address(text: str) -> _Address | None:
    """The address, or None for one that carries a scope (`SCOPE;ADDRESS`) or is none."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
