"""What each topology is made of, where it puts connections, and what its options leave out."""

from collections.abc import Mapping
from typing import Any

import pytest

from mesh.errors import ServiceError
from query.graph import Graph
from query.model import Change
from query.options import Options, label_filters
from query.tests import cluster
from query.tests.cluster import Socket, Word, pod_id, service_id
from query.tests.machines import World
from query.tests.reading import nodes
from query.topologies import topologies
from scope.report.v1.topology_pb2 import Topology
from scope_sdk.report.encode import Encoder
from scope_sdk.report.ids import CONTAINER, INTERNET_IN, INTERNET_OUT, container_id, host_id, node_id, process_id
from scope_sdk.report.nodes import NodeFacts

A = host_id("a")
WEB, DB, OLD, DNS = (container_id(name) for name in ("web", "db", "old", "dns"))
DEPLOYMENT = node_id(Topology.TOPOLOGY_DEPLOYMENT, "d")
NGINX, POSTGRES, SSHD, IDLE = (process_id("a", pid) for pid in (1, 2, 3, 4))
UNCONTAINED, UNMANAGED = "pseudo:uncontained:a", "pseudo:unmanaged:a"
LAN = "pseudo:network:10.0.0.0/24"
EVERYTHING = {"system": "all", "stopped": "both", "pseudo": "show", "unconnected": "show"}

#: One host: a web server in a pod, its database beside it, a stopped container, one of Kubernetes, and an sshd.
SHOP: Mapping[str, Word] = {
    "host": cluster.host("a", ["10.0.0.0/24"], ["10.0.0.1"]),
    "nginx": cluster.process("a", 1, "nginx", "web"),
    "postgres": cluster.process("a", 2, "postgres", "db"),
    "sshd": cluster.process("a", 3, "sshd", ""),
    "idle": cluster.process("a", 4, "nginx", "web"),
    "image web": cluster.image("i1", "registry:5000/shop/web:1"),
    "image db": cluster.image("i2", "registry.example/library/postgres:17"),
    "image pause": cluster.image("i3", "registry.example/google_containers/pause:3.9"),
    "web": cluster.container("a", "web", image="i1", pod="p", hostname="shop", address="a;172.17.0.2"),
    "db": cluster.container("a", "db", image="i2", hostname="db", labels={"team": "data"}),
    "old": cluster.container("a", "old", image="i1", state="exited", hostname="shop"),
    "dns": cluster.container("a", "dns", labels={"io.kubernetes.pod.namespace": "kube-system"}),
    "pod": cluster.pod("p", "a", above=[service_id("s"), service_id("t"), DEPLOYMENT]),
    "bare": cluster.pod("q", "a", namespace="lab"),
    "failed": cluster.pod("f", "a", state="Failed"),
    "service s": cluster.kubernetes(service_id("s"), Topology.TOPOLOGY_SERVICE, "shop"),
    "service t": cluster.kubernetes(service_id("t"), Topology.TOPOLOGY_SERVICE, "shop"),
    "deployment": cluster.kubernetes(DEPLOYMENT, Topology.TOPOLOGY_DEPLOYMENT, "shop"),
    "browser": Socket(NGINX, ("8.8.8.8", 5000), ("a;172.17.0.2", 80), True),
    "query": Socket(NGINX, ("10.0.0.1", 5001), ("10.0.0.1", 5432), False),
    "queried": Socket(POSTGRES, ("10.0.0.1", 5001), ("10.0.0.1", 5432), True),
    "login": Socket(SSHD, ("10.0.0.9", 5002), ("10.0.0.1", 22), True),
    "backup": Socket(POSTGRES, ("10.0.0.1", 5003), ("9.9.9.9", 443), False),
}


class Shop:
    """One probe whose words can change."""

    def __init__(self, options: Options | None = None) -> None:
        self.world = World(options=options)
        self.words = dict(SHOP)
        self._encoder = Encoder(1)
        self.say()

    def say(self, seconds: float = 0) -> None:
        self.world.now += seconds
        assert self.world.report("p", self._encoder.full(cluster.builder(self.words)))
        self.world.settle()

    def shows(self, topology: str, **chosen: str) -> dict[str, set[str]]:
        """The nodes of a topology and what each opens connections to."""
        return {id_: set(node["adjacency"]) for id_, node in self.read(topology, **chosen).items()}

    def read(self, topology: str, **chosen: str) -> dict[str, Any]:
        return nodes(self.world.view(topology, **chosen))


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_processes_are_hidden_that_have_no_connections(shop: Shop) -> None:
    connected = {
        NGINX: {POSTGRES},
        POSTGRES: {INTERNET_OUT},
        SSHD: set(),
        INTERNET_IN: {NGINX},
        INTERNET_OUT: set(),
        LAN: {SSHD},
    }
    assert shop.shows("processes") == connected
    assert shop.shows("processes", unconnected="show") == {**connected, IDLE: set()}


