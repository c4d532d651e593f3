"""The names of addresses, and the services that are known by them."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from query.join.bags import Bags
from query.pseudo import SERVICE

#: Whether the address resolves to the name, or else the name to the address; and the name.
Name = tuple[bool, str]

#: Services that many use and that have many addresses: all below these domains, but single machines that anyone rents.
_SERVICES = re.compile(
    r"(?!ec2[^;]*\.amazonaws\.com\Z)[^;]+\.(?:amazonaws\.com|googleapis\.com|core\.windows\.net|servicebus\.windows\.net"
    r"|azure-api\.net|onmicrosoft\.com|cloudapp\.azure\.com|database\.windows\.net|documents\.azure\.com)\Z"
)


class Names:
    """What all probes say of it, together."""

    def __init__(self) -> None:
        self._said: dict[str, Mapping[str, frozenset[Name]]] = {}
        self._names: Bags[str, Name] = Bags()
        self._services: dict[str, str] = {}
        self._doubtful: set[str] = set()

    def put(self, probe: str, names: Mapping[str, frozenset[Name]]) -> None:
        """Replaces the names by address that a probe says."""
        old = self._said.pop(probe, {})
        if names:
            self._said[probe] = names
        for address in old.keys() | names.keys():
            before, now = old.get(address, frozenset()), names.get(address, frozenset())
            if before == now:
                continue
            for name in before - now:
                self._names.remove(address, name)
            for name in now - before:
                self._names.add(address, name)
            self._doubtful.add(address)

    def settle(self) -> list[str]:
        """The addresses that are of another known service than at the last call, of one now, or of none any more."""
        changed = [address for address in self._doubtful if self._services.get(address) != self._find(address)]
        self._doubtful.clear()
        for address in changed:
            service = self._find(address)
            if service is None:
                del self._services[address]
            else:
                self._services[address] = service
        return changed

    def of(self, address: str) -> list[str]:
        """The names of an address: first those that resolve to it, then those that it resolves to; each sorted."""
        return [name for _, name in sorted(self._names.of(address))]

    def service(self, address: str) -> str | None:
        """The id of the known service that the address was one of when it was last settled."""
        return self._services.get(address)

    def _find(self, address: str) -> str | None:
        return next((SERVICE + name for name in self.of(address) if _is_service(name)), None)


def said(forward: Iterable[str], reverse: Iterable[str]) -> frozenset[Name]:
    """The names of one address: those that resolve to it, and those that it resolves to."""
    return frozenset([*((False, name) for name in forward), *((True, name) for name in reverse)])


@lru_cache(maxsize=10_000)
def _is_service(name: str) -> bool:
    return _SERVICES.match(name) is not None
