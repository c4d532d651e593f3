from dataclasses import replace
from typing import Any

import pytest

from probe.tests import docker_engine
from scope.report.v1.topology_pb2 import Topology
from scope_probe import report
from scope_probe.connections import Connection
from scope_probe.containers import age, docker_answers, nodes
from scope_probe.containers.cgroups import Usage
from scope_probe.containers.model import Container, Image, Port
from scope_probe.containers.nodes import Here, Wish
from scope_probe.containers.reporter import Found
from scope_probe.hiding import HIDDEN
from scope_probe.host import Host, addresses
from scope_probe.processes import Process
from scope_probe.report import Seen
from scope_probe.scopes import Scopes
from scope_sdk.report import limits, standard
from scope_sdk.report.builder import Builder
from scope_sdk.report.nodes import NodeFacts

NOW = 1767323046.0 + 3 * 3600 + 59
SCOPES = Scopes.of("here", ["172.17.0.0/16", "fd17::/64"])
HERE = Here(SCOPES, 1 << 30, NOW)
HOST = Host("here", "linux", "6.1", 60, [], 1 << 30, ["172.17.0.1", "192.0.2.7", "198.51.100.1", "fd00::7"])
WEB = docker_answers.container(docker_engine.container())
IMAGE = docker_answers.image(docker_engine.INSPECTED_IMAGE)
SECRET = f"scope_api_{'aB3-_' * 8}xyz"


def node(container: Container = WEB, wish: Wish | None = None, **usage: Any) -> NodeFacts:
    return nodes.container_node(container, usage.get("usage", ()), HERE, wish or Wish())


def build(*containers: Container, host: Host = HOST, **seen: Any) -> Builder:
    found = Found(containers, {IMAGE.id: IMAGE}, frozenset(["172.17.0.0/16", "fd17::/64"]), seen.pop("members", {}))
    return report.build(Seen(host, containers=found, **seen), Wish())


def test_the_attributes_of_a_container() -> None:
    assert node().attributes == {
        "docker_container_id": docker_engine.WEB,
        "docker_image_id": "e5" * 32,
        "docker_container_name": "web",
        "docker_container_hostname": "web-1",
        "docker_container_command": "/bin/web --port 80",
        "docker_container_created": "2026-01-02T03:04:05.123456789Z",
        "docker_container_state": "running",
        "docker_container_state_human": "Up 3 hours",
        "docker_container_uptime": 10_800,
        "docker_container_restart_count": 2,
        "docker_container_networks": ["bridge", "lan"],
        "docker_container_ips": ["172.17.0.2", "fd17::2", "192.168.7.9"],
        "docker_container_ports": [
            "443/tcp",
            "0.0.0.0:8080->80/tcp",
            "192.0.2.7:5353->53/udp",
            "[::]:8080->80/tcp",
        ],
    }


def test_where_a_container_is_reached() -> None:
    assert node().addresses == ["here;172.17.0.2", "here;fd17::2", "192.168.7.9"]
    stopped = node(replace(WEB, state="exited"))
    assert stopped.addresses == []
    assert "docker_container_ips" not in stopped.attributes


def test_what_a_container_uses() -> None:
    looks = [Usage(1_000, None, 5, 1048576), Usage(2_000, 12.5, 6, 1048576)]
    used = node(usage=looks)
    assert used.metrics == {
        "docker_cpu_total_usage": [(2_000, 12.5)],
        "docker_memory_usage": [(1_000, 5), (2_000, 6)],
    }
    assert used.maxima == {"docker_memory_usage": 1048576}
    assert node(usage=[Usage(1_000, None, 5, 0)]).maxima == {"docker_memory_usage": 1 << 30}


def test_labels_are_a_table_and_variables_only_when_asked_for() -> None:
    assert node().tables == {
        "docker_label_": {
            "io.kubernetes.pod.name": ("io.kubernetes.pod.name", "web-0"),
            "io.kubernetes.pod.uid": ("io.kubernetes.pod.uid", "pod-1"),
            "tier": ("tier", "front"),
        }
    }
    asked = node(wish=Wish(environment=True)).tables["docker_env_"]
    assert asked == {"EMPTY": ("EMPTY", ""), "PASSWORD": ("PASSWORD", "a=b"), "PATH": ("PATH", "/bin")}