def test_a_connection_to_itself_is_none(shop: Shop) -> None:
    shop.words["call"] = Socket(IDLE, ("a;127.0.0.1", 6000), ("a;127.0.0.1", 6001), False)
    shop.words["called"] = Socket(IDLE, ("a;127.0.0.1", 6000), ("a;127.0.0.1", 6001), True)
    shop.say()
    assert IDLE not in shop.shows("processes")
    assert shop.shows("processes", unconnected="show")[IDLE] == {IDLE}


def test_a_process_whose_last_connection_faded_is_hidden(shop: Shop) -> None:
    view = shop.world.view("processes")
    del shop.words["login"]
    shop.say()
    assert SSHD in nodes(view)
    shop.say(16)
    assert SSHD not in nodes(view)
    assert view.stats().filtered_nodes == 2


def test_a_process_whose_only_peer_left_is_hidden_at_once(shop: Shop) -> None:
    shop.words["peer"] = cluster.process("a", 5, "peer", "")
    shop.words["call"] = Socket(IDLE, ("10.0.0.1", 6000), ("10.0.0.1", 6001), False)
    shop.words["called"] = Socket(process_id("a", 5), ("10.0.0.1", 6000), ("10.0.0.1", 6001), True)
    shop.say()
    view = shop.world.view("processes")
    assert IDLE in nodes(view)
    for name in ("peer", "call", "called"):
        del shop.words[name]
    shop.say()
    assert IDLE not in nodes(view)


def test_an_edge_fades_where_its_process_left(shop: Shop) -> None:
    view = shop.world.view("containers")
    for name in ("nginx", "query", "browser"):
        del shop.words[name]
    shop.say()
    assert nodes(view)[WEB]["adjacency"] == [DB]
    shop.say(16)
    assert nodes(view)[WEB]["adjacency"] == []


def test_processes_of_one_name_are_one(shop: Shop) -> None:
    assert shop.shows("processes-by-name") == {
        "nginx": {"postgres"},
        "postgres": {INTERNET_OUT},
        "sshd": set(),
        INTERNET_IN: {"nginx"},
        INTERNET_OUT: set(),
        LAN: {"sshd"},
    }
    view = shop.world.view("processes-by-name", unconnected="show")
    assert view._selection.members("nginx") == {NGINX, IDLE}
    assert shop.world.view("processes-by-name")._selection.members("nginx") == {NGINX}


def test_a_process_that_is_called_like_a_pseudo_node_is_none(shop: Shop) -> None:
    shop.words["idle"] = cluster.process("a", 4, "service-mesh", "web")
    shop.words["other"] = cluster.process("a", 44, "=service-mesh", "web")
    shop.say()
    shown = shop.world.view("processes-by-name", unconnected="show")
    assert [nodes(shown)[node]["label"] for node in ("=service-mesh", "==service-mesh")] == [
        "service-mesh",
        "=service-mesh",
    ]
    assert shown.stats().nonpseudo_node_count == 5


def test_containers(shop: Shop) -> None:
    shown = {WEB: {DB}, DB: {INTERNET_OUT}, INTERNET_IN: {WEB}, INTERNET_OUT: set()}
    assert shop.shows("containers") == shown
    assert shop.shows("containers", stopped="both") == {**shown, OLD: set()}
    assert shop.shows("containers", stopped="stopped") == {OLD: set()}
    assert shop.shows("containers", system="all") == {**shown, DNS: set()}
    assert shop.shows("containers", system="system") == {DNS: set()}
    assert shop.shows("containers", pseudo="show") == {**shown, UNCONTAINED: set(), LAN: {UNCONTAINED}}


