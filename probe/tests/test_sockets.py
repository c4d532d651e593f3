import pytest

from scope_probe import sockets
from scope_probe.sockets import Socket

HEADING = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
REST = "00000000:00000000 00:00000000 00000000  1000        0 {inode} 1 0000000000000000 20 4 30 10 -1\n"


def line(local: str, remote: str, state: str, inode: int = 7) -> str:
    return f"   0: {local} {remote} {state} " + REST.format(inode=inode)


def parse(*lines: str) -> list[Socket]:
    return sockets.parse([HEADING, *lines])


def test_ipv4() -> None:
    assert parse(line("0100007F:1F90", "0200A8C0:C350", "01", inode=4711)) == [
        Socket("127.0.0.1", 8080, "192.168.0.2", 50000, "01", 4711)
    ]


def test_ipv6_in_its_shortest_form() -> None:
    local, remote = "B80D0120000000000000000001000000:01BB", "00000000000000000000000001000000:C350"
    assert parse(line(local, remote, "01")) == [Socket("2001:db8::1", 443, "::1", 50000, "01", 7)]


def test_ipv4_mapped_is_ipv4() -> None:
    local, remote = "0000000000000000FFFF00000100007F:1F90", "0000000000000000FFFF00000200A8C0:C350"
    assert parse(line(local, remote, "08")) == [Socket("127.0.0.1", 8080, "192.168.0.2", 50000, "08", 7)]


@pytest.mark.parametrize(("state", "kept"), [("01", 1), ("04", 1), ("05", 1), ("08", 1), ("0A", 1)])
def test_states_that_are_kept(state: str, kept: int) -> None:
    assert len(parse(line("0100007F:1F90", "0100007F:C350", state))) == kept


@pytest.mark.parametrize("state", ["02", "03", "06", "07", "09", "0B", "0C"])
def test_states_that_are_not(state: str) -> None:
    assert parse(line("0100007F:1F90", "0100007F:C350", state)) == []


def test_heading_and_broken_lines_are_passed_over() -> None:
    assert parse("\n", "   0: 0100007F:1F90\n") == []


def test_who_is_listened_at_was_called() -> None:
    listening = Socket("127.0.0.1", 60000, "0.0.0.0", 0, sockets.LISTEN, 1)
    server = Socket("127.0.0.1", 60000, "127.0.0.1", 40000, sockets.ESTABLISHED, 2)
    client = Socket("127.0.0.1", 40000, "127.0.0.1", 60000, sockets.ESTABLISHED, 3)
    namespace = sockets.arrange([listening, server, client])
    assert namespace.incoming(server)
    assert not namespace.incoming(client)


@pytest.mark.parametrize("everywhere", ["0.0.0.0", "::"])
def test_listening_at_every_address(everywhere: str) -> None:
    listening = Socket(everywhere, 60000, everywhere, 0, sockets.LISTEN, 1)
    server = Socket("192.168.0.2", 60000, "192.168.0.3", 40000, sockets.ESTABLISHED, 2)
    assert sockets.arrange([listening, server]).incoming(server)


def test_listening_at_another_address_says_nothing() -> None:
    listening = Socket("127.0.0.1", 60000, "0.0.0.0", 0, sockets.LISTEN, 1)
    client = Socket("192.168.0.2", 60000, "192.168.0.3", 443, sockets.ESTABLISHED, 2)
    assert not sockets.arrange([listening, client]).incoming(client)


def test_a_port_listened_at_here_says_nothing_of_another_host() -> None:
    listening = Socket("0.0.0.0", 443, "0.0.0.0", 0, sockets.LISTEN, 1)
    server = Socket("192.168.0.2", 443, "192.168.0.3", 40000, sockets.ESTABLISHED, 2)
    client = Socket("192.168.0.2", 41000, "192.168.0.3", 443, sockets.ESTABLISHED, 3)
    namespace = sockets.arrange([listening, server, client])
    assert namespace.incoming(server)
    assert not namespace.incoming(client)


def test_where_nobody_listens_the_lower_port_was_called() -> None:
    server = Socket("10.0.0.1", 22, "10.0.0.2", 40000, sockets.ESTABLISHED, 1)
    client = Socket("10.0.0.1", 40000, "10.0.0.2", 22, sockets.ESTABLISHED, 2)
    namespace = sockets.arrange([server, client])
    assert namespace.incoming(server)
    assert not namespace.incoming(client)