def test_variables_and_commands_are_sensitive() -> None:
    template = standard.STANDARD[Topology.TOPOLOGY_CONTAINER]
    assert [row.id for row in template.rows if row.sensitive] == ["docker_container_command"]
    assert [table.id for table in template.tables if table.sensitive] == ["docker_env_"]


def test_without_arguments_only_the_program_is_reported() -> None:
    assert node(wish=Wish(arguments=False)).attributes["docker_container_command"] == "/bin/web"


def test_secrets_of_the_service_are_reported_nowhere() -> None:
    own = "scope-token-4711"
    told = replace(
        WEB,
        command=["probe", f"--service-token={own}"],
        labels={"token": SECRET, own: "x"},
        environment={"TOKEN": own},
        hostname=SECRET,
    )
    found = node(told, Wish(environment=True, secret=own))
    assert own not in str(found)
    assert SECRET not in str(found)
    assert found.attributes["docker_container_command"] == f"probe --service-token={HIDDEN}"


def test_an_image() -> None:
    found = nodes.image_node(IMAGE, Wish())
    assert found.id == f"{'e5' * 32};<container_image>"
    assert found.attributes == {
        "docker_image_id": "e5" * 32,
        "docker_image_name": "registry.example.com:5000/shop/web",
        "docker_image_tag": "1.2",
        "docker_image_size": "48.12 MB",
    }
    assert list(found.tables["docker_image_label_"]) == ["org.opencontainers.image.version"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-5, (0, "less than a minute")),
        (59, (0, "less than a minute")),
        (60, (60, "1 minute")),
        (3_599, (3_540, "59 minutes")),
        (7_300, (7_200, "2 hours")),
        (3 * 86_400 + 5, (259_200, "3 days")),
    ],
)
def test_ages_are_coarse(seconds: float, expected: tuple[int, str]) -> None:
    assert age.age(seconds) == expected


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("created", "Created"),
        ("running", "Up 3 hours"),
        ("paused", "Up 3 hours (Paused)"),
        ("restarting", "Restarting (7) 59 minutes ago"),
        ("exited", "Exited (7) 59 minutes ago"),
        ("removing", "Removal In Progress"),
        ("dead", "Dead"),
    ],
)
def test_states_in_words(state: str, words: str) -> None:
    container = replace(WEB, state=state, exit_code=7, finished=NOW - 3_599)
    assert age.in_words(container, NOW) == words


def test_published_ports_lead_to_the_container_from_every_address_of_the_host() -> None:
    inside = ("here;172.17.0.2", 80)
    assert list(nodes.translations(WEB, SCOPES, HOST.addresses)) == [
        (("here;172.17.0.1", 8080), inside),
        (("192.0.2.7", 8080), inside),
        (("198.51.100.1", 8080), inside),
        (("fd00::7", 8080), ("here;fd17::2", 80)),
    ]


def test_a_port_may_be_published_at_one_address_or_nowhere() -> None:
    ports = [Port("192.0.2.7", 81, 80), Port("127.0.0.1", 82, 80), Port("192.0.2.7", 53, 53, "udp"), Port("", 0, 443)]
    published = nodes.translations(replace(WEB, ports=ports), SCOPES, HOST.addresses)
    assert dict(published) == {("192.0.2.7", 81): ("here;172.17.0.2", 80)}
    ended = replace(WEB, state="exited")
    assert not list(nodes.translations(ended, SCOPES, HOST.addresses))


def test_what_the_kernel_translates_comes_before_what_is_published() -> None:
    kernel = {
        (("192.0.2.7", 8080), ("172.17.0.9", 80)),
        (("192.0.2.7", 40_000), ("172.17.0.2", 40_000)),
    }
    builder = build(WEB, translations=kernel)
    found = {(tuple(original), tuple(translated)) for original, translated in builder.translations}
    assert (("192.0.2.7", 8080), ("here;172.17.0.9", 80)) in found
    assert (("192.0.2.7", 8080), ("here;172.17.0.2", 80)) not in found
    assert (("192.0.2.7", 40_000), ("here;172.17.0.2", 40_000)) in found
    assert (("198.51.100.1", 8080), ("here;172.17.0.2", 80)) in found