def test_what_only_talks_to_itself_is_not_shown_as_the_rest_of_its_host(shop: Shop) -> None:
    shop.words["login"] = Socket(SSHD, ("a;127.0.0.1", 6000), ("a;127.0.0.1", 6001), False)
    shop.words["logged in"] = Socket(SSHD, ("a;127.0.0.1", 6000), ("a;127.0.0.1", 6001), True)
    shop.say()
    assert UNCONTAINED not in shop.shows("containers", pseudo="show")
    assert shop.shows("hosts")[A] == {A, INTERNET_OUT}


def test_a_container_that_was_removed_is_not_there(shop: Shop) -> None:
    shop.words["db"] = cluster.container("a", "db", image="i2", state="deleted")
    shop.say()
    assert shop.shows("containers", **EVERYTHING).keys() >= {WEB, OLD, DNS}
    assert DB not in shop.shows("containers", **EVERYTHING)


@pytest.mark.parametrize(
    ("word", "is_system"),
    [
        (cluster.container("a", "new"), False),
        (NodeFacts(CONTAINER, container_id("new"), attributes={"docker_container_name": "weavescope"}), True),
        (NodeFacts(CONTAINER, container_id("new"), attributes={"docker_container_name": "scope"}), False),
        (NodeFacts(CONTAINER, container_id("new"), attributes={"docker_image_name": "weaveworks/scope:1.13"}), True),
        (
            NodeFacts(
                CONTAINER, container_id("new"), attributes={"docker_image_name": "registry.example/weaveworks/scope"}
            ),
            True,
        ),
        (NodeFacts(CONTAINER, container_id("new"), attributes={"docker_image_name": "openshift/origin-pod:v3"}), True),
        (NodeFacts(CONTAINER, container_id("new"), attributes={"docker_image_name": "me/scope"}), False),
        (
            NodeFacts(
                CONTAINER, container_id("new"), attributes={"docker_image_name": "registry.example/eks/pause:3.2"}
            ),
            True,
        ),
        (cluster.container("a", "new", image="i3"), True),
        (cluster.container("a", "new", labels={"io.kubernetes.docker.type": "podsandbox"}), True),
        (cluster.container("a", "new", labels={"works.weave.role": "system"}), True),
        (cluster.container("a", "new", labels={"io.kubernetes.pod.name": "kube-system/dns"}), True),
        (cluster.container("a", "new", labels={"io.kubernetes.pod.namespace": "shop"}), False),
    ],
)
def test_containers_of_the_system(shop: Shop, word: Word, *, is_system: bool) -> None:
    shop.words["new"] = word
    shop.say()
    shown = {
        value: container_id("new") in shop.shows("containers", system=value) for value in ("system", "application")
    }
    assert shown == {"system": is_system, "application": not is_system}


def test_a_container_follows_the_labels_of_its_image(shop: Shop) -> None:
    view = shop.world.view("containers")
    shop.words["image db"] = cluster.image("i2", "postgres", {"works.weave.role": "system"})
    shop.say()
    assert DB not in nodes(view)
    shop.words["image db"] = SHOP["image db"]
    shop.say()
    assert DB in nodes(view)


def test_containers_of_one_hostname_or_image_are_one_without_those_left_out(shop: Shop) -> None:
    by_hostname = shop.shows("containers-by-hostname")
    assert by_hostname == {"shop": {"db"}, "db": {INTERNET_OUT}, INTERNET_IN: {"shop"}, INTERNET_OUT: set()}
    web, postgres = "shop/web;<container_image>", "postgres;<container_image>"
    by_image = shop.shows("containers-by-image")
    assert by_image == {web: {postgres}, postgres: {INTERNET_OUT}, INTERNET_IN: {web}, INTERNET_OUT: set()}
    assert shop.world.view("containers-by-image")._selection.members(web) >= {WEB}
    assert OLD not in shop.world.view("containers-by-image")._selection.members(web)
    assert OLD in shop.world.view("containers-by-image", stopped="both")._selection.members(web)
    assert shop.shows("containers-by-hostname", stopped="stopped") == {"shop": set()}


def test_what_is_left_out_is_counted_as_nodes(shop: Shop) -> None:
    assert shop.world.view("containers").stats().filtered_nodes == 2
    assert shop.world.view("containers-by-hostname").stats().filtered_nodes == 0
    assert shop.world.view("containers-by-hostname", stopped="stopped").stats().filtered_nodes == 1
    assert shop.world.view("hosts").stats().filtered_nodes == 0


