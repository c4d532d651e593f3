"""What readers get to know of one node: rows, parents, children, connections and controls."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import pytest

from query.node import children as listing
from query.node import connections as talk
from query.tests.machines import NOON, World
from query.tests.reading import nodes, told
from scope.query.v1.node_pb2 import ConnectionGroup, NodeDetails
from scope.report.v1.template_pb2 import ArgumentTemplate, ControlTemplate, TopologyTemplates
from scope_sdk.report import ids, standard
from scope_sdk.report.builder import Builder
from scope_sdk.report.encode import Encoder
from scope_sdk.report.ids import INTERNET_IN, INTERNET_OUT, container_id, host_id, process_id
from scope_sdk.report.nodes import Attribute, NodeFacts

IMAGE = "i1;<container_image>"
POD, RS, DEPLOYMENT, SERVICE = "u1;<pod>", "r1;<replica_set>", "d1;<deployment>", "s1;<service>"
WEB, SIDE, OLD = container_id("web"), container_id("side"), container_id("old")
HOST = host_id("h.example.org")
NGINX, SSHD = process_id("h.example.org", 1), process_id("h.example.org", 2)
EVERYTHING = {"system": "all", "stopped": "both", "pseudo": "show", "unconnected": "show"}


def node(id_: str, kind: str, *parents: str, label: str = "", **attributes: Attribute) -> NodeFacts:
    return NodeFacts(ids.topology_of(kind), id_, label, parents, attributes)


def container(id_: str, *parents: str, cpu: float, state: str = "running", **attributes: Attribute) -> NodeFacts:
    facts = {"docker_container_name": id_.partition(";")[0], "docker_container_state": state, **attributes}
    metrics = {"docker_cpu_total_usage": [(NOON - 1000, cpu + 1), (NOON, cpu)]}
    return NodeFacts(ids.CONTAINER, id_, "", [*parents, HOST], facts, metrics)


def cluster() -> dict[str, NodeFacts]:
    """A host with a pod of two containers, of which one runs, and one container besides."""
    found = [
        node(HOST, "host", label="h.example.org", local_networks=["10.0.0.0/24"]),
        node(
            IMAGE,
            "container_image",
            docker_image_name="reg.example.org/shop/web",
            docker_image_tag="2",
            docker_image_id="i1",
        ),
        node(DEPLOYMENT, "deployment", label="web", kubernetes_namespace="shop"),
        node(RS, "replica_set", DEPLOYMENT, label="web-1"),
        node(SERVICE, "service", label="web", kubernetes_namespace="shop"),
        node(POD, "pod", RS, SERVICE, HOST, label="web-1-a", kubernetes_namespace="shop", kubernetes_state="Running"),
        container(WEB, POD, IMAGE, cpu=5, docker_container_hostname="web-1-a"),
        container(SIDE, POD, cpu=1, state="exited"),
        container(OLD, IMAGE, cpu=0, docker_image_tag="1"),
        node(NGINX, "process", WEB, HOST, label="nginx", pid=1),
        node(SSHD, "process", HOST, label="sshd", pid=2),
    ]
    return {one.id: one for one in found}


class Told:
    """A world of one probe that says what these nodes are."""

    def __init__(self, nodes: Mapping[str, NodeFacts] | None = None) -> None:
        self.nodes = dict(nodes if nodes is not None else cluster())
        self.world = World()
        self.builder = Builder()
        self._encoder = Encoder(1)

    def report(self, probe: str = "p") -> "Told":
        builder, self.builder = self.builder, Builder()
        for kind in standard.STANDARD.values():
            builder.template(kind)
        for one in self.nodes.values():
            builder.add(replace(one, parents=[parent for parent in one.parents if parent in self.nodes]))
        assert self.world.report(probe, self._encoder.full(builder))
        return self

    def details(self, topology: str, id_: str) -> NodeDetails:
        found = self.world.view(topology, **EVERYTHING).details(id_)
        assert found is not None
        return found

    def shown(self, topology: str) -> dict[str, Any]:
        return nodes(self.world.view(topology, **EVERYTHING))


def groups(details: NodeDetails) -> dict[str, list[str]]:
    return {group.id: [child.id for child in group.nodes] for group in details.children}


def rows(details: NodeDetails) -> dict[str, str]:
    return {row.id: row.value for row in details.metadata}


def parents(details: NodeDetails) -> list[tuple[str, str, str]]:
    return [(parent.id, parent.label, parent.topology_id) for parent in details.parents]


@pytest.fixture
def shop() -> Told:
    return Told().report()


@pytest.mark.parametrize(
    ("topology", "id_", "expected"),
    [
        (
            "hosts",
            HOST,
            {
                "pod": [POD],
                "container": [OLD, SIDE, WEB],
                "process": [NGINX, SSHD],
                "container_image": ["shop/web;<container_image>"],
            },
        ),
        ("containers", WEB, {"process": [NGINX]}),
        ("containers", OLD, {}),
        ("containers-by-image", "shop/web;<container_image>", {"container": [OLD, WEB], "process": [NGINX]}),
        ("containers-by-hostname", "web-1-a", {"container": [WEB], "process": [NGINX]}),
        ("pods", POD, {"container": [SIDE, WEB], "process": [NGINX]}),
        ("services", SERVICE, {"pod": [POD], "container": [SIDE, WEB], "process": [NGINX]}),
        ("kube-controllers", DEPLOYMENT, {"pod": [POD], "container": [SIDE, WEB], "process": [NGINX]}),
        ("processes", NGINX, {}),
        ("processes-by-name", "nginx", {"process": [NGINX]}),
    ],
)
def test_children(shop: Told, topology: str, id_: str, expected: Mapping[str, list[str]]) -> None:
    assert groups(shop.details(topology, id_)) == expected


def test_children_say_what_their_columns_ask_for(shop: Told) -> None:
    pods, containers, processes, images = shop.details("hosts", HOST).children
    assert [group.topology_id for group in (pods, containers, processes, images)] == [
        "pods",
        "containers",
        "processes",
        "containers-by-image",
    ]
    assert [(column.id, column.label) for column in pods.columns] == [
        ("kubernetes_state", "State"),
        ("container", "# Containers"),
        ("kubernetes_ip", "IP"),
    ]
    (pod,) = pods.nodes
    assert {row.id: row.value for row in pod.metadata}["container"] == "2"
    web = containers.nodes[2]
    assert (web.label, web.label_minor) == ("web", "h.example.org")
    assert [(metric.id, metric.value, len(metric.samples)) for metric in web.metrics] == [
        ("docker_cpu_total_usage", 5, 0)
    ]
    assert [(image.label, image.label_minor) for image in images.nodes] == [("shop/web", "2 containers")]


def test_what_is_left_of_a_host_is_listed() -> None:
    shop = Told()
    for owner, port in ((SSHD, 1), (NGINX, 2)):
        shop.builder.connect(owner, ("10.0.0.1", port), ("8.8.8.8", 53))
    shop.report()
    assert groups(shop.details("containers", "pseudo:uncontained:h.example.org")) == {"process": [SSHD]}
    shop.nodes[process_id("h.example.org", 3)] = node(process_id("h.example.org", 3), "process", OLD, HOST, label="old")
    shop.builder.connect(SSHD, ("10.0.0.1", 1), ("8.8.8.8", 53))
    shop.report()
    left = groups(shop.details("pods", "pseudo:unmanaged:h.example.org"))
    assert left == {"container": [OLD], "process": [process_id("h.example.org", 3), SSHD]}


def test_of_too_many_children_the_first_are_listed(monkeypatch: pytest.MonkeyPatch, shop: Told) -> None:
    monkeypatch.setattr(listing, "MOST", 2)
    for pid in range(3, 7):
        shop.nodes[process_id("h.example.org", pid)] = node(
            process_id("h.example.org", pid), "process", HOST, label=f"a{9 - pid}"
        )
    shop.report()
    group = shop.details("hosts", HOST).children[2]
    assert ([child.label for child in group.nodes], group.more) == (["a3", "a4"], 4)


def test_rows_say_how_many_belong_to_a_node(shop: Told) -> None:
    assert rows(shop.details("pods", POD)) == {
        "kubernetes_state": "Running",
        "container": "2",
        "kubernetes_namespace": "shop",
    }
    assert rows(shop.details("kube-controllers", DEPLOYMENT)) == {"kubernetes_namespace": "shop", "pod": "1"}
    assert rows(shop.details("services", SERVICE))["pod"] == "1"
    assert rows(shop.details("containers-by-image", "shop/web;<container_image>")) == {"container": "2"}
    assert rows(shop.details("containers-by-hostname", "web-1-a")) == {}


def test_counts_follow_what_comes_and_goes(shop: Told) -> None:
    view = shop.world.view("kube-controllers", **EVERYTHING)
    cursor = _read(view)
    assert nodes(view)[DEPLOYMENT]["labelMinor"] == "Deployment of 1 pod"
    shop.nodes["u2;<pod>"] = node("u2;<pod>", "pod", RS, label="web-1-b")
    shop.report().world.settle()
    assert nodes(view)[DEPLOYMENT]["labelMinor"] == "Deployment of 2 pods"
    assert any(DEPLOYMENT.encode() in event for event in told(view, cursor))
    del shop.nodes[RS]
    shop.report().world.settle()
    assert nodes(view)[DEPLOYMENT]["labelMinor"] == "Deployment of 0 pods"


def _read(view: Any) -> str:
    nodes(view)
    return str(view.since("").cursor)


def test_a_container_says_what_its_image_is_unless_it_knows_better(shop: Told) -> None:
    web, old = shop.details("containers", WEB), shop.details("containers", OLD)
    assert rows(web) == {"docker_image_tag": "2", "docker_image_name": "reg.example.org/shop/web"}
    assert rows(old)["docker_image_tag"] == "1"
    assert [
        (table.id, [(row.id, row.entries["label"], row.entries["value"]) for row in table.rows]) for table in web.tables
    ] == [
        (
            "image_table",
            [
                ("docker_image_id", "ID", "i1"),
                ("docker_image_name", "Name", "reg.example.org/shop/web"),
                ("docker_image_tag", "Tag", "2"),
            ],
        )
    ]
    shop.nodes[IMAGE] = replace(
        shop.nodes[IMAGE], attributes={"docker_image_name": "shop/web", "docker_image_tag": "3"}
    )
    before = nodes(shop.world.view("containers", **EVERYTHING))[WEB]
    after = shop.report().shown("containers")[WEB]
    assert (before["metadata"][0]["value"], after["metadata"][0]["value"]) == ("2", "3")


@pytest.mark.parametrize(
    ("topology", "id_", "expected"),
    [
        ("processes", NGINX, [(WEB, "web", "containers"), (HOST, "h", "hosts")]),
        (
            "containers",
            WEB,
            [
                ("shop/web;<container_image>", "shop/web", "containers-by-image"),
                (POD, "web-1-a", "pods"),
                (HOST, "h", "hosts"),
            ],
        ),
        (
            "pods",
            POD,
            [(DEPLOYMENT, "web", "kube-controllers"), (SERVICE, "web", "services"), (HOST, "h", "hosts")],
        ),
        ("hosts", HOST, []),
        ("containers-by-hostname", "web-1-a", []),
    ],
)
def test_parents(shop: Told, topology: str, id_: str, expected: list[tuple[str, str, str]]) -> None:
    assert parents(shop.details(topology, id_)) == expected


def test_parents_are_those_that_their_topology_shows(shop: Told) -> None:
    shop.nodes[POD] = replace(shop.nodes[POD], attributes={"kubernetes_state": "Failed"})
    shop.report()
    assert [parent for parent, _, _ in parents(shop.details("containers", WEB))][1:] == [HOST]


@pytest.mark.parametrize("renamed", [DEPLOYMENT, SERVICE, HOST])
def test_who_is_renamed_changes_who_names_it(shop: Told, renamed: str) -> None:
    view = shop.world.view("pods", **EVERYTHING)
    cursor = _read(view)
    shop.nodes[renamed] = replace(shop.nodes[renamed], label="other")
    shop.report().world.settle()
    assert {parent["id"]: parent["label"] for parent in nodes(view)[POD]["parents"]}[renamed] == "other"
    assert any(POD.encode() in event for event in told(view, cursor))


def test_a_parent_that_goes_is_named_no_more(shop: Told) -> None:
    view = shop.world.view("pods", **EVERYTHING)
    cursor = _read(view)
    del shop.nodes[DEPLOYMENT]
    shop.report().world.settle()
    assert [parent["id"] for parent in nodes(view)[POD]["parents"]] == [SERVICE, HOST]
    assert any(POD.encode() in event for event in told(view, cursor))


def test_a_parent_that_has_ended_is_named_no_more(shop: Told) -> None:
    view = shop.world.view("containers", **EVERYTHING)
    cursor = _read(view)
    shop.nodes[POD] = replace(shop.nodes[POD], attributes={"kubernetes_state": "Failed"})
    shop.report().world.settle()
    assert POD not in [parent["id"] for parent in nodes(view)[WEB]["parents"]]
    assert any(WEB.encode() in event for event in told(view, cursor))


def test_a_pod_and_what_it_runs_for_show_what_their_only_running_container_measures(shop: Told) -> None:
    for topology, id_ in (("pods", POD), ("services", SERVICE), ("kube-controllers", DEPLOYMENT)):
        (metric,) = shop.details(topology, id_).metrics
        assert (metric.id, metric.label, metric.value, len(metric.samples)) == ("docker_cpu_total_usage", "CPU", 5, 2)
        assert shop.shown(topology)[id_]["metrics"][0]["value"] == 5
    view = shop.world.view("services", **EVERYTHING)
    cursor = _read(view)
    shop.report().world.settle()
    assert any(b'"metrics":[{"nodes":["s1;<service>"],' in event for event in told(view, cursor))
    shop.nodes[SIDE] = container(SIDE, POD, cpu=1)
    shop.report().world.settle()
    assert shop.details("pods", POD).metrics == []
    assert nodes(view)[SERVICE]["metrics"] == []


def test_what_is_drawn_has_no_rows(shop: Told) -> None:
    drawn = nodes(shop.world.view("containers", graph=True, **EVERYTHING))[WEB]
    assert drawn["label"] == "web"
    assert [drawn[key] for key in ("metadata", "parents", "metrics", "tables")] == [[], [], [], []]


def conversation(group: ConnectionGroup) -> list[tuple[str, ...]]:
    return [(row.node_id, *(fact.value for fact in row.metadata)) for row in group.connections]


def test_connections_are_counted_once_by_node_and_port() -> None:
    shop = Told()
    shop.builder.connect(NGINX, ("10.0.0.1", 80), ("10.0.0.1", 5000), incoming=True)
    shop.builder.connect(SSHD, ("10.0.0.1", 5000), ("10.0.0.1", 80))
    shop.builder.connect(SSHD, ("10.0.0.1", 5001), ("10.0.0.1", 80), times=4)
    shop.builder.connect(SSHD, ("10.0.0.1", 5002), ("8.8.8.8", 53), times=2)
    shop.builder.connect(NGINX, ("10.0.0.1", 80), ("9.9.9.9", 4000), incoming=True)
    shop.builder.connect(NGINX, ("10.0.0.1", 80), ("10.0.0.7", 4000), incoming=True)
    shop.builder.name("8.8.8.8", ["dns.example.org"], [])
    shop.report()
    inbound, outbound = shop.details("processes", SSHD).connections
    assert (inbound.id, inbound.label, conversation(inbound)) == ("incoming-connections", "Inbound", [])
    assert (outbound.id, outbound.label) == ("outgoing-connections", "Outbound")
    assert conversation(outbound) == [(NGINX, "80", "5"), (INTERNET_OUT, "dns.example.org (8.8.8.8)", "53", "2")]
    assert [column.id for column in outbound.columns] == ["remote", "port", "count"]
    inbound, _ = shop.details("processes", NGINX).connections
    assert conversation(inbound) == [
        (SSHD, "80", "5"),
        (INTERNET_IN, "9.9.9.9", "80", "1"),
        ("pseudo:network:10.0.0.0/24", "10.0.0.7", "80", "1"),
    ]
    inbound, _ = shop.details("containers", WEB).connections
    assert conversation(inbound)[0] == ("pseudo:uncontained:h.example.org", "80", "5")


def test_of_too_many_connections_the_most_used_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "MOST", 2)
    shop = Told()
    for port, times in ((1, 1), (2, 3), (3, 2)):
        shop.builder.connect(SSHD, ("10.0.0.1", 5000 + port), ("8.8.8.8", port), times=times)
    shop.report()
    _, outbound = shop.details("processes", SSHD).connections
    assert ([row[2:] for row in conversation(outbound)], outbound.more) == ([("2", "3"), ("3", "2")], 1)


def test_controls_are_those_that_probes_declare_and_offer_now(shop: Told) -> None:
    def offer(probe: str, *declared: ControlTemplate, offered: Collection[str]) -> None:
        builder = Builder().template(TopologyTemplates(topology=ids.HOST, controls=declared))
        builder.add(NodeFacts(ids.HOST, HOST, controls=offered))
        assert shop.world.report(probe, Encoder(1).full(builder))

    cordon = ControlTemplate(id="cordon", label="Cordon", icon="fa fa-toggle-off", confirmation="Sure?", rank=1)
    shell = ControlTemplate(id="shell", label="Exec shell", icon="fa fa-terminal")
    assert shop.details("hosts", HOST).controls == []
    offer("b", cordon, shell, offered=["shell", "unknown"])
    shop.world.settle(1)
    offer("a", cordon, shell, offered=["cordon", "shell"])
    found = [(one.probe_id, one.id) for one in shop.details("hosts", HOST).controls]
    assert found == [("a", "shell"), ("a", "cordon")]
    cordoned = shop.details("hosts", HOST).controls[1]
    assert (cordoned.node_id, cordoned.human, cordoned.icon) == (HOST, "Cordon", "fa fa-toggle-off")
    assert (cordoned.confirmation, cordoned.rank) == ("Sure?", 1)
    assert shop.details("processes", SSHD).controls == []


def offering(*controls: ControlTemplate) -> Told:
    """A host to which one probe, `p`, can do all this."""
    shop = Told({HOST: replace(cluster()[HOST], controls=[control.id for control in controls])})
    shop.builder.template(TopologyTemplates(topology=ids.HOST, controls=controls))
    return shop.report()


def test_a_control_says_which_permission_it_needs() -> None:
    shop = offering(
        ControlTemplate(id="host_exec", permission="report.view"),
        ControlTemplate(id="drain", permission="replicas.update"),
        ControlTemplate(id="defragment"),
        ControlTemplate(id="explode", permission="nobody.has.this"),
    )
    assert {control.id: control.permission for control in shop.details("hosts", HOST).controls} == {
        "host_exec": "host.exec",
        "drain": "replicas.update",
        "defragment": "host.exec",
        "explode": "host.exec",
    }


def test_a_control_says_what_it_can_be_told() -> None:
    told = ArgumentTemplate(name="to", label="To", choices=["a", "b"], default_value="b")
    (control,) = offering(ControlTemplate(id="move", arguments=[told])).details("hosts", HOST).controls
    (argument,) = control.arguments
    assert (argument.name, argument.label, argument.default_value) == ("to", "To", "b")
    assert list(argument.choices) == ["a", "b"]


def test_what_a_quiet_probe_can_do_is_not_offered(shop: Told) -> None:
    def offer(probe: str, epoch: int = 1) -> None:
        builder = Builder().template(standard.HOST)
        builder.add(NodeFacts(ids.HOST, HOST, controls=["host_exec", f"kubernetes_{probe}_node"]))
        assert shop.world.report(probe, Encoder(epoch).full(builder))

    def offered() -> list[tuple[str, str]]:
        return [(one.probe_id, one.id) for one in shop.details("hosts", HOST).controls]

    offer("cordon")
    shop.world.settle(6)
    offer("uncordon")
    assert offered() == [
        ("uncordon", "host_exec"),
        ("uncordon", "kubernetes_uncordon_node"),
        ("cordon", "kubernetes_cordon_node"),
    ]
    shop.world.settle(6)
    assert offered() == [("uncordon", "host_exec"), ("uncordon", "kubernetes_uncordon_node")]
    shop.world.settle(6)
    assert offered() == []
    assert shop.details("hosts", HOST).id == HOST
    offer("cordon", epoch=2)
    assert offered() == [("cordon", "host_exec"), ("cordon", "kubernetes_cordon_node")]


def test_who_belonged_to_what_a_probe_reports_no_more_changes_with_it(shop: Told) -> None:
    builder = Builder()
    for one in (
        node(HOST, "host", label="h"),
        node(WEB, "container", label="web"),
        node(NGINX, "process", WEB, HOST, label="n"),
    ):
        builder.add(one)
    report = Encoder(2).full(builder)
    assert shop.world.report("p", report)
    view = shop.world.view("processes", **EVERYTHING)
    cursor = _read(view)
    assert [parent["id"] for parent in nodes(view)[NGINX]["parents"]] == [WEB, HOST]
    report.number += 1
    del report.nodes[[one.id for one in report.nodes].index("web")]
    assert shop.world.report("p", report)
    shop.world.settle()
    assert [parent["id"] for parent in nodes(view)[NGINX]["parents"]] == [HOST]
    assert nodes(view)[NGINX]["labelMinor"] == "h.example.org (1)"
    assert any(NGINX.encode() in event for event in told(view, cursor))


def test_what_is_sensitive_is_not_told_of_children_either(shop: Told) -> None:
    shop.nodes[NGINX] = node(NGINX, "process", WEB, HOST, label="nginx", cmdline="nginx --password=secret")
    shop.report()
    for sensitive in (True, False):
        details = shop.world.view("containers", sensitive=sensitive, **EVERYTHING).details(WEB)
        assert details is not None
        assert (b"secret" in details.SerializeToString()) is sensitive


def test_all_of_one_name_are_quiet_when_each_is(shop: Told) -> None:
    builder = Builder().add(node(HOST, "host")).add(node(process_id("h.example.org", 9), "process", HOST, label="sshd"))
    shop.world.settle(8)
    assert shop.world.report("other", Encoder(1).full(builder))
    shop.world.settle(8)
    assert shop.shown("processes")[SSHD]["quiet"]
    assert not shop.shown("processes-by-name")["sshd"]["quiet"]
    shop.world.settle(8)
    assert shop.shown("processes-by-name")["sshd"]["quiet"]


@pytest.fixture
def pods_elsewhere() -> Told:
    """A deployment of one probe, of whose pod another one tells."""
    cluster = Told({DEPLOYMENT: node(DEPLOYMENT, "deployment"), RS: node(RS, "replica_set", DEPLOYMENT)})
    host = Builder()
    for one in (node(HOST, "host"), node(RS, "replica_set"), node(POD, "pod", RS, HOST)):
        host.add(one)
    assert cluster.world.report("host", Encoder(1).full(host))
    cluster.world.settle(55)
    cluster.report("cluster")
    assert cluster.shown("kube-controllers")[DEPLOYMENT]["labelMinor"] == "Deployment of 1 pod"
    return cluster


def test_counts_follow_what_a_probe_says_no_more_once_it_starts_again(pods_elsewhere: Told) -> None:
    assert pods_elsewhere.world.report("host", Encoder(2).full(Builder().add(node(HOST, "host"))))
    assert pods_elsewhere.shown("kube-controllers")[DEPLOYMENT]["labelMinor"] == "Deployment of 0 pods"


def test_counts_follow_what_a_probe_says_no_more_once_it_is_gone(pods_elsewhere: Told) -> None:
    pods_elsewhere.world.settle(6)
    assert pods_elsewhere.shown("kube-controllers")[DEPLOYMENT]["labelMinor"] == "Deployment of 0 pods"
