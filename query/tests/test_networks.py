"""Where addresses are, and the services that they are known as."""

import pytest

from query.join.names import Names, said
from query.join.networks import Elsewhere, Networks


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("10.1.2.3", "pseudo:network:10.0.0.0/8"),
        ("10.7.2.3", "pseudo:network:10.7.0.0/16"),
        ("192.168.7.127", "pseudo:network:192.168.7.0/25"),
        ("192.168.7.128", "pseudo:network:192.168.7.0/24"),
        ("172.16.0.1", "pseudo:network:172.16.0.0/24"),
        ("172.32.0.1", Elsewhere.INTERNET),
        ("100.64.1.1", "pseudo:network:100.64.1.0/24"),
        ("169.254.0.1", "pseudo:network:169.254.0.0/24"),
        ("8.8.8.8", Elsewhere.INTERNET),
        ("9.9.9.9", "pseudo:network:9.9.9.9/32"),
        ("127.0.0.1", Elsewhere.NOWHERE),
        ("0.0.0.0", Elsewhere.NOWHERE),
        ("::1", Elsewhere.NOWHERE),
        ("::", Elsewhere.NOWHERE),
        ("a;127.0.0.1", Elsewhere.NOWHERE),
        ("a-4026531840;::1", Elsewhere.NOWHERE),
        ("2001:db8::1", Elsewhere.INTERNET),
        ("fd00::1", "pseudo:network:fd00::/8"),
        ("fc00::1", "pseudo:network:fc00::/64"),
        ("fe80::1", "pseudo:network:fe80::/64"),
        ("a;10.7.2.3", "pseudo:network:a;10.0.0.0/8"),
        ("b;10.7.2.3", "pseudo:network:b;10.7.0.0/16"),
        ("b;10.8.2.3", "pseudo:network:b;10.8.2.0/24"),
        ("c;8.8.8.8", "pseudo:network:c;8.8.8.0/24"),
        ("nonsense", Elsewhere.NOWHERE),
        ("", Elsewhere.NOWHERE),
    ],
)
def test_where_an_address_is(address: str, where: str | Elsewhere) -> None:
    networks = Networks()
    networks.put("a;<host>", ["10.0.0.0/8", "192.168.7.0/25", "fd00::/8", "nonsense"])
    networks.put("b;<host>", ["10.7.0.1/16", "9.9.9.9/32"])
    assert networks.of(address) == where


def test_only_addresses_in_networks_that_changed_are_looked_at_again() -> None:
    networks = Networks()
    addresses = ["10.0.0.1", "11.0.0.1", "a;10.0.0.1", "b;10.0.0.1", "fd00::1", "nonsense"]
    networks.put("a;<host>", ["10.0.0.0/8"])
    assert networks.settle(addresses) == ["10.0.0.1", "a;10.0.0.1"]
    assert networks.settle(addresses) == []
    networks.put("b;<host>", ["10.0.0.0/8"])
    assert networks.settle(addresses) == ["b;10.0.0.1"]
    networks.put("a;<host>", [])
    assert networks.settle(addresses) == ["a;10.0.0.1"]
    networks.put("b;<host>", ["11.0.0.0/8", "fd00::/8"])
    assert networks.settle(addresses) == ["10.0.0.1", "11.0.0.1", "b;10.0.0.1", "fd00::1"]
    networks.put("b;<host>", ["11.0.0.0/8", "fd00::/8"])
    assert networks.settle(addresses) == []


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("s3.amazonaws.com", True),
        ("s3-1-w.eu-west-1.amazonaws.com", True),
        ("amazonaws.com", False),
        ("ec2.eu-west-1.amazonaws.com", False),
        ("ec2-52-1-2-3.compute-1.amazonaws.com", False),
        ("s3.amazonaws.com.example.org", False),
        ("notamazonaws.com", False),
        ("storage.googleapis.com", True),
        ("shop.blob.core.windows.net", True),
        ("cloud.weave.works", False),
        ("evil;s3.amazonaws.com", False),
    ],
)
def test_services_that_are_known_by_name(name: str, *, known: bool) -> None:
    names = Names()
    names.put("p", {"8.8.8.8": said([name], [])})
    assert names.settle() == (["8.8.8.8"] if known else [])
    assert names.service("8.8.8.8") == (f"service-{name}" if known else None)


def test_the_first_name_decides_and_names_that_resolve_to_an_address_come_first() -> None:
    names = Names()
    names.put("p", {"8.8.8.8": said(["z.amazonaws.com"], ["a.amazonaws.com"])})
    names.put("q", {"8.8.8.8": said(["b.example.org", "y.amazonaws.com"], [])})
    assert names.of("8.8.8.8") == ["b.example.org", "y.amazonaws.com", "z.amazonaws.com", "a.amazonaws.com"]
    assert names.settle() == ["8.8.8.8"]
    assert names.service("8.8.8.8") == "service-y.amazonaws.com"
    names.put("q", {"8.8.8.8": said(["a.example.org"], [])})
    assert names.settle() == ["8.8.8.8"]
    assert names.service("8.8.8.8") == "service-z.amazonaws.com"
    names.put("q", {})
    assert names.settle() == []
    names.put("p", {})
    assert names.settle() == ["8.8.8.8"]
    assert names.service("8.8.8.8") is None
    assert names.of("8.8.8.8") == []
