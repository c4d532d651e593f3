import asyncio

import pytest

from probe.tests.kubernetes import shop
from probe.tests.kubernetes.api_server import ApiServer
from probe.tests.kubernetes.calling import calls
from probe.tests.kubernetes.following import followed
from probe.tests.waiting import DEADLINE, until
from scope_probe.kubernetes import Role
from scope_sdk.controls import ControlError, Removed

pytestmark = pytest.mark.integration

DESCRIBE = "kubernetes_describe"
WEB, DB, POD = "uid-web;<deployment>", "uid-db;<statefulset>", "uid-edge;<pod>"


async def test_what_can_be_done_is_offered_by_what_a_node_is(api: ApiServer) -> None:
    async with calls() as cluster:
        nodes = cluster.followed.report().nodes
    offered = {node.id: {*node.controls} - {DESCRIBE} for node in nodes.values() if DESCRIBE in node.controls}
    assert offered == {
        **{id_: {"kubernetes_get_logs", "kubernetes_delete_pod"} for id_ in nodes if id_.endswith(";<pod>")},
        "ant;<host>": {"kubernetes_cordon_node"},
        "bee;<host>": {"kubernetes_cordon_node"},
        WEB: {"kubernetes_scale_up", "kubernetes_scale_down"},
        DB: {"kubernetes_scale_up"},
        "uid-logs;<daemonset>": set(),
        "uid-night;<cronjob>": set(),
        "uid-night-29;<job>": set(),
        "uid-shop;<namespace>": set(),
        **{f"uid-{name};<service>": set() for name in ("web", "db", "front", "mail")},
    }


async def test_a_host_offers_what_concerns_its_own_pods(api: ApiServer) -> None:
    async with calls(Role.HOST) as host:
        nodes = host.followed.report().nodes
        assert host.offered(POD) == {"kubernetes_get_logs", DESCRIBE, "kubernetes_delete_pod"}
        assert {offer.control for offer in host.controls.offers()} == host.offered(POD)
    assert {id_ for id_, node in nodes.items() if node.controls} == {id_ for id_ in nodes if id_.endswith(";<pod>")}


async def test_nothing_is_offered_that_is_not_allowed(api: ApiServer) -> None:
    async with followed(Role.CLUSTER) as found:
        assert not any(node.controls for node in found.report().nodes.values())
    async with calls(allow=lambda control: control == DESCRIBE) as reading:
        assert {control for node in reading.followed.report().nodes.values() for control in node.controls} == {DESCRIBE}
        with pytest.raises(ControlError, match="does not allow kubernetes_delete_pod"):
            await reading.call("kubernetes_delete_pod", POD)
    assert api.named("pods", "edge")


async def test_a_pod_is_deleted(api: ApiServer) -> None:
    async with calls() as cluster:
        assert await cluster.call("kubernetes_delete_pod", POD) == Removed(POD)
        await until(lambda: "edge" not in cluster.followed.names())
        with pytest.raises(ControlError, match="no such object any more"):
            await cluster.call("kubernetes_delete_pod", POD)


async def test_another_pod_of_the_same_name_is_not_deleted(api: ApiServer) -> None:
    again = shop.pod("edge", "ant", "10.1.0.6")
    again["metadata"]["uid"] = "uid-of-another"

    def replace() -> None:
        api.delete("pods", "edge")
        api.put("pods", again)

    async with calls() as cluster:
        api.one.before["delete pods"] = replace
        with pytest.raises(ControlError, match="changed in the meantime"):
            await cluster.call("kubernetes_delete_pod", POD)
    assert api.named("pods", "edge")["metadata"]["uid"] == "uid-of-another"


