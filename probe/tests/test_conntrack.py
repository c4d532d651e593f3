import json
import os
import socket
import struct
import subprocess
import sys

import pytest
from structlog.testing import capture_logs

from scope_probe.containers import conntrack
from scope_probe.containers.conntrack import Conntrack
from scope_probe.scopes import Endpoint, Translation
from tests.connection import needs_ipv6

ESTABLISHED, FIN_WAIT, CLOSE_WAIT, LAST_ACK, TIME_WAIT = 3, 4, 5, 6, 7
CLIENT, PUBLISHED, INSIDE = ("192.0.2.9", 40000), ("192.0.2.1", 8080), ("172.17.0.2", 80)
CONTAINER, MASQUERADED, OUTSIDE = ("172.17.0.3", 50000), ("192.0.2.1", 50000), ("198.51.100.7", 443)

# In a network of its own, whose loopback interface is down at first. What is sent to port 8080 is delivered at 80,
# and comes from port 4000 of another address.
TRANSLATED = """
import fcntl, json, socket, struct, subprocess, sys
from scope_probe.containers import conntrack
tables, here, elsewhere = sys.argv[1:]
to = "[{}]:{}" if ":" in here else "{}:{}"
into = ["OUTPUT", "-p", "tcp", "-d", here, "--dport", "8080", "-j", "DNAT", "--to", to.format(here, 80)]
out_of = ["POSTROUTING", "-p", "tcp", "--dport", "80", "-j", "SNAT", "--to", to.format(elsewhere, 4000)]
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sH14s", b"lo", 1, b""))
for rule in into, out_of:
    subprocess.run([tables, "-w", "-t", "nat", "-A", *rule], check=True)
family = socket.AF_INET6 if ":" in here else socket.AF_INET
server, plain = socket.create_server((here, 80), family=family), socket.create_server((here, 81), family=family)
client, other = socket.create_connection((here, 8080)), socket.create_connection((here, 81))
port, connected = client.getsockname()[1], sorted(conntrack.read().translations)
server.accept()[0].close()
client.close()
print(json.dumps([port, connected, sorted(conntrack.read().translations)]))
"""
UNPRIVILEGED = """
import os
from structlog.testing import capture_logs
from scope_probe.containers.conntrack import Conntrack
os.setgid(65534)
os.setuid(65534)
table = Conntrack()
with capture_logs() as logs:
    print(len(table.translations()), len(table.translations()), [line["why"] for line in logs])
"""


def attribute(kind: int, *held: bytes) -> bytes:
    content = b"".join(held)
    return struct.pack("=HH", len(content) + 4, kind) + content + b"\0" * (-len(content) % 4)


def direction(kind: int, source: Endpoint, destination: Endpoint, protocol: int) -> bytes:
    """Nested attributes are marked as such, as the kernel marks them."""
    family, kinds = (socket.AF_INET6, (3, 4)) if ":" in source[0] else (socket.AF_INET, (1, 2))
    addresses = [
        attribute(number, socket.inet_pton(family, address))
        for number, (address, _) in zip(kinds, (source, destination), strict=True)
    ]
    ports = [attribute(number, struct.pack(">H", port)) for number, (_, port) in ((2, source), (3, destination))]
    return attribute(
        0x8000 | kind,
        attribute(0x8001, *addresses),
        attribute(0x8002, attribute(1, bytes([protocol])), *ports),
    )


def entry(original: tuple[Endpoint, Endpoint], reply: tuple[Endpoint, Endpoint], state: int = ESTABLISHED) -> bytes:
    protocol = 6 if state else 17
    of_tcp = attribute(0x8004, attribute(0x8001, attribute(1, bytes([state])))) if state else b""
    status = attribute(3, struct.pack(">I", 0x18E))
    return direction(1, *original, protocol) + direction(2, *reply, protocol) + status + of_tcp


def translated(*arguments: str) -> tuple[int, list[Translation], list[Translation]]:
    """The client's port, and what is translated while it is connected and afterwards."""
    command = ["unshare", "--net", sys.executable, "-c", TRANSLATED, *arguments]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    port, *looks = answer
    during, after = ([((a, b), (c, d)) for (a, b), (c, d) in look] for look in looks)
    return port, during, after


def test_a_published_port() -> None:
    assert list(conntrack.parse(entry((CLIENT, PUBLISHED), (INSIDE, CLIENT)))) == [(PUBLISHED, INSIDE)]


def test_out_of_a_container() -> None:
    assert list(conntrack.parse(entry((CONTAINER, OUTSIDE), (OUTSIDE, MASQUERADED)))) == [(MASQUERADED, CONTAINER)]


def test_both_ends_over_ipv6() -> None:
    one, published = ("2001:db8::3", 40000), ("2001:db8::1", 8080)
    inside, masqueraded = ("fd00::2", 80), ("fd00::1", 61000)
    found = list(conntrack.parse(entry((one, published), (inside, masqueraded))))
    assert found == [(published, inside), (masqueraded, one)]


def test_only_the_port_differs() -> None:
    here = (PUBLISHED[0], 80)
    assert list(conntrack.parse(entry((CLIENT, PUBLISHED), (here, CLIENT)))) == [(PUBLISHED, here)]


def test_delivered_as_addressed() -> None:
    assert not list(conntrack.parse(entry((CLIENT, PUBLISHED), (PUBLISHED, CLIENT))))


@pytest.mark.parametrize(
    ("state", "kept"), [(ESTABLISHED, 1), (FIN_WAIT, 1), (CLOSE_WAIT, 1), (LAST_ACK, 0), (TIME_WAIT, 0), (1, 0), (0, 0)]
)
def test_connections_only(state: int, kept: int) -> None:
    assert len(list(conntrack.parse(entry((CLIENT, PUBLISHED), (INSIDE, CLIENT), state)))) == kept


@pytest.mark.integration
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a network namespace")
@pytest.mark.parametrize(
    ("tables", "here", "elsewhere"),
    [("iptables", "127.0.0.1", "127.0.0.9"), pytest.param("ip6tables", "::1", "::1", marks=needs_ipv6)],
)
def test_what_the_kernel_translates(tables: str, here: str, elsewhere: str) -> None:
    port, during, after = translated(tables, here, elsewhere)
    assert during == sorted([((here, 8080), (here, 80)), ((elsewhere, 4000), (here, port))])
    assert not after


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
def test_what_may_not_be_seen_is_said_once() -> None:
    answer = subprocess.run([sys.executable, "-c", UNPRIVILEGED], check=True, capture_output=True, text=True).stdout
    assert answer == "0 0 ['that needs CAP_NET_ADMIN']\n"


def test_a_table_of_which_the_rest_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [entry((CLIENT, PUBLISHED), (INSIDE, CLIENT)), entry((CONTAINER, OUTSIDE), (OUTSIDE, MASQUERADED))]
    monkeypatch.setattr(conntrack, "_listed", lambda status: iter(entries))
    monkeypatch.setattr(conntrack, "MOST", 1)
    with capture_logs() as logs:
        table = Conntrack()
        assert [*table.translations(), *table.translations()] == [(PUBLISHED, INSIDE)] * 2
        monkeypatch.setattr(conntrack, "MOST", 2)
        assert len(table.translations()) == 2
    assert [line["why"] for line in logs] == ["there are more than 1"]


def test_a_kernel_without_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conntrack, "_NETFILTER", 31)
    with capture_logs() as logs:
        table = Conntrack()
        assert not table.translations()
        assert not table.translations()
    assert [line["log_level"] for line in logs] == ["info"]
