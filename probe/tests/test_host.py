import ipaddress
import platform
import time

import psutil

from scope_probe import host


def test_this_host() -> None:
    found = host.HostReporter("here").collect()
    assert found.name == "here"
    assert found.os == "linux"
    assert found.kernel_version.startswith(f"{platform.release()} ")
    assert abs(found.uptime - psutil.boot_time()) > 0
    assert found.uptime > 0
    assert found.memory_max == psutil.virtual_memory().total


def test_samples() -> None:
    reporter = host.HostReporter("here")
    first = reporter.sample()
    deadline = time.monotonic() + 60
    # The system counts in hundredths of a second.
    while (second := reporter.sample()).cpu is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert first.cpu is None
    assert second.cpu is not None
    assert 0 <= second.cpu <= 100
    assert 0 < second.memory < psutil.virtual_memory().total
    assert second.load1 >= 0


def test_local_networks_hold_loopback_of_both_kinds() -> None:
    found = host.local_networks()
    assert "127.0.0.0/8" in found
    assert all(ipaddress.ip_network(network).prefixlen for network in found)
    if any(entry.address == "::1" for entry in psutil.net_if_addrs()["lo"]):
        assert "::1/128" in found


def test_networks() -> None:
    assert host.network("192.168.3.4", "255.255.252.0") == "192.168.0.0/22"
    assert host.network("fe80::1%eth0", "ffff:ffff:ffff:ffff::") == "fe80::/64"


def test_processor_times_leave_out_idle_and_waiting() -> None:
    assert host.parse_processor_times("cpu  10 20 30 400 50 6 7 8 9 10\n") == (81, 531)


def test_memory_in_bytes() -> None:
    assert host.parse_memory("MemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable:    40 kB\nHugePages_Total: 0\n") == (
        102400,
        40960,
    )
