from typing import Any

import pytest

from probe.tests.kubernetes import shop
from scope_probe.kubernetes import objects
from scope_probe.kubernetes.objects import Raw
from scope_probe.kubernetes.relations import Relations
from scope_sdk.report import limits

pytestmark = pytest.mark.unit


def listening(**port: Any) -> Raw:
    """A pod that asks for a port of its host."""
    container = {"name": "main", "ports": [{"containerPort": 8080, "hostPort": 80, **port}]}
    return shop.pod("listens", "ant", "10.1.0.5", spec={"containers": [container]})


def placed(raw: Raw, **known: Any) -> set[str]:
    return set(Relations({}, **known).pod(objects.pod(raw)).parents)


def controllers(*raws: tuple[Any, Raw]) -> dict[str, objects.Thing]:
    return {thing.uid: thing for thing in (read(raw) for read, raw in raws)}


def test_a_pod_that_is_being_deleted_says_so() -> None:
    raw = shop.pod("ends", "ant", "10.1.0.5", deletionTimestamp=shop.CREATED)
    assert objects.pod(raw).node.attributes["kubernetes_state"] == "Terminating"


def test_a_pod_without_a_place_is_a_pod() -> None:
    raw = {
        "metadata": shop.metadata("waits"),
        "spec": {"containers": [{"name": "main"}]},
        "status": {"phase": "Pending"},
    }
    pod = objects.pod(raw)
    assert (pod.host, pod.node.addresses, pod.translations) == ("", [], [])
    assert pod.node.attributes["kubernetes_state"] == "Pending"


@pytest.mark.parametrize("written", ["one;two", "x" * 65, "", "with space"])
def test_what_is_no_hash_of_a_file_names_no_pod(written: str) -> None:
    raw = shop.pod("odd", "ant", "10.1.0.5", annotations={"kubernetes.io/config.hash": written})
    assert objects.pod(raw).node.id == "uid-odd;<pod>"


def test_a_pod_has_addresses_of_both_families() -> None:
    raw = shop.pod("both", "ant", "10.1.0.5")
    raw["status"]["podIPs"].append({"ip": "fd00:1::5"})
    raw["status"]["hostIPs"].append({"ip": "fd00:7::11"})
    raw["spec"]["containers"][0]["ports"] = [{"containerPort": 8080, "hostPort": 80}]
    pod = objects.pod(raw)
    assert pod.node.addresses == ["10.1.0.5", "fd00:1::5"]
    assert pod.translations == [
        (("192.168.7.11", 80), ("10.1.0.5", 8080)),
        (("fd00:7::11", 80), ("fd00:1::5", 8080)),
    ]


@pytest.mark.parametrize(
    ("port", "outside"),
    [
        ({}, ["192.168.7.11"]),
        ({"hostIP": "0.0.0.0"}, ["192.168.7.11"]),
        ({"hostIP": "192.0.2.7"}, ["192.0.2.7"]),
        ({"hostIP": "127.0.0.1"}, []),
        ({"protocol": "UDP"}, []),
        ({"hostPort": 80, "hostIP": "fd00:7::11"}, []),
    ],
)
def test_a_port_of_the_host_leads_to_its_pod(port: Raw, outside: list[str]) -> None:
    found = objects.pod(listening(**port)).translations
    assert found == [((address, 80), ("10.1.0.5", 8080)) for address in outside]


def test_in_the_hosts_network_a_port_is_the_hosts_own() -> None:
    raw = listening()
    raw["spec"]["hostNetwork"] = True
    pod = objects.pod(raw)
    assert (pod.node.addresses, pod.translations) == ([], [])


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_a_pod_that_ended_has_no_address_any_more(phase: str) -> None:
    raw = listening()
    raw["status"]["phase"] = phase
    pod = objects.pod(raw)
    assert pod.node.attributes["kubernetes_state"] == phase
    assert (pod.node.addresses, pod.translations) == ([], [])


def test_a_service_without_an_address_claims_none_and_leads_nowhere() -> None:
    spec = {"type": "ClusterIP", "clusterIPs": ["None"], "externalIPs": ["203.0.113.9"], "ports": [{"port": 80}]}
    service = objects.service(shop.service("headless", spec))
    assert (service.node.addresses, service.translations) == ([], [])
    assert "kubernetes_ip" not in service.node.attributes


def test_a_service_selects_by_every_label_and_in_its_own_namespace() -> None:
    def service(name: str, selector: Raw, **meta: Any) -> objects.Service:
        raw = shop.service(name, {"type": "ClusterIP", "selector": selector})
        raw["metadata"].update(meta)
        return objects.service(raw)

    services = [
        service("one", {"app": "web"}),
        service("all", {"tier": "front", "app": "web"}),
        service("more", {"app": "web", "zone": "a"}),
        service("other", {"app": "db"}),
        service("elsewhere", {"app": "web"}, namespace="elsewhere"),
        service("none", {}),
    ]
    raw = shop.pod("web", "ant", "10.1.0.5", labels=shop.WEB)
    assert placed(raw, services=services) == {"uid-one;<service>", "uid-all;<service>"}


def test_a_pod_has_no_more_parents_than_a_report_can_say() -> None:
    services = [
        objects.service(shop.service(f"s{number}", {"selector": {"app": "web"}}))
        for number in range(limits.PARENTS + 1)
    ]
    assert len(placed(shop.pod("web", "ant", "10.1.0.5", labels=shop.WEB), services=services)) == limits.PARENTS


def test_a_replica_set_without_a_deployment_is_no_parent() -> None:
    known = controllers((objects.replica_set, {"metadata": shop.metadata("alone")}))
    assert placed(shop.pod("one", "ant", "10.1.0.5", **shop.owned("ReplicaSet", "alone")), controllers=known) == set()


def test_an_owner_that_does_not_control_is_no_parent() -> None:
    known = controllers((objects.job, {"metadata": shop.metadata("work")}))
    owners = [{"kind": "Job", "name": "work", "uid": "uid-work"}]
    assert placed(shop.pod("one", "ant", "10.1.0.5", ownerReferences=owners), controllers=known) == set()


def test_owners_that_somebody_wrote_in_a_circle_lead_nowhere() -> None:
    known = controllers(
        (objects.job, {"metadata": shop.metadata("a", **shop.owned("Job", "b"))}),
        (objects.job, {"metadata": shop.metadata("b", **shop.owned("Job", "a"))}),
        (objects.replica_set, {"metadata": shop.metadata("c", **shop.owned("ReplicaSet", "c"))}),
    )
    relations = Relations({}, controllers=known)
    assert list(relations.controller(known["uid-a"]).parents) == []
    assert placed(shop.pod("one", "ant", "10.1.0.5", **shop.owned("Job", "a")), controllers=known) == {"uid-a;<job>"}
    assert placed(shop.pod("two", "ant", "10.1.0.6", **shop.owned("ReplicaSet", "c")), controllers=known) == set()
