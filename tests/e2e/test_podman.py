"""The engine that tests run containers with leaves nothing behind."""

import hashlib
import socket
import subprocess
from pathlib import Path

import pytest

from deploy.local.command import free_ports
from tests.e2e.client import wait_for
from tests.e2e.podman import engine


def rules() -> set[str]:
    saved = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout.splitlines()
    return {line.partition(" [")[0] for line in saved if not line.startswith("#")}


def others_run() -> bool:
    """Whether another engine has a network here: it needs what all networks share."""
    return any(rule.startswith(":NETAVARK-") and not rule.startswith(":NETAVARK-HOSTPORT") for rule in rules())


def traces(folder: Path, network: str) -> list[str]:
    """What still speaks of an engine: processes, rules, interfaces, files."""
    chain = hashlib.sha512(network.encode()).hexdigest()[:13].upper()
    running = [file.read_bytes().decode(errors="replace") for file in Path("/proc").glob("[0-9]*/cmdline")]
    interfaces = [name for _, name in socket.if_nameindex()]
    found = [*running, *rules(), *interfaces, *map(str, folder.parent.iterdir())]
    return [text for text in found if str(folder) in text or network in text or chain in text]


@pytest.mark.parametrize("driver", ["vfs", "overlay"])
def test_nothing_is_left_of_an_engine(tmp_path: Path, driver: str) -> None:
    port, before = free_ports(1)[0], rules()
    with engine(tmp_path / "podman", driver) as podman:
        podman.image("shop/echo:1")
        another = f"{podman.network}-2"
        podman.podman("network", "create", another)
        options = ("--publish", f"{port}:7", "--network", another, "--volume", "kept:/kept")
        echo = podman.run("echo", "shop/echo:1", "exec nc -ll -p 7 -e cat", *options)
        assert podman.inspect(echo.id)["State"]["Running"] is True
        with wait_for(lambda: socket.create_connection(("127.0.0.1", port)), "the published port") as held:
            held.settimeout(30)
            held.sendall(b"is anybody there?")
            assert held.recv(100) == b"is anybody there?"
        assert traces(tmp_path / "podman", podman.network)
        assert traces(tmp_path / "podman", another)
    assert traces(tmp_path / "podman", podman.network) == []
    assert traces(tmp_path / "podman", another) == []
    assert rules() <= before or others_run()
