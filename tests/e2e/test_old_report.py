"""A real host of 2016: a development machine with a shop of ten containers that talk, and builds that ended.

The report is not ours to keep: the variable SCOPE_REAL_REPORT names the file, JSON, gzipped or not. Without it this is
left out.
"""

import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from google.protobuf import json_format

from tests.e2e.client import Api
from tests.e2e.shop import reported
from tests.old_reports import convert

FILE = os.environ.get("SCOPE_REAL_REPORT", "")
HOST = "vagrant-ubuntu-vivid-64"

pytestmark = pytest.mark.skipif(not FILE, reason="SCOPE_REAL_REPORT names no report")

#: Who calls whom, by name: what its authors drew.
EDGES = {
    "client1": {"frontend1", "frontend2"},
    "frontend1": {"app1", "app2"},
    "frontend2": {"app1", "app2"},
    "app1": {"searchapp1", "searchapp2", "redis1", "qotd1"},
    "app2": {"searchapp1", "searchapp2", "redis1", "qotd1"},
    "searchapp1": {"elasticsearch1"},
    "searchapp2": {"elasticsearch1"},
}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("old")
    raw = Path(FILE).read_bytes()
    report = json.loads(gzip.decompress(raw) if FILE.endswith(".gz") else raw)
    file = folder / "report.json"
    file.write_text(json_format.MessageToJson(convert(report)))
    with reported(folder, file) as mesh:
        yield mesh.api()


def labels(nodes: dict[str, Any], *, pseudo: bool = False) -> list[str]:
    return sorted(node["label"] for node in nodes.values() if bool(node.get("pseudo")) == pseudo)


def edges(nodes: dict[str, Any]) -> dict[str, set[str]]:
    return {
        node["label"]: {nodes[other]["label"] for other in node["adjacency"]}
        for node in nodes.values()
        if node.get("adjacency") and not node.get("pseudo")
    }


SHOP = sorted({*EDGES, *(name for names in EDGES.values() for name in names), "echo1"})


def test_containers(api: Api) -> None:
    assert labels(api.nodes("containers")) == SHOP
    assert len(labels(api.nodes("containers?system=all"))) == 14
    assert labels(api.nodes("containers?system=system")) == ["weave", "weaveproxy", "weavescope"]
    assert len(labels(api.nodes("containers?stopped=stopped"))) == 8
    assert len(labels(api.nodes("containers?stopped=both&system=all"))) == 22


def test_who_calls_whom(api: Api) -> None:
    """Also where no process is known at the other end, and its container is found by its address."""
    found = edges(api.nodes("containers"))
    assert {name: found[name] & set(SHOP) >= called for name, called in EDGES.items()} == dict.fromkeys(EDGES, True)


def test_containers_in_groups(api: Api) -> None:
    names = {"client", "frontend", "app", "searchapp", "redis", "qotd", "echo", "elasticsearch"}
    assert set(labels(api.nodes("containers-by-hostname"))) == {f"{name}.weave.local" for name in names}
    by_image = api.nodes("containers-by-image")
    assert {label.rpartition("/")[2] for label in labels(by_image)} == names
    assert {node["labelMinor"] for node in by_image.values() if not node.get("pseudo")} == {
        "1 container",
        "2 containers",
    }
    assert edges(api.nodes("containers-by-hostname"))["client.weave.local"] == {"frontend.weave.local"}


def test_processes(api: Api) -> None:
    everything = api.nodes("processes?unconnected=show")
    connected = api.nodes("processes")
    assert len(labels(everything)) == 131
    assert len(labels(connected)) == 15
    assert set(labels(api.nodes("processes-by-name"))) == set(labels(connected))
    redis = everything[f"{HOST};5605"]
    assert {(parent["topologyId"], parent["label"]) for parent in redis["parents"]} == {
        ("containers", "redis1"),
        ("hosts", HOST),
    }


def test_the_host_and_its_peers(api: Api) -> None:
    """Vagrant's side of the networks has no probe."""
    nodes = api.nodes("hosts")
    assert nodes.keys() == {f"{HOST};<host>", "pseudo:network:10.0.2.0/24", "pseudo:network:172.16.0.0/24"}
    rows = {row["id"]: row["value"] for row in nodes[f"{HOST};<host>"]["metadata"]}
    assert rows["uptime"] == str(17 * 3600 + 40 * 60 + 34)
    assert rows["kernel_version"].startswith("3.19.0-21-generic")


def test_a_container_in_full(api: Api) -> None:
    id_ = next(id_ for id_, node in api.nodes("containers").items() if node["label"] == "frontend1")
    node = api.get(f"/api/topology/containers/{quote(id_, safe='')}").json()["node"]
    outbound = next(group for group in node["connections"] if group["id"] == "outgoing-connections")
    cells = [{cell["id"]: cell["value"] for cell in row["metadata"]} for row in outbound["connections"]]
    assert {(row["label"], cell["port"]) for row, cell in zip(outbound["connections"], cells, strict=True)} == {
        ("app1", "80"),
        ("app2", "80"),
    }
    assert [group["id"] for group in node["children"]] == ["process"]
    assert {metric["id"]: len(metric["samples"]) for metric in node["metrics"]} == {
        "docker_cpu_total_usage": 15,
        "docker_memory_usage": 16,
    }
    controls = {control["id"] for control in node["controls"]}
    assert controls >= {"docker_stop_container", "docker_pause_container"}


@pytest.mark.parametrize("topology", ["pods", "kube-controllers", "services"])
def test_there_is_no_cluster(api: Api, topology: str) -> None:
    assert api.nodes(topology) == {}