def test_a_group_goes_with_its_last_member(shop: Shop) -> None:
    view = shop.world.view("containers-by-hostname", stopped="both")
    del shop.words["old"]
    shop.say()
    assert "shop" in nodes(view)
    del shop.words["web"], shop.words["nginx"], shop.words["idle"]
    shop.say()
    assert nodes(view).keys() == {"db", INTERNET_OUT}


def test_pods(shop: Shop) -> None:
    pod, bare = pod_id("p"), pod_id("q")
    assert shop.shows("pods") == {pod: set(), bare: set(), INTERNET_IN: {pod}}
    assert shop.shows("pods", namespace="lab") == {bare: set()}
    assert shop.shows("pods", namespace="lab, shop,nowhere").keys() == {pod, bare, INTERNET_IN}
    assert shop.shows("pods", pseudo="show") == {
        pod: {UNMANAGED},
        bare: set(),
        UNMANAGED: {INTERNET_OUT},
        INTERNET_IN: {pod},
        INTERNET_OUT: set(),
        LAN: {UNMANAGED},
    }


def test_controllers(shop: Shop) -> None:
    assert shop.shows("kube-controllers") == {DEPLOYMENT: set(), INTERNET_IN: {DEPLOYMENT}}
    shop.words["call"] = Socket(NGINX, ("10.0.0.1", 5009), ("10.2.0.9", 80), False)
    shop.words["bare"] = cluster.pod("q", "a", addresses=["10.2.0.9"])
    shop.say()
    assert shop.shows("kube-controllers") == {DEPLOYMENT: set(), INTERNET_IN: {DEPLOYMENT}}
    assert shop.shows("kube-controllers", pseudo="show")[DEPLOYMENT] == {UNMANAGED}


def test_a_pod_may_be_part_of_several_services(shop: Shop) -> None:
    first, second = service_id("s"), service_id("t")
    shown = {first: set[str](), second: set[str](), INTERNET_IN: {first, second}}
    assert shop.shows("services") == shop.shows("services", pseudo="show") == shown
    view = shop.world.view("services")
    shop.words["pod"] = cluster.pod("p", "a", above=[second])
    shop.say()
    assert {name: set(node["adjacency"]) for name, node in nodes(view).items()} == {**shown, INTERNET_IN: {second}}


def test_nothing_is_unmanaged_where_nothing_is_managed(shop: Shop) -> None:
    view = shop.world.view("pods", pseudo="show")
    assert UNMANAGED in nodes(view)
    kept = {name: word for name, word in shop.words.items() if not name.startswith(("pod", "bare", "ser", "dep"))}
    shop.words = kept
    shop.say()
    assert nodes(view) == {}
    shop.words = dict(SHOP)
    shop.say()
    assert UNMANAGED in nodes(view)


def test_connections_from_before_the_first_pod_are_seen_with_it(shop: Shop) -> None:
    managed = ("pod", "bare", "ser", "dep")
    shop.words = {name: word for name, word in shop.words.items() if not name.startswith(managed)}
    shop.say()
    view = shop.world.view("pods", pseudo="show")
    assert nodes(view) == {}
    shop.words = dict(SHOP)
    shop.say()
    assert nodes(view) == nodes(Shop().world.view("pods", pseudo="show")) != {}


def test_hosts_have_everything(shop: Shop) -> None:
    assert shop.shows("hosts") == {A: {A, INTERNET_OUT}, INTERNET_IN: {A}, INTERNET_OUT: set(), LAN: {A}}
    stats = shop.world.view("hosts").stats()
    assert (stats.node_count, stats.nonpseudo_node_count, stats.edge_count) == (4, 1, 4)


def test_what_moves_into_a_container_takes_its_connections_along_at_once(shop: Shop) -> None:
    view = shop.world.view("containers", pseudo="show")
    shop.words["sshd"] = cluster.process("a", 3, "sshd", "db")
    shop.say()
    assert {name: set(node["adjacency"]) for name, node in nodes(view).items()} == {
        WEB: {DB},
        DB: {INTERNET_OUT},
        INTERNET_IN: {WEB},
        INTERNET_OUT: set(),
        LAN: {DB},
    }


def test_what_is_in_a_container_that_moves_into_a_pod_moves_along(shop: Shop) -> None:
    view = shop.world.view("pods")
    shop.words["db"] = cluster.container("a", "db", image="i2", pod="q")
    shop.say()
    assert set(nodes(view)[pod_id("p")]["adjacency"]) == {pod_id("q")}


