import pytest
from structlog.testing import capture_logs

from probe.tests.kubernetes import shop
from probe.tests.kubernetes.api_server import ApiServer
from probe.tests.kubernetes.following import HOST, asked, followed
from probe.tests.waiting import until
from scope_probe.kubernetes import Role, reporter
from scope_sdk.report import ids
from scope_sdk.report.addresses import format_endpoint

pytestmark = pytest.mark.integration

SHOP = "uid-shop;<namespace>"
PARENTS = {
    "uid-web-7d4b9-aaaaa;<pod>": {
        "uid-web;<deployment>",
        "uid-web;<service>",
        "uid-front;<service>",
        "ant;<host>",
        SHOP,
    },
    "uid-web-7d4b9-bbbbb;<pod>": {
        "uid-web;<deployment>",
        "uid-web;<service>",
        "uid-front;<service>",
        "bee;<host>",
        SHOP,
    },
    "uid-db-0;<pod>": {"uid-db;<statefulset>", "uid-db;<service>", "bee;<host>", SHOP},
    "uid-logs-xxxxx;<pod>": {"uid-logs;<daemonset>", "ant;<host>", SHOP},
    "uid-night-29-zzzzz;<pod>": {"uid-night-29;<job>", "uid-night;<cronjob>", "bee;<host>", SHOP},
    "uid-edge;<pod>": {"ant;<host>", SHOP},
    "0a1b2c3d4e5f60718293a4b5c6d7e8f9;<pod>": {"ant;<host>", SHOP},
    "uid-night-29;<job>": {"uid-night;<cronjob>"},
}
MADE = {"kubernetes_namespace": "shop", "kubernetes_created": shop.CREATED}
ATTRIBUTES = {
    "uid-shop;<namespace>": {"kubernetes_name": "shop", "kubernetes_created": shop.CREATED},
    "uid-web-7d4b9-aaaaa;<pod>": {
        **MADE,
        "kubernetes_name": "web-7d4b9-aaaaa",
        "kubernetes_state": "Running",
        "kubernetes_ip": "10.1.0.5",
        "kubernetes_restart_count": 2,
    },
    "uid-logs-xxxxx;<pod>": {
        **MADE,
        "kubernetes_name": "logs-xxxxx",
        "kubernetes_state": "Running",
        "kubernetes_ip": "192.168.7.11",
        "kubernetes_restart_count": 2,
        "kubernetes_is_in_host_network": "true",
    },
    "uid-web;<service>": {
        **MADE,
        "kubernetes_name": "web",
        "kubernetes_type": "LoadBalancer",
        "kubernetes_ip": "10.96.0.10",
        "kubernetes_public_ip": ["198.51.100.4", "203.0.113.9", "lb.example.com"],
        "kubernetes_ports": ["80:30080/TCP", "53:30053/UDP"],
    },
    "uid-db;<service>": {
        **MADE,
        "kubernetes_name": "db",
        "kubernetes_type": "ClusterIP",
        "kubernetes_ports": ["5432/TCP"],
    },
    "uid-web;<deployment>": {
        **MADE,
        "kubernetes_name": "web",
        "kubernetes_node_type": "Deployment",
        "kubernetes_observed_generation": 7,
        "kubernetes_desired_replicas": 2,
        "kubernetes_strategy": "RollingUpdate",
    },
    "uid-logs;<daemonset>": {
        **MADE,
        "kubernetes_name": "logs",
        "kubernetes_node_type": "DaemonSet",
        "kubernetes_desired_replicas": 2,
    },
    "uid-db;<statefulset>": {
        **MADE,
        "kubernetes_name": "db",
        "kubernetes_node_type": "StatefulSet",
        "kubernetes_observed_generation": 3,
        "kubernetes_desired_replicas": 1,
    },
    "uid-night;<cronjob>": {
        **MADE,
        "kubernetes_name": "night",
        "kubernetes_node_type": "CronJob",
        "kubernetes_schedule": "0 3 * * *",
        "kubernetes_suspended": "false",
        "kubernetes_last_scheduled": "2026-03-02T03:00:00Z",
        "kubernetes_active_jobs": 1,
    },
    "uid-night-29;<job>": {**MADE, "kubernetes_name": "night-29", "kubernetes_node_type": "Job"},
    "ant;<host>": {},
}
ADDRESSES = {
    "ant;<host>": {"192.168.7.11"},
    "bee;<host>": {"192.168.7.12"},
    "uid-web;<service>": {"10.96.0.10", "fd00::10"},
    "uid-front;<service>": {"10.96.0.11"},
    "uid-web-7d4b9-aaaaa;<pod>": {"10.1.0.5"},
    "uid-web-7d4b9-bbbbb;<pod>": {"10.1.1.5"},
    "uid-db-0;<pod>": {"10.1.1.6"},
    "uid-night-29-zzzzz;<pod>": {"10.1.1.7"},
    "uid-edge;<pod>": {"10.1.0.6"},
}
TRANSLATIONS = {
    ("198.51.100.4:80", "10.96.0.10:80"),
    ("203.0.113.9:80", "10.96.0.10:80"),
    ("192.168.7.11:30080", "10.96.0.10:80"),
    ("192.168.7.12:30080", "10.96.0.10:80"),
    ("192.168.7.11:443", "10.1.0.6:8443"),
}