def test_what_belongs_to_what() -> None:
    process = Process(42, "web", "web", 1, 1, None, None, [])
    other = Process(43, "sh", "sh", 1, 1, None, None, [])
    builder = build(WEB, processes=[process, other], members={42: WEB.id, 43: "c9" * 32})
    builder.check()
    assert list(builder.nodes["here;42"].parents) == ["here;<host>", f"{WEB.id};<container>"]
    assert list(builder.nodes["here;43"].parents) == ["here;<host>"]
    assert list(builder.nodes[f"{WEB.id};<container>"].parents) == [
        "here;<host>",
        f"{IMAGE.id};<container_image>",
        "pod-1;<pod>",
    ]
    pod = builder.nodes["pod-1;<pod>"]
    assert (pod.label, pod.attributes, list(pod.parents)) == ("web-0", {"kubernetes_name": "web-0"}, ["here;<host>"])


def test_what_is_shown_is_declared() -> None:
    builder = build(WEB)
    assert builder.templates.keys() >= {found.topology for found in builder.nodes.values()}


def test_a_container_may_share_the_hosts_network() -> None:
    shared = replace(WEB, host_network=True, addresses=[], networks=["host"])
    assert node(shared).addresses == []
    assert node(shared).attributes["docker_is_in_host_network"] == "true"
    assert not list(nodes.translations(shared, SCOPES, HOST.addresses))


def test_addresses_of_bridges_mean_this_host_only_at_both_ends_of_a_connection() -> None:
    inside = Connection(None, "172.17.0.2", 80, "192.0.2.9", 40_000, incoming=True, namespace="42")
    outside = Connection(None, "172.17.0.1", 40_001, "172.17.0.2", 80, incoming=False)
    builder = build(connections=[inside, outside])
    assert {(end.local.address, end.remote.address) for end in builder.connections} == {
        ("here;172.17.0.2", "192.0.2.9"),
        ("here;172.17.0.1", "here;172.17.0.2"),
    }
    assert list(builder.nodes["here;<host>"].addresses) == ["here;172.17.0.1", *HOST.addresses[1:]]


def test_the_addresses_of_this_host_are_its_own() -> None:
    found = addresses()
    assert not [one for one in found if one.startswith(("127.", "::1", "fe80:", "169.254.")) or "%" in one]


@pytest.mark.parametrize(
    "rubbish",
    [
        Container("no id; at all"),
        Container("a" * 2_000),
        Container("ok", name="\ud800", labels={"\ud800": "\udfff", "k" * 2_000: "v", "": "v"}),
        Container("ok", command=["x" * 100_000], labels={str(key): "v" * 100_000 for key in range(2_000)}),
        Container("ok", image_id="\n", pod="a;b"),
    ],
)
def test_what_an_engine_says_never_costs_the_report(rubbish: Container) -> None:
    builder = build(rubbish, WEB)
    assert f"{WEB.id};<container>" in builder.nodes
    builder.check()
    builder.document().SerializeToString()


def test_labels_that_are_left_out_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    many = replace(WEB, labels={f"label{key:04}": "v" for key in range(nodes.ROWS + 3)})
    rows = node(many).tables["docker_label_"]
    assert len(rows) == nodes.ROWS + 1
    assert rows["…"] == ("…", "3 that are too many or too long are not reported")
    second = replace(WEB, id="b2" * 32)
    room = sum(len(cell) for row in node().tables["docker_label_"].values() for cell in row)
    found = list(nodes.within([node(), node(second)], room))
    assert "tier" in found[0].tables["docker_label_"]
    assert found[1].tables == {"docker_label_": {"…": ("…", "3 that are too many or too long are not reported")}}


def test_containers_leave_room_for_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NODES", 3)
    builder = build(*(Container(f"c{number}") for number in range(9)), processes=[])
    assert len(builder.nodes) == 3
    builder.check()


def test_an_image_without_a_name() -> None:
    assert nodes.image_node(Image("e5" * 32), Wish()).label == "e5" * 6
