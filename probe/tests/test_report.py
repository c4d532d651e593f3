import os
import socket
from pathlib import Path

import pytest

from probe.tests.test_processes import child
from scope.report.v1.topology_pb2 import Topology
from scope_probe import facts, report
from scope_probe.connections import Connection
from scope_probe.containers.nodes import Wish
from scope_probe.hiding import HIDDEN
from scope_probe.host import Host
from scope_probe.processes import Process
from scope_probe.report import Reporters, Seen
from scope_probe.scopes import Scopes
from scope_sdk.report import limits
from scope_sdk.report.builder import Builder

HOST = Host("here.example", "linux", "6.1", 60, ["127.0.0.0/8"], 1024)


@pytest.fixture(scope="module")
def looked() -> Builder:
    reporters = Reporters("here.example")
    reporters.sample()
    return reporters.report()


def test_the_host(looked: Builder) -> None:
    node = looked.nodes["here.example;<host>"]
    assert node.label == "here"
    assert set(node.attributes) == {
        *("host_name", "os", "kernel_version", "uptime", "local_networks", "host_scope_version")
    }
    assert {len(samples) for metric, samples in node.metrics.items() if metric != "host_cpu_usage_percent"} == {2}
    assert node.maxima["host_cpu_usage_percent"] == 100


def test_this_process(looked: Builder) -> None:
    node = looked.nodes[f"here.example;{os.getpid()}"]
    assert list(node.parents) == ["here.example;<host>"]
    assert set(node.attributes) == {"pid", "name", "cmdline", "ppid", "threads"}
    assert len(node.metrics["process_memory_usage_bytes"]) == 2
    assert len(node.metrics["open_files_count"]) == 1
    assert node.metrics["open_files_count"][0][0] == node.metrics["process_memory_usage_bytes"][-1][0]
    assert node.maxima["process_cpu_usage_percent"] == 100 * (os.cpu_count() or 1)


def test_everything_reported_has_a_template_and_command_lines_are_sensitive(looked: Builder) -> None:
    looked.check()
    for node in looked.nodes.values():
        declared = looked.templates[node.topology]
        assert set(node.attributes) - {"name"} == {row.id for row in declared.rows}
        assert set(node.metrics) <= {metric.id for metric in declared.metrics}
    rows = looked.templates[Topology.TOPOLOGY_PROCESS].rows
    assert [row.id for row in rows if row.sensitive] == ["cmdline"]


def test_environment_variables_are_not_reported() -> None:
    with child("input()", SECRET_OF_A_CHILD="never-to-be-seen") as process:
        document = Reporters("here").report().document()
    assert any(node.id == f"here;{process.pid}" for node in document.nodes)
    assert b"never-to-be-seen" not in document.SerializeToString()


def test_the_probes_own_token_is_in_no_command_line() -> None:
    with child("input()", "--service-token=scope-token-4711") as process:
        found = Reporters("here", Wish(secret="scope-token-4711")).report().nodes[f"here;{process.pid}"]
    assert str(found.attributes["cmdline"]).endswith(f" --service-token={HIDDEN}")


@pytest.mark.parametrize("kind", ["probe", "api", "session", "login"])
def test_the_services_secrets_are_in_no_command_line(kind: str) -> None:
    secret = f"scope_{kind}_{'aB3-_' * 8}xyz"
    with child("input()", f"Authorization: Bearer {secret}", f"http://there/#/login/{secret}") as process:
        document = Reporters("here").report().document()
    [found] = [node for node in document.nodes if node.id == f"here;{process.pid}"]
    assert f"Authorization: Bearer {HIDDEN} http://there/#/login/{HIDDEN}" in str(found)
    assert secret.encode() not in document.SerializeToString()


def test_each_sample_is_reported_once() -> None:
    reporters = Reporters("here")
    reporters.sample()
    reporters.report()
    assert len(reporters.report().nodes["here;<host>"].metrics["load1"]) == 1


def test_both_ends_of_a_connection_on_loopback() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as client,
        server.accept()[0],
    ):
        local, remote = client.getsockname()[1], server.getsockname()[1]
        found = Reporters("here.example").report().connections
    ends = {
        (end.owner, end.local, end.remote, end.incoming)
        for end in found
        if {local, remote} == {end.local.port, end.remote.port}
    }
    here, address = f"here.example;{os.getpid()}", "here.example;127.0.0.1"
    assert ends == {
        (here, (address, local), (address, remote), False),
        (here, (address, remote), (address, local), True),
    }


def test_a_connection_whose_process_is_not_reported_is_the_hosts() -> None:
    found = [
        Connection(4711, "10.0.0.1", 1, "10.0.0.2", 2, incoming=False),
        Connection(None, "10.0.0.1", 3, "10.0.0.2", 2, incoming=True),
    ]
    builder = report.build(Seen(HOST, connections=found), Wish())
    assert {end.owner for end in builder.connections} == {"here.example;<host>"}


def test_loopback_of_another_network_namespace_is_apart() -> None:
    connection = Connection(None, "127.0.0.1", 1, "127.0.0.1", 2, incoming=False, namespace="42")
    assert facts.ends(connection, Scopes("here")) == (("here-42;127.0.0.1", 1), ("here-42;127.0.0.1", 2))
    connection = Connection(None, "10.0.0.1", 1, "10.0.0.2", 2, incoming=False, namespace="42")
    assert facts.ends(connection, Scopes("here")) == (("10.0.0.1", 1), ("10.0.0.2", 2))


def test_what_is_unknown_is_left_out_and_long_names_are_cut() -> None:
    process = Process(1, "x" * 4096, "", 0, 1, None, None, [])
    node = facts.process_node(process, HOST, None)
    assert node.metrics == {}
    assert "open_files_count" not in node.maxima
    assert len(node.label) == limits.LABEL_LENGTH
    report.build(Seen(HOST, processes=[process]), Wish())


def test_a_report_keeps_within_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NODES", 3)
    monkeypatch.setattr(limits, "CONNECTIONS", 2)
    processes = [Process(pid, "x", "", 0, 1, None, None, []) for pid in range(1, 9)]
    found = [Connection(1, "10.0.0.1", port, "10.0.0.2", 2, incoming=False) for port in range(9)]
    builder = report.build(Seen(HOST, processes=processes, connections=found), Wish())
    assert (len(builder.nodes), len(builder.connections)) == (3, 2)


def test_the_package_reads_no_environment_of_others() -> None:
    sources = Path(report.__file__).parent.rglob("*.py")
    assert not [source.name for source in sources if "/environ" in source.read_text(encoding="utf-8")]