async def test_a_cluster(api: ApiServer) -> None:
    async with followed(Role.CLUSTER) as found:
        report = found.report()
    nodes = report.nodes
    assert set(nodes) == {ids.host_id(HOST), "bee;<host>", "uid-mail;<service>", *PARENTS, *ATTRIBUTES, *ADDRESSES}
    assert {id_: set(node.parents) for id_, node in nodes.items() if node.parents} == PARENTS
    assert {id_: nodes[id_].attributes for id_ in ATTRIBUTES} == ATTRIBUTES
    assert {id_: set(node.addresses) for id_, node in nodes.items() if node.addresses} == ADDRESSES
    translations = {(format_endpoint(original), format_endpoint(other)) for original, other in report.translations}
    assert translations == TRANSLATIONS


async def test_labels_are_a_table(api: ApiServer) -> None:
    async with followed(Role.CLUSTER) as found:
        nodes = found.report().nodes
    assert nodes["uid-web-7d4b9-aaaaa;<pod>"].tables == {
        "kubernetes_labels_": {"app": ("app", "web"), "tier": ("tier", "front")}
    }
    assert nodes["uid-night;<cronjob>"].tables == {}


async def test_what_is_shown_of_them_is_declared(api: ApiServer) -> None:
    async with followed(Role.CLUSTER) as found:
        report = found.report()
    assert set(report.templates) == {node.topology for node in report.nodes.values()}
    for node in report.nodes.values():
        tables = {table.id: len(table.columns) for table in report.templates[node.topology].tables}
        assert all(len(cells) == tables[table] for table, rows in node.tables.items() for cells in rows.values())


async def test_a_host_asks_for_its_own_pods_and_for_nothing_else(api: ApiServer) -> None:
    async with followed(Role.HOST) as found:
        nodes = found.report().nodes
        await until(lambda: len(api.watches) == 1)
    pods = {id_ for id_, parents in PARENTS.items() if "ant;<host>" in parents}
    assert set(nodes) == {ids.host_id(HOST), *pods}
    assert all(list(nodes[pod].parents) == [ids.host_id(HOST)] for pod in pods)
    assert {name for name, _ in api.requests} == {"pods"}
    assert {query["fieldSelector"] for _, query in api.requests} == {"spec.nodeName=ant"}


async def test_ten_thousand_pods_come_in_pages(api: ApiServer) -> None:
    api.put("pods", *(shop.pod(f"many-{n}", "bee", f"10.{n >> 8}.{n & 255}.9", labels=shop.WEB) for n in range(10_000)))
    async with followed(Role.CLUSTER) as found:
        await until(lambda: len(found.names()) == 10_000 + len(shop.PODS))
        assert found.report().nodes["uid-many-77;<pod>"].parents
    pages = list(asked(api, "pods", watch=False))
    assert {query["limit"] for query in pages} == {"250"}
    assert len(pages) == 41


async def test_more_translations_than_a_report_should_hold_are_left_out(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter, "TRANSLATIONS", 3)
    async with followed(Role.CLUSTER) as found:
        assert len(found.report().translations) == 3


async def test_more_than_a_report_should_hold_is_left_out_and_said(
    api: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reporter, "NODES", 15)
    with capture_logs() as logs:
        async with followed(Role.CLUSTER) as found:
            assert len(found.report().nodes) == 15 + 1
            assert len(found.report().nodes) == 15 + 1
            assert found.names("deployment") == {"web"}
    assert [entry["left_out"] for entry in logs] == [4]


async def test_labels_take_a_bounded_part_of_a_report(api: ApiServer) -> None:
    long = {f"key-{number}": "x" * 63 for number in range(20_000)}
    api.put("pods", *(shop.pod(f"pod-{number}", "ant", f"10.1.0.1{number}", labels=long) for number in range(3)))
    async with followed(Role.HOST) as found:
        for _ in range(2):
            tables = [found.report().nodes[f"uid-{name};<pod>"].tables for name in ("edge", "pod-0", "pod-1", "pod-2")]
            cells = sum(len(cell) for table in tables for row in table["kubernetes_labels_"].values() for cell in row)
            assert cells < 2_100_000
            assert tables[0] == {"kubernetes_labels_": {"app": ("app", "web")}}
            assert "not reported" in str(tables[3])
