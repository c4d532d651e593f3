"""The host reporter: what the machine is, and how busy."""

import ipaddress
import os
import platform
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_SOCKET_ADDRESSES = (socket.AF_INET, socket.AF_INET6)
CPUS = os.cpu_count() or 1


@dataclass(frozen=True)
class HostSample:
    """How busy the host is. `cpu`: percent of all processors, None before two looks; `memory`: bytes in use."""

    cpu: float | None
    memory: int
    load1: float


@dataclass(frozen=True)
class Host:
    """What the host is. `uptime` in seconds, `memory_max` in bytes; `addresses` reach this host and no other."""

    name: str
    os: str
    kernel_version: str
    uptime: int
    local_networks: list[str]
    memory_max: int
    addresses: Sequence[str] = ()


@dataclass
class HostReporter:
    """Looks at this host, known as `name`."""

    name: str
    _times: tuple[int, int] | None = field(default=None, init=False)

    def sample(self) -> HostSample:
        """How busy it is; CPU since the last sample."""
        before, self._times = self._times, _processor_times()
        total, available = _memory()
        cpu = _percent(before, self._times) if before else None
        return HostSample(cpu, total - available, os.getloadavg()[0])

    def collect(self) -> Host:
        """What it is."""
        return Host(
            name=self.name,
            os=platform.system().lower(),
            kernel_version=f"{platform.release()} {platform.version()}",
            uptime=int(time.clock_gettime(time.CLOCK_BOOTTIME)),
            local_networks=local_networks(),
            memory_max=_memory()[0],
            addresses=addresses(),
        )


def local_networks() -> list[str]:
    """The networks of all interfaces, IPv4 and IPv6, as `ADDRESS/LENGTH`."""
    found = {network(address, netmask) for address, netmask in _interfaces() if netmask}
    return sorted(found - {"0.0.0.0/0", "::/0"})


def addresses() -> list[str]:
    """The addresses of all interfaces but those that many hosts have: loopback, and what counts on one link only."""
    found = {address for address, _ in _interfaces()}
    parsed = sorted(
        (ipaddress.ip_address(address) for address in found), key=lambda address: (address.version, address)
    )
    return [str(address) for address in parsed if not (address.is_loopback or address.is_link_local)]


def _interfaces() -> Iterator[tuple[str, str | None]]:
    """Address and netmask of every interface. The zone of an address (`%eth0`) is the interface's own affair."""
    for entries in psutil.net_if_addrs().values():
        for entry in entries:
            if entry.family in _SOCKET_ADDRESSES:
                yield entry.address.partition("%")[0], entry.netmask


def network(address: str, netmask: str) -> str:
    """The network of an interface."""
    length = int(ipaddress.ip_address(netmask)).bit_count()
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))


def parse_processor_times(line: str) -> tuple[int, int]:
    """Read the first line of /proc/stat: busy and all ticks since boot. A guest's time is in its user time already."""
    user, nice, system, idle, iowait, irq, softirq, steal = (int(value) for value in line.split()[1:9])
    busy = user + nice + system + irq + softirq + steal
    return busy, busy + idle + iowait


def parse_memory(text: str) -> tuple[int, int]:
    """Read /proc/meminfo: bytes there are, and bytes that can be had without swapping."""
    values = {}
    for line in text.splitlines():
        key, _, rest = line.partition(":")
        values[key] = int(rest.split()[0]) * 1024
    return values["MemTotal"], values["MemAvailable"]


def _processor_times() -> tuple[int, int]:
    with Path("/proc/stat").open(encoding="utf-8") as lines:
        return parse_processor_times(lines.readline())


def _memory() -> tuple[int, int]:
    return parse_memory(Path("/proc/meminfo").read_text(encoding="utf-8"))


def _percent(before: tuple[int, int], now: tuple[int, int]) -> float | None:
    passed = now[1] - before[1]
    return max(0.0, 100 * (now[0] - before[0]) / passed) if passed > 0 else None