def test_what_is_in_a_container_that_is_gone_is_uncontained(shop: Shop) -> None:
    view = shop.world.view("containers", pseudo="show")
    del shop.words["db"]
    shop.say()
    assert set(nodes(view)[WEB]["adjacency"]) == {UNCONTAINED}


def test_options_are_offered_with_what_they_are_called(shop: Shop) -> None:
    options, model = (
        Options(label_filters(r"A\: team:team=data,Other:x=y"), label_filters("No data:team=data")),
        shop.world.model,
    )
    groups = {group.id: group for group in options.offered(topologies()["containers"], model)}
    assert list(groups) == ["system", "stopped", "pseudo"]
    assert [(option.value, option.label) for option in groups["system"].options] == [
        ("all", "All"),
        ("system", "System containers"),
        ("application", "Application containers"),
        ("containerLabelFilter0", "A: team"),
        ("containerLabelFilter1", "Other"),
        ("containerLabelFilterExclude0", "No data"),
    ]
    assert {name: group.default_value for name, group in groups.items()} == {
        "system": "application",
        "stopped": "running",
        "pseudo": "hide",
    }
    assert not options.offered(topologies()["hosts"], model)
    shop.words["namespace"] = NodeFacts(Topology.TOPOLOGY_NAMESPACE, node_id(Topology.TOPOLOGY_NAMESPACE, "n"), "shop")
    shop.say()
    (namespace,) = (group for group in options.offered(topologies()["pods"], model) if group.id == "namespace")
    assert (namespace.select_type, namespace.default_value, namespace.none_label) == ("union", "", "All Namespaces")
    assert [option.value for option in namespace.options] == ["shop"]
    del shop.words["namespace"]
    shop.say()
    assert [group.id for group in options.offered(topologies()["pods"], model)] == ["pseudo"]


def test_filters_of_the_operator() -> None:
    shop = Shop(Options(label_filters("Data:team=data"), label_filters("No data:team=data")))
    assert shop.shows("containers", system="containerLabelFilter0") == {DB: {INTERNET_OUT}, INTERNET_OUT: set()}
    assert shop.shows("containers", system="containerLabelFilterExclude0").keys() == {WEB, DNS, INTERNET_IN}


@pytest.mark.parametrize("text", ["title", "title:key", ":key=value", "a:b:c"])
def test_a_filter_of_the_operator_that_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="must be TITLE:KEY=VALUE"):
        label_filters(f"ok:key=value,{text}")


def test_a_value_that_is_none_is_refused_and_those_named_that_are(shop: Shop) -> None:
    with pytest.raises(ServiceError) as refused:
        shop.world.view("containers", system="everything", stopped="all")
    assert refused.value.fields == {
        "system": "must be one of all, system, application",
        "stopped": "must be one of stopped, running, both",
    }


def test_views_that_show_the_same_are_one(shop: Shop) -> None:
    view = shop.world.view
    assert view("containers") is view("containers", system="application", stopped="", unconnected="show")
    assert view("hosts") is view("hosts", pseudo="show", namespace="shop", system="all")
    assert view("pods", namespace="b, a,,a") is view("pods", namespace="a,b")
    assert view("pods", graph=True) is view("pods", graph=True, sensitive=False)
    assert view("pods") is not view("pods", sensitive=False)
    assert view("pods") is not view("pods", graph=True)


def test_drawing_takes_no_rows_and_no_measurements(shop: Shop) -> None:
    node = nodes(shop.world.view("processes", graph=True))[NGINX]
    assert (node["metadata"], node["metrics"], node["tables"], node["parents"]) == ([], [], [], [])
    assert (node["label"], node["adjacency"]) == ("nginx", [POSTGRES])
    assert nodes(shop.world.view("processes"))[NGINX]["metadata"]


def test_containers_are_looked_at_again_only_where_their_image_is_another(shop: Shop) -> None:
    graph = Graph(shop.world.model, topologies()["containers"].base)
    for part in shop.world.model.everything():
        graph.apply(part, shop.world.now)
    image = cluster.image_id("i2")
    assert not graph.apply(Change(nodes={image}), shop.world.now).nodes
    shop.words["image db"] = cluster.image("i2", "postgres:18")
    shop.say()
    assert graph.apply(Change(nodes={image}), shop.world.now).nodes == {DB}
