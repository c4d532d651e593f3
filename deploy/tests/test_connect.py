"""What is in a cluster is reached from this machine while connect runs: looked for first, and let go of after."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.local.command import free_ports
from deploy.tests.standins import Standins
from deploy.tests.waiting import until

EVERYTHING = """\
default\tkubernetes\t\thttps=443,
monitoring\tgrafana\tgrafana\tservice=80,
monitoring\talertmanager-operated\t\thttp-web=9093,tcp-mesh=9094,
monitoring\tprometheus\tprometheus\tgrpc=10901,http=9090,
monitoring\tkubediff\tkubediff\thttp=80,
other\tfrontend\tfrontend\thttp=81,
scope\tfrontend\tfrontend\thttp=8080,
scope\tmailpit\tmailpit\tsmtp=1025,http=8025,
scope\tnats\tnats\tnats=4222,
"""
FORWARDED = {
    ("scope", "service/frontend"): 8080,
    ("monitoring", "service/grafana"): 80,
    ("monitoring", "service/prometheus"): 9090,
    ("monitoring", "service/alertmanager-operated"): 9093,
    ("scope", "statefulset/nats"): 8222,
    ("scope", "service/mailpit"): 8025,
    ("monitoring", "service/kubediff"): 80,
}


class Connect:
    """deploy/connect of a checkout; each process that it started is ended with its test."""

    def __init__(self, checkout: Path, standins: Standins) -> None:
        self.script = checkout / "deploy/connect"
        self.standins = standins
        self.running: list[subprocess.Popen[str]] = []
        self.public = f"http://127.0.0.1:{free_ports(1)[0]}"

    def look(self, services: str = EVERYTHING, public: str | None = None) -> None:
        """It is expected to look for what is there, in the local cluster."""
        kubectl = ("kubectl", "--context", "kind-scope")
        self.standins.expect(
            *kubectl, "get", "services", "--all-namespaces", "--output", re.compile("jsonpath=.*"), out=services
        )
        configured = f"http://before.example\n\n{self.public if public is None else public}\n"
        self.standins.expect(
            *kubectl,
            *("--namespace", "scope", "get", "configmaps", "--selector", "app.kubernetes.io/name=users"),
            *("--sort-by", ".metadata.creationTimestamp", "--output", re.compile("jsonpath=.*")),
            out=configured,
        )

    def forward(self, namespace: str, resource: str, remote: int, *, stays: bool = True) -> None:
        """It is expected to forward a port of its choice to this."""
        words = ["kubectl", "--context", "kind-scope", "--namespace", namespace, "port-forward"]
        ports = re.compile(rf"[0-9]+:{remote}")
        self.standins.expect(
            *words, "--address", "127.0.0.1", resource, ports, stays=stays, status=int(not stays), anytime=True
        )

    def forward_everything(self) -> None:
        for (namespace, resource), remote in FORWARDED.items():
            self.forward(namespace, resource, remote)

    def forwards(self) -> dict[str, int]:
        """The forwards so far: resource and local port."""
        calls = [call.words for call in self.standins.made if "port-forward" in call.words]
        return {words[-2]: int(words[-1].split(":")[0]) for words in calls}

    async def start(self, count: int = 0) -> "subprocess.Popen[str]":
        """Running, with so many forwards at work."""
        process = self.standins.start(self.script, "local")
        self.running.append(process)
        await until(lambda: len(self.forwards()) == count or process.poll() is not None)
        return process

    def end(self) -> None:
        for process in self.running:
            with process:
                process.terminate()


@pytest.fixture
def connect(checkout: Path, standins: Standins) -> Iterator[Connect]:
    running = Connect(checkout, standins)
    yield running
    running.end()


def links(process: "subprocess.Popen[str]", count: int) -> tuple[dict[str, str], Path]:
    """What is printed in so many lines: links by their titles, and where the page is that has them too."""
    assert process.stdout
    lines = [process.stdout.readline() for _ in range(count + 1)]
    printed = dict(re.split("  +", line.strip()) for line in lines)
    return printed, Path(urlsplit(printed.pop("These links as a page")).path)


@pytest.fixture
def bystander() -> Iterator["subprocess.Popen[bytes]"]:
    """A process that connect did not start."""
    with subprocess.Popen(["sleep", "100"]) as process:
        yield process
        process.kill()


def is_there(path: Path) -> bool:
    return path.exists()


def read(page: Path) -> str:
    return page.read_text()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def gone(standins: Standins) -> Callable[[], bool]:
    return lambda: not any(is_alive(call.pid) for call in standins.made)


async def test_all_that_is_there_is_forwarded_and_linked_to(connect: Connect, standins: Standins) -> None:
    connect.look()
    connect.forward_everything()
    printed, file = links(await connect.start(len(FORWARDED)), 9)
    local = connect.forwards()
    assert set(local) == {resource for _, resource in FORWARDED}
    assert local["service/frontend"] == urlsplit(connect.public).port
    page = read(file)
    assert printed == {
        "Scope": f"{connect.public}/",
        "Accounts and organizations (administrators)": f"{connect.public}/#/admin/people",
        "Tools (administrators)": f"{connect.public}/admin/",
        "Grafana": f"http://127.0.0.1:{local['service/grafana']}/",
        "Prometheus": f"http://127.0.0.1:{local['service/prometheus']}/",
        "Alertmanager": f"http://127.0.0.1:{local['service/alertmanager-operated']}/",
        "NATS monitoring": f"http://127.0.0.1:{local['statefulset/nats']}/",
        "Mailpit": f"http://127.0.0.1:{local['service/mailpit']}/",
        "kubediff": f"http://127.0.0.1:{local['service/kubediff']}/",
    }
    assert dict(re.findall(r'<li><a href="(.*)">(.*)</a></li>', page)) == {url: title for title, url in printed.items()}
    assert "kind-scope" in page
    assert "Not there" not in page


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_ending_it_ends_every_forward_and_removes_the_page(
    connect: Connect, standins: Standins, bystander: "subprocess.Popen[bytes]", ending: signal.Signals
) -> None:
    connect.look()
    connect.forward_everything()
    process = await connect.start(len(FORWARDED))
    _, page = links(process, 9)
    os.killpg(process.pid, ending)  # as a terminal does
    await until(lambda: process.poll() is not None)
    assert process.returncode == 0
    assert process.stderr
    assert process.stderr.read() == "Ctrl-C ends this.\n"
    await until(gone(standins))
    assert bystander.poll() is None
    assert not is_there(page.parent)


async def test_one_that_breaks_is_started_anew_at_the_same_port(connect: Connect, standins: Standins) -> None:
    connect.look("scope\tmailpit\tmailpit\tsmtp=1025,http=8025,\n")
    connect.forward("scope", "service/mailpit", 8025, stays=False)
    connect.forward("scope", "service/mailpit", 8025)
    await connect.start(1)
    await until(lambda: len(standins.made) == 4)
    first, second = standins.made[2:]
    assert first.words == second.words
    assert is_alive(second.pid)


async def test_what_is_missing_is_said(connect: Connect) -> None:
    connect.look("scope\tnats\tnats\tnats=4222,\nelsewhere\tmailpit\tmailpit\thttp=8025,\n")
    connect.forward("scope", "statefulset/nats", 8222)
    process = await connect.start(1)
    printed, file = links(process, 1)
    missing = "Scope, Grafana, Prometheus, Alertmanager, Mailpit, kubediff"
    assert set(printed) == {"NATS monitoring"}
    assert f"Not there: {missing}." in read(file)
    assert process.stderr
    assert process.stderr.readline() == f"Not in the cluster: {missing}.\n"


def test_nothing_at_all_is_refused(connect: Connect, checkout: Path, standins: Standins) -> None:
    connect.look("default\tkubernetes\t\thttps=443,\n")
    done = standins.run(checkout / "deploy/connect", "local")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is in the cluster kind-scope" in done.stderr


async def test_pages_elsewhere_are_linked_to_and_not_forwarded(connect: Connect) -> None:
    connect.look("scope\tfrontend\tfrontend\thttps=443,http=80,\n", public='https://scope.example/"><b>')
    process = await connect.start()
    printed, file = links(process, 3)
    assert printed["Scope"] == 'https://scope.example/"><b>/'
    page = read(file)
    assert 'href="https://scope.example/&quot;&gt;&lt;b&gt;/admin/"' in page
    assert process.poll() is None


def test_another_port_is_taken_where_one_is_in_use(connect: Connect, checkout: Path, standins: Standins) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", 3000))
            taken.listen()
        except OSError:
            pass  # another has it, which is as well
        connect.look("monitoring\tgrafana\tgrafana\tservice=80,\n")
        done = standins.run(checkout / "deploy/connect", "local", "--dry-run")
    (port,) = re.findall(r"service/grafana (\d+):80\n", done.stdout)
    assert 3000 < int(port) < 3100


def test_the_pages_port_has_to_be_free(connect: Connect, checkout: Path, standins: Standins) -> None:
    with socket.create_server(("127.0.0.1", urlsplit(connect.public).port or 0)):
        connect.look()
        done = standins.run(checkout / "deploy/connect", "local")
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{connect.public} is where local's pages are" in done.stderr


def test_a_dry_run_looks_and_prints_the_forwards(connect: Connect, checkout: Path, standins: Standins) -> None:
    connect.look()
    done = standins.run(checkout / "deploy/connect", "local", "--dry-run")
    assert done.returncode == 0
    printed = [re.sub(r"\d+:", ":", line) for line in done.stdout.splitlines()]
    assert printed == [
        f"kubectl --context kind-scope --namespace {namespace} port-forward --address 127.0.0.1 {resource} :{remote}"
        for (namespace, resource), remote in FORWARDED.items()
    ]


def test_a_cluster_that_does_not_answer_ends_it(checkout: Path, standins: Standins) -> None:
    standins.expect(
        *("kubectl", "--context", "there", "get", "services", "--all-namespaces", "--output", re.compile(".*")),
        status=1,
        err="refused\n",
    )
    done = standins.run(checkout / "deploy/connect", "prod", SCOPE_CONTEXT="there")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "refused\n")


@pytest.mark.parametrize("arguments", [[], ["mycluster"], ["dev", "prod"], ["--proxy", "dev"]])
def test_one_environment_is_named(checkout: Path, standins: Standins, arguments: list[str]) -> None:
    assert standins.run(checkout / "deploy/connect", *arguments).returncode == 2


def test_help_names_all_there_is(checkout: Path, standins: Standins) -> None:
    done = standins.run(checkout / "deploy/connect", "--help")
    assert done.returncode == 0
    for word in (
        "Grafana",
        "Prometheus",
        "Alertmanager",
        "Scope",
        "NATS",
        "kubediff",
        "Ctrl-C",
        "--dry-run",
        "KUBECONFIG",
    ):
        assert word in done.stdout
