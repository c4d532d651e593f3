"""Real containers: Debian's podman, with a storage, a network and a socket of its own, all gone when it is closed.

The engine runs as root on the machine that tests run on. Small images are busybox and links to it, so nothing is
fetched. What podman shares between its storages stays apart by a random name of the network, its bridge and its subnet.
"""

import hashlib
import json
import os
import secrets
import shlex
import shutil
import subprocess
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from deploy import packages
from tests.e2e.client import wait_for

# The defaults ask for more than a container of its own may.
_CONTAINERS_CONF = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[network]
network_backend = "netavark"
network_config_dir = "{folder}/networks"
default_network = "{network}"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
tmp_dir = "{folder}/tmp"
static_dir = "{folder}/static"
"""
_STORAGE_CONF = """\
[storage]
driver = "{driver}"
graphroot = "{folder}/storage"
runroot = "{folder}/run"
"""
_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


class CannotRunContainersError(Exception):
    """This machine cannot; the message says what is missing."""


@dataclass(frozen=True)
class Container:
    """A container that was started.

    Attributes:
        id: its full id.
        name: its name.
        address: its address in the network.
        pid: its first process, as the host numbers it.
    """

    id: str
    name: str
    address: str
    pid: int


class Podman:
    """An engine in its folder, as `engine` starts it.

    Attributes:
        socket: answers the Docker API.
        network: the name of the network, of its bridge too; images are built in it.
        environment: with which programs use this engine.
    """

    def __init__(self, folder: Path, driver: str) -> None:
        self._folder = folder
        self._driver = driver
        self._rules = _Rules()
        self.socket = folder / "engine.sock"
        self.network = f"scope-{secrets.token_hex(4)}"
        self.environment = {
            **os.environ,
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }

    def configure(self) -> None:
        """Writes what podman goes by."""
        (self._folder / "networks").mkdir()
        (self._folder / "containers.conf").write_text(
            _CONTAINERS_CONF.format(folder=self._folder, network=self.network)
        )
        storage = _STORAGE_CONF.format(folder=self._folder, driver=self._driver)
        (self._folder / "storage.conf").write_text(storage)
        (self._folder / "networks" / f"{self.network}.json").write_text(json.dumps(_bridge(self.network)))

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answers at the socket."""
        command = ["podman", "system", "service", "--time", "0", f"unix://{self.socket}"]
        log = self._folder / "service.log"
        with log.open("wb") as opened:
            service = subprocess.Popen(command, env=self.environment, stdout=opened, stderr=opened)
        try:
            wait_for(self.socket.exists, f"the engine's socket (see {log})")
            yield
        finally:
            service.terminate()
            service.wait()
            self.socket.unlink(missing_ok=True)

    def remove(self) -> None:
        """Ends and removes every container, network and volume."""
        self.podman("rm", "--all", "--force", "--time", "0")
        networks = self.podman("network", "ls", "--format", "{{.Name}}").splitlines()
        self.podman("network", "prune", "--force")
        self.podman("volume", "rm", "--all", "--force")
        self._rules.remove(networks)
        _unmount(self._folder)

    def podman(self, *arguments: str) -> str:
        """What `podman ARGUMENTS` prints. RuntimeError with what it complains of where it fails."""
        done = subprocess.run(["podman", *arguments], env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"podman {shlex.join(arguments)}: {done.stderr.strip()}")
        return done.stdout.strip()

    def image(self, name: str, labels: Mapping[str, str] | None = None) -> str:
        """An image of busybox under this name and tag; its id."""
        archive = self._folder / f"{secrets.token_hex(4)}.tar"
        _write_busybox(archive, name)
        changes = [f"--change=LABEL {key}={value}" for key, value in (labels or {}).items()]
        return self.podman("import", "--quiet", *changes, str(archive), name).removeprefix("sha256:")

    def run(self, name: str, image: str, command: str, *options: str) -> Container:
        """A container in the network that runs a line of the shell; options as of `podman run`."""
        line = ["run", "--detach", "--name", name, "--network", self.network, *options, image, "/bin/sh", "-c", command]
        full = self.podman(*line)
        found = self.inspect(full)
        address = found["NetworkSettings"]["Networks"][self.network]["IPAddress"]
        return Container(id=full, name=name, address=address, pid=found["State"]["Pid"])

    def inspect(self, container: str) -> Any:
        """What the engine knows of a container."""
        return json.loads(self.podman("inspect", container))[0]


