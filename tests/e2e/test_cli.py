"""What people do with the command `scope`: two replicas of each service, and the containers of a real engine."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local import postgres
from deploy.local.command import free_ports
from tests.e2e.client import Mesh, wait_for
from tests.e2e.podman import CannotRunContainersError, Podman, engine
from tests.e2e.terminals import Terminal, terminal

HOST = "engine-2"
SCOPE = str(Path(sys.executable).with_name("scope"))
WEB = "web"


@dataclass(frozen=True)
class Site:
    """A mesh, a probe of this machine in it, and the engine whose containers the probe sees."""

    mesh: Mesh
    podman: Podman

    def environment(self, token: str = "") -> dict[str, str]:
        told = {"SCOPE_URL": self.mesh.url, "SCOPE_TOKEN": token or self.mesh.local()["api_token"], "TERM": "xterm"}
        return {**os.environ, **told}

    def scope(self, *arguments: str, given: bytes = b"", token: str = "") -> "subprocess.CompletedProcess[bytes]":
        """Runs the command without a terminal."""
        return subprocess.run(
            [SCOPE, *arguments], env=self.environment(token), input=given, capture_output=True, timeout=120, check=False
        )

    def says(self, *arguments: str) -> str:
        """What the command prints where all goes well."""
        done = self.scope(*arguments)
        assert done.returncode == 0, done
        return done.stdout.decode()

    def labels(self, *arguments: str) -> set[str]:
        return {node["label"] for node in json.loads(self.says("ps", *arguments, "--output", "json"))}

    def container(self, name: str, line: str = "sleep 1000000") -> str:
        """The id of a container that was started and is on the map."""
        made = self.podman.run(name, "shop/web:1", line)
        wait_for(lambda: name in self.labels("containers", "stopped=both"), name)
        return made.id

    @contextmanager
    def sitting(self, *arguments: str, width: int = 80, height: int = 24) -> Iterator[Terminal]:
        """The command at a terminal."""
        with terminal([SCOPE, *arguments], self.environment(), width, height) as sat:
            yield sat


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    with ExitStack() as after:
        try:
            podman = after.enter_context(engine(folder / "podman"))
        except CannotRunContainersError as error:
            pytest.fail(f"real containers are a part of the tests: {error}")
        mesh = Mesh(folder / "data", free_ports(1)[0], PROBE="0", REPLICAS="2")
        mesh.start()
        after.callback(postgres.remove, mesh.data / "postgres")
        after.callback(mesh.stop)
        after.enter_context(_probe(mesh, podman, folder / "state"))
        podman.image("shop/web:1")
        site = Site(mesh, podman)
        wait_for(lambda: site.scope("control", HOST).returncode == 0, "the controls of the host")
        site.container(WEB)
        wait_for(lambda: site.scope("control", WEB).returncode == 0, "the controls of the container")
        yield site


@contextmanager
def _probe(mesh: Mesh, podman: Podman, state: Path) -> Iterator[None]:
    options = ("--hostname", HOST, "--state", str(state), "--docker-socket", str(podman.socket))
    environment = {**os.environ, "SCOPE_SERVICE_TOKEN": mesh.local()["service_token"]}
    with state.with_suffix(".log").open("wb") as log:
        probe = subprocess.Popen([SCOPE, "launch", *options, mesh.url], env=environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        probe.terminate()
        assert probe.wait(30) == 0


def narrowed(site: Site, *permissions: str) -> str:
    """A token that may do so much."""
    made = site.mesh.api().post("/api/users/tokens", {"name": "narrow", "permissions": ["report.view", *permissions]})
    assert made.status == 200, made
    secret: str = made.json()["token"]
    return secret


def test_ps_lists_hosts_and_containers_with_what_finds_them_again(site: Site) -> None:
    hosts, containers = site.says("ps").split("\n\n")
    assert re.search(rf"^{HOST} .* {HOST};<host>$", hosts, re.MULTILINE)
    name, on, *_, short = next(line for line in containers.splitlines() if line.startswith(f"{WEB} ")).split()
    assert (name, on) == (WEB, HOST)
    assert site.says("exec", short, "--", "hostname").strip() == short
    node = next(node for node in json.loads(site.says("ps", "--output", "json")) if node["label"] == WEB)
    assert (node["topology"], node["id"][:12], node["quiet"]) == ("containers", short, False)


def test_ps_takes_a_topology_and_its_options(site: Site) -> None:
    site.container("ended", "exit 0")
    assert "ended" not in site.labels("containers")
    assert "ended" in site.labels("containers", "stopped=stopped")
    assert f"{HOST};{os.getpid()}" in site.says("ps", "processes")
    refused = site.scope("ps", "containers", "stopped=maybe")
    assert (refused.returncode, refused.stderr.count(b"\n")) == (64, 1)
    assert b"stopped" in refused.stderr


def test_watch_says_what_there_is_then_what_changes_and_ends_by_ctrl_c(site: Site) -> None:
    command = [SCOPE, "watch", "containers", "stopped=both", "--output", "json"]
    with subprocess.Popen(command, env=site.environment(), stdout=subprocess.PIPE) as watching:
        assert watching.stdout is not None

        def told(change: str, label: str) -> None:
            assert watching.stdout is not None
            for line in watching.stdout:
                said = json.loads(line)
                if (said["change"], said["node"]["label"]) == (change, label):
                    return
            raise AssertionError(f"it ended before {change} {label}")

        told("add", WEB)
        made = site.container("short-lived")
        told("add", "short-lived")
        site.podman.podman("rm", "--force", "--time", "0", made)
        told("remove", "short-lived")
        watching.send_signal(signal.SIGINT)
        watching.stdout.read()
    assert watching.returncode == 130


def test_control_lists_what_there_is_and_does_it(site: Site) -> None:
    made = site.container("handled")
    wait_for(lambda: "docker_pause_container" in site.scope("control", "handled").stdout.decode(), "its controls")
    assert re.search(r"^docker_stop_container +Stop +container.stop$", site.says("control", "handled"), re.MULTILINE)
    told = json.loads(site.says("control", "handled", "--output", "json"))
    assert {"docker_pause_container", "docker_exec_container"} <= {control["id"] for control in told}
    site.says("control", "handled", "docker_pause_container")
    assert site.podman.inspect(made)["State"]["Paused"] is True
    wait_for(
        lambda: "docker_unpause_container" in site.says("control", "handled"), "what can be done when it is paused"
    )
    answer = site.says("control", f"{made};<container>", "unpause", "--output", "json")
    assert json.loads(answer)["pipe"] == ""
    assert site.podman.inspect(made)["State"]["Paused"] is False
    wrong = site.scope("control", "handled", "fly")
    assert wrong.returncode == 64
    assert b"docker_stop_container (Stop)" in wrong.stderr


def test_what_asks_is_done_only_when_it_was_answered(site: Site) -> None:
    made = site.container("doomed")
    site.says("control", "doomed", "stop")
    wait_for(
        lambda: "docker_remove_container" in site.scope("control", "doomed").stdout.decode(), "that it can be removed"
    )
    asked = site.scope("control", "doomed", "remove")
    assert (asked.returncode, b"--yes" in asked.stderr) == (64, True)
    with site.sitting("control", "doomed", "remove") as sat:
        sat.until("[y/N]")
        sat.type("n\n")
        assert sat.ended() == 1
    assert made in site.podman.podman("ps", "--all", "--quiet", "--no-trunc")
    site.says("control", "doomed", "remove", "--yes")
    assert made not in site.podman.podman("ps", "--all", "--quiet", "--no-trunc")


def test_a_stream_is_copied_until_it_ends(site: Site) -> None:
    site.container("printed", "seq 1 300; sleep 1")
    wait_for(lambda: "docker_logs_container" in site.scope("control", "printed").stdout.decode(), "its controls")
    assert site.says("control", "printed", "logs").split() == [str(number) for number in range(1, 301)]


@pytest.mark.parametrize("target", [HOST, WEB])
def test_a_command_has_what_is_piped_and_its_status_is_that_of_scope(site: Site, target: str) -> None:
    content = os.urandom(1_000_000)
    copied = site.scope("exec", target, "--", "cat", given=content)
    assert (copied.returncode, copied.stderr) == (0, b"")
    assert copied.stdout == content
    ended = site.scope("exec", target, "--", "sh", "-c", "echo out; exit 7")
    assert (ended.returncode, ended.stdout) == (7, b"out\n")
    killed = site.scope("exec", target, "--", "sh", "-c", "kill -9 $$")
    assert killed.returncode == 128 + signal.SIGKILL


@pytest.mark.parametrize("target", [HOST, WEB])
def test_at_a_terminal_it_is_one_and_leaves_it_as_it_was(site: Site, target: str) -> None:
    with site.sitting("exec", target, "--", "sh", width=100, height=30) as sat:
        before = sat.modes()
        sat.type("stty size; tty | cut -c 1-8\n")
        sat.until("30 100")
        sat.until("/dev/pts")
        assert sat.modes() != before
        sat.resize(90, 20)
        sat.type("until [ \"$(stty size)\" = '20 90' ]; do sleep 0.05; done; echo fit''ted\n")
        sat.until("fitted")
        sat.type("echo rea''dy; sleep 1000\n")
        sat.until("ready")
        sat.type("\x03")
        sat.until("# ")
        sat.type("echo still''here\n")
        sat.until("stillhere")
        sat.type("exit 5\n")
        assert sat.ended() == 5
        assert sat.modes() == before


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_it_ends_in_order_when_it_is_told_to(site: Site, number: signal.Signals, status: int) -> None:
    with site.sitting("exec", HOST, "--", "sh", "-c", "echo $$-; exec sleep 1000000") as sat:
        before = sat.modes()
        pid = sat.until("-").split()[-1].rstrip("-")
        assert Path("/proc", pid).exists()
        sat.process.send_signal(number)
        assert sat.ended() == status
        assert sat.modes() == before
    wait_for(lambda: not Path("/proc", pid).exists(), "the end of what ran")


def test_who_reads_enough_ends_it(site: Site) -> None:
    line = f"{SCOPE} exec {HOST} -- yes | head -c 3; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", line], env=site.environment(), capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (141, b"y\ny", b"")


@pytest.mark.parametrize(
    ("arguments", "permission"),
    [
        (("exec", HOST, "--", "true"), "host.exec"),
        (("exec", WEB, "--", "true"), "container.exec"),
        (("control", WEB, "stop"), "container.stop"),
    ],
)
def test_who_may_not_hears_which_permission_is_missing(site: Site, arguments: tuple[str, ...], permission: str) -> None:
    refused = site.scope(*arguments, token=narrowed(site))
    assert refused.returncode == 77
    assert permission.encode() in refused.stderr
    assert refused.stderr.count(b"\n") == 1


def test_a_name_that_nothing_or_more_than_one_has(site: Site) -> None:
    unknown = site.scope("exec", "nobody", "--", "true")
    assert (unknown.returncode, b"'nobody'" in unknown.stderr) == (68, True)
    made = site.container(HOST)
    ambiguous = site.scope("exec", HOST, "--", "true")
    site.podman.podman("rm", "--force", "--time", "0", made)
    assert ambiguous.returncode == 68
    assert f"'{HOST};<host>'".encode() in ambiguous.stderr
    assert f"'{made};<container>'".encode() in ambiguous.stderr
    wait_for(lambda: site.scope("exec", HOST, "--", "true").returncode == 0, "that one alone is called so again")
    ended = site.scope("exec", f"{HOST};<host>", "--", "no-such-program")
    assert ended.returncode == 127