@pytest.mark.parametrize(("node", "replicas"), [(WEB, 2), (DB, 1)])
async def test_replicas_are_added_and_taken_away_down_to_one(api: ApiServer, node: str, replicas: int) -> None:
    async with calls() as cluster:

        def desired() -> object:
            return cluster.followed.report().nodes[node].attributes["kubernetes_desired_replicas"]

        async def asked_for(replicas: int) -> None:
            await until(lambda: desired() == replicas)

        await cluster.call("kubernetes_scale_up", node)
        await asked_for(replicas + 1)
        for fewer in range(replicas, 0, -1):
            assert "kubernetes_scale_down" in cluster.offered(node)
            await cluster.call("kubernetes_scale_down", node)
            await asked_for(fewer)
        assert cluster.offered(node) == {"kubernetes_scale_up", DESCRIBE}
        with pytest.raises(ControlError, match="the last one is not taken away"):
            await cluster.call("kubernetes_scale_down", node)
        assert "is to have 2 replicas, and had 1" in str(await cluster.call("kubernetes_scale_up", node))


async def test_who_scales_at_the_same_time_is_not_overruled(api: ApiServer) -> None:
    async with calls() as cluster:
        api.one.before["patch deployments/scale"] = lambda: api.change("deployments", "web", replicas=5)
        with pytest.raises(ControlError, match="changed in the meantime"):
            await cluster.call("kubernetes_scale_up", WEB)
    assert api.named("deployments", "web")["spec"]["replicas"] == 2


async def test_a_node_is_cordoned_or_uncordoned_whichever_it_is_not(api: ApiServer) -> None:
    async with calls() as cluster:
        assert cluster.offered("bee;<host>") == {"kubernetes_cordon_node", DESCRIBE}
        assert await cluster.call("kubernetes_cordon_node", "bee;<host>") is None
        await until(lambda: cluster.offered("bee;<host>") == {"kubernetes_uncordon_node", DESCRIBE})
        assert api.named("nodes", "bee")["spec"]["unschedulable"] is True
        assert cluster.offered("ant;<host>") == {"kubernetes_cordon_node", DESCRIBE}
        await cluster.call("kubernetes_uncordon_node", "bee;<host>")
        await until(lambda: cluster.offered("bee;<host>") == {"kubernetes_cordon_node", DESCRIBE})


async def test_what_was_done_is_told_at_once(api: ApiServer) -> None:
    async with calls() as cluster:
        cluster.followed.changed.clear()
        await cluster.call("kubernetes_cordon_node", "bee;<host>")
        await asyncio.wait_for(cluster.followed.changed.wait(), DEADLINE)


@pytest.mark.parametrize(
    ("control", "node", "forbidden"),
    [
        ("kubernetes_delete_pod", POD, "delete pods"),
        ("kubernetes_get_logs", POD, "get pods/log"),
        ("kubernetes_describe", POD, "get pods"),
        ("kubernetes_describe", WEB, "get deployments"),
        ("kubernetes_scale_up", WEB, "get deployments/scale"),
        ("kubernetes_scale_up", DB, "patch statefulsets/scale"),
        ("kubernetes_cordon_node", "ant;<host>", "patch nodes"),
    ],
)
async def test_a_right_that_is_missing_is_said(api: ApiServer, control: str, node: str, forbidden: str) -> None:
    api.one.forbidden.add(forbidden)
    async with calls() as cluster:
        with pytest.raises(
            ControlError, match=f"the probe's role in the cluster does not let it {forbidden}: .*is forbid"
        ):
            await cluster.call(control, node)
    assert api.one.asked[-1] == forbidden


async def test_a_control_is_for_the_nodes_that_it_is_for(api: ApiServer) -> None:
    async with calls() as cluster:
        for control, node in (
            ("kubernetes_delete_pod", WEB),
            ("kubernetes_scale_up", POD),
            ("kubernetes_cordon_node", POD),
        ):
            with pytest.raises(ControlError, match="does not apply"):
                await cluster.call(control, node)
        with pytest.raises(ControlError, match="no such object"):
            await cluster.call(DESCRIBE, "uid-of-nothing;<pod>")
    assert api.one.asked == []


async def test_an_api_server_that_is_away_is_said(api: ApiServer) -> None:
    async with calls() as cluster:
        api.stop()
        with pytest.raises(ControlError, match="the API server is not reached"):
            await cluster.call("kubernetes_delete_pod", POD)
