"""What people do to what a cluster runs: through the edge, by the probe, at the stand-in of an API server."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from probe.tests.kubernetes import shop
from probe.tests.kubernetes.api_server import ApiServer
from scope_sdk import Pipe, Service, attach
from tests.e2e.client import PATIENCE, Api, Mesh, wait_for

PROBE = "kubernetes"
POD, WEB, NODE = "uid-edge;<pod>", "uid-web;<deployment>", "bee;<host>"


@pytest.fixture
def api() -> Iterator[ApiServer]:
    server = ApiServer()
    server.start()
    shop.fill(server)
    try:
        yield server
    finally:
        server.stop()


@dataclass(frozen=True)
class Cluster:
    """A cluster that a probe follows for an organization of its own."""

    server: ApiServer
    api: Api
    person: Service

    def node(self, topology: str, node: str) -> Any:
        answer = self.api.get(f"/api/topology/{topology}/{quote(node, safe='')}")
        return answer.json()["node"] if answer.status == 200 else None

    def offered(self, topology: str, node: str) -> dict[str, str]:
        """The permission of each control that is offered."""
        found = self.node(topology, node)
        return {control["id"]: control["permission"] for control in found["controls"]} if found else {}

    def call(self, control: str, node: str) -> Any:
        answer = self.api.post(f"/api/control/{PROBE}/{quote(node, safe='')}/{control}", {})
        assert answer.status == 200, answer
        return answer.json()


@pytest.fixture
def cluster(mesh: Mesh, api: ApiServer, tmp_path: Path) -> Iterator[Cluster]:
    made = mesh.command_line("scope-users", "create-organization", "cluster", "--output", "json")
    tokens = json.loads(made.stdout)
    options = ["--kubernetes=cluster", "--no-containers", "--hostname=ant", f"--probe-id={PROBE}"]
    environment = {
        **os.environ,
        "KUBECONFIG": str(api.kubeconfig(tmp_path)),
        "SCOPE_SERVICE_TOKEN": tokens["service_token"],
    }
    program = str(Path(sys.executable).with_name("scope"))
    command = [program, "launch", *options, f"--state={tmp_path / 'state'}", mesh.url]
    with (tmp_path / "probe.log").open("wb") as log:
        probe = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield Cluster(api, mesh.api().bearer(tokens["api_token"]), Service(mesh.url, tokens["api_token"]))
    finally:
        probe.terminate()
        assert probe.wait(PATIENCE) == 0


async def read(pipe: Pipe, end: str) -> str:
    """What comes until it ends so."""
    text = ""
    while not text.endswith(end):
        data = await pipe.read()
        assert data, text
        text += data.decode()
    return text


@pytest.mark.timeout(600)
async def test_people_act_on_a_cluster(cluster: Cluster) -> None:
    wait_for(lambda: cluster.offered("pods", POD), "the pod")
    assert cluster.offered("pods", POD) == {
        "kubernetes_get_logs": "pod.logs.view",
        "kubernetes_describe": "pod.logs.view",
        "kubernetes_delete_pod": "pod.delete",
    }
    cluster.server.print("edge", "main", "one", "two")
    pipe = wait_for(lambda: cluster.call("kubernetes_get_logs", POD)["pipe"], "the log")
    async with asyncio.timeout(PATIENCE), attach(cluster.person, pipe) as log:
        assert await read(log, "two\n") == "one\ntwo\n"
        cluster.server.print("edge", "main", "three")
        assert await read(log, "three\n") == "three\n"
        cluster.server.end_log("edge", "main")
        assert await log.read() == b""
        assert (await log.wait_ended()).exit_status == 0

    async with (
        asyncio.timeout(PATIENCE),
        attach(cluster.person, cluster.call("kubernetes_describe", WEB)["pipe"]) as words,
    ):
        assert "Desired replicas:    2\n" in await read(words, "Strategy:            RollingUpdate\n")

    assert "kubernetes_scale_down" in cluster.offered("kube-controllers", WEB)
    cluster.call("kubernetes_scale_down", WEB)
    wait_for(lambda: "kubernetes_scale_down" not in cluster.offered("kube-controllers", WEB), "one replica")
    cluster.call("kubernetes_cordon_node", NODE)
    wait_for(lambda: "kubernetes_uncordon_node" in cluster.offered("hosts", NODE), "the cordon")
    assert cluster.call("kubernetes_delete_pod", POD)["removedNode"] == POD
    wait_for(lambda: cluster.node("pods", POD) is None, "the end of the pod")
