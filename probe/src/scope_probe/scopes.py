"""Addresses that mean something in one place only, and how a report writes them."""

from collections.abc import Collection
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Endpoint = tuple[str, int]
"""An address, with its scope where it has one, and a port."""

Translation = tuple[Endpoint, Endpoint]
"""What is addressed to the first is delivered to the second."""


@dataclass(frozen=True)
class Scopes:
    """What belongs to the host of this name alone: loopback, and `networks`, those of its bridges."""

    host: str
    networks: Collection[Network] = ()
    _known: dict[tuple[str, str], str] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def of(cls, host: str, subnets: Collection[str]) -> "Scopes":
        """With networks as `172.17.0.0/16`."""
        return cls(host, tuple(ip_network(subnet) for subnet in subnets))

    def scoped(self, address: str, namespace: str = "") -> str:
        """The address as a report has it; `namespace`: of which network namespace, where that is not the host's."""
        key = (address, namespace)
        if key not in self._known:
            scope = self._scope(address, namespace)
            self._known[key] = f"{scope};{address}" if scope else address
        return self._known[key]

    def endpoint(self, end: Endpoint) -> Endpoint:
        """The same of an address, with its port, in the host's own network namespace."""
        address, port = end
        return self.scoped(address), port

    def _scope(self, address: str, namespace: str) -> str:
        parsed = ip_address(address)
        if parsed.is_loopback:
            return f"{self.host}-{namespace}" if namespace else self.host
        return self.host if any(parsed in network for network in self.networks) else ""