@contextmanager
def engine(folder: Path, driver: str = "vfs") -> Iterator[Podman]:
    """An engine that answers at its socket, in a folder that it makes; short, for a socket's path is.

    Args:
        folder: where everything of it is.
        driver: of its storage. `vfs` works everywhere, and copies all of an image for each container; `overlay` shares.

    Raises:
        CannotRunContainersError: something is missing.
    """
    check(packages.CONTAINERS)
    folder.mkdir()
    podman = Podman(folder, driver)
    with ExitStack() as after:
        after.callback(shutil.rmtree, folder)
        podman.configure()
        after.callback(podman.remove)
        after.enter_context(podman.serving())
        yield podman


def _bridge(name: str) -> dict[str, object]:
    """The network's file; `podman network create` could give two engines the same bridge."""
    subnet = f"10.{100 + secrets.randbelow(100)}.{secrets.randbelow(256)}"
    return {
        "name": name,
        "id": hashlib.sha256(name.encode()).hexdigest(),
        "driver": "bridge",
        "network_interface": name,
        "created": "2026-01-01T00:00:00Z",
        "subnets": [{"subnet": f"{subnet}.0/24", "gateway": f"{subnet}.1"}],
        "ipv6_enabled": False,
        "internal": False,
        "dns_enabled": False,
        "ipam_options": {"driver": "host-local"},
    }


class _Rules:
    """What networks add to iptables and podman leaves there, seen before the first container."""

    def __init__(self) -> None:
        self._forwarding = _FORWARDING.read_text()
        self._before = {table: set(_chains(table)) for table in ("filter", "nat")}

    def remove(self, networks: Sequence[str]) -> None:
        """Removes the chains of these, and those that all networks share, unless they were there or are needed."""
        # As netavark names them.
        own = [hashlib.sha512(network.encode()).hexdigest()[:13].upper() for network in networks]
        for table in self._before:
            self._remove(table, [chain for chain in _chains(table) if any(name in chain for name in own)])
        if any(_is_of_a_network(chain) for chain in _chains("nat")):
            return
        for table, before in self._before.items():
            self._remove(table, [chain for chain in _chains(table) if chain not in before])
        _FORWARDING.write_text(self._forwarding)

    @staticmethod
    def _remove(table: str, chains: Sequence[str]) -> None:
        for rule in _iptables(table, "--list-rules"):
            words = shlex.split(rule)
            if words[0] == "-A" and words[-1] in chains:
                _iptables(table, "-D", *words[1:])
        for chain in chains:
            _iptables(table, "--flush", chain)
        for chain in chains:
            _iptables(table, "--delete-chain", chain)


def _is_of_a_network(chain: str) -> bool:
    return chain.startswith("NETAVARK-") and not chain.startswith("NETAVARK-HOSTPORT")


def _chains(table: str) -> list[str]:
    rules = _iptables(table, "--list-rules")
    return [rule.removeprefix("-N ") for rule in rules if rule.startswith("-N NETAVARK")]


def _iptables(table: str, *arguments: str) -> list[str]:
    command = ["iptables", "--wait", "--table", table, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def _unmount(folder: Path) -> None:
    """What is mounted below a folder, the last first: the storage, and what a build that broke off has left."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    for place in reversed(places):
        if Path(place).is_relative_to(folder):
            subprocess.run(["umount", place], check=True)


def check(programs: Mapping[str, str]) -> None:
    """Raises CannotRunContainersError unless these programs are here (see `deploy.packages`), and who may use them."""
    absent = packages.missing(programs)
    if absent:
        raise CannotRunContainersError(f"missing: {' '.join(absent)}; as root: apt-get install {' '.join(absent)}")
    if os.geteuid() != 0:
        raise CannotRunContainersError("containers with a bridge and published ports need root; run as root")


def _write_busybox(archive: Path, name: str) -> None:
    """A root file system of one program under several names; `name` tells two images apart."""
    busybox = shutil.which("busybox")
    assert busybox is not None
    with tarfile.open(archive, "w") as tar:
        tar.add(busybox, "bin/busybox")
        for program in ("sh", "nc", "sleep", "cat", "hostname", "seq", "stty", "tty", "cut"):
            link = tarfile.TarInfo(f"bin/{program}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        mark = tarfile.TarInfo("etc/image")
        mark.size = len(name)
        tar.addfile(mark, BytesIO(name.encode()))
