"""A name that stands for many replicas, at the edge: it finds those that come, and sends nothing to those that went."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from authfe.tests.running import AREAS, Edge, until
from authfe.tests.standins import Replica
from mesh.tests.names import Names, serving_names

_ORGANIZATIONS = [f"organization-{number}" for number in range(20)]


@dataclass
class _At(Replica):
    """A replica at an address of its own, for all have the same port."""

    host: str = ""

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def asked_by(self) -> set[str]:
        """The organizations whose calls came here since this was asked last."""
        calls, self.service.calls = self.service.calls, []
        return {call.metadata["x-scope-tenant"] for call in calls}


@dataclass
class _Named(Replica):
    """What an edge is told of replicas that have a name together."""

    members: list[_At] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.area}.test:{self.port}"

    def start(self) -> None:
        self.members = [_At(self.area, self.port, host=host) for host in ("127.0.0.2", "127.0.0.3")]
        for member in self.members:
            member.start()

    def stop(self) -> None:
        for member in self.members:
            member.stop()


@pytest.fixture
def names() -> Iterator[Names]:
    with serving_names() as served:
        served.addresses = ["127.0.0.2"]
        yield served


def asking(names: Names) -> Callable[[str], str]:
    """Has an edge ask this server of names instead of the machine's."""
    kind = "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"
    at = {"socket_address": {"address": "127.0.0.1", "port_value": names.port}}
    resolver = {"name": "envoy.network.dns_resolver.cares", "typed_config": {"@type": kind, "resolvers": [at]}}

    def adapt(text: str) -> str:
        configuration: dict[str, Any] = json.loads(text)
        return json.dumps(configuration | {"typed_dns_resolver_config": resolver})

    return adapt


def test_a_name_stands_for_all_that_it_has_by_now(new_edge: Callable[..., Edge], names: Names) -> None:
    named = _Named("query")
    others = [Replica(area) for area in AREAS if area != "query"]
    edge = new_edge([named, *others], adapt=asking(names))
    first, second = named.members

    def asked() -> tuple[set[str], set[str]]:
        for organization in _ORGANIZATIONS:
            assert edge.call("GET", "/api", headers={"x-scope-org": organization}).status == 200
        return first.asked_by(), second.asked_by()

    assert asked() == (set(_ORGANIZATIONS), set())
    names.addresses = ["127.0.0.2", "127.0.0.3"]
    until(lambda: bool(asked()[1]), "the replica that came is asked")
    here, there = asked()
    assert not here & there  # one organization's calls meet at one of them
    assert here | there == set(_ORGANIZATIONS)
    names.addresses = ["127.0.0.3"]
    first.stop()
    until(lambda: asked() == (set(), set(_ORGANIZATIONS)), "the replica that is left has all calls")
