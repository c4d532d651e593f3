import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from probe.tests.kubernetes import shop
from probe.tests.kubernetes.api_server import ApiServer
from probe.tests.test_cli import DEADLINE, peer, probe
from scope.report.v1.report_pb2 import Report
from scope.report.v1.topology_pb2 import Topology
from scope_probe import options
from scope_probe.cli import app

pytestmark = pytest.mark.integration


def pods(report: Report) -> set[str]:
    return {node.label for node in report.nodes if node.topology == Topology.TOPOLOGY_POD}


def refused(*arguments: str) -> str:
    """What it says, without the frame around it."""
    result = CliRunner().invoke(app, ["launch", "--print", *arguments], env={"TERMINAL_WIDTH": "500"})
    assert result.exit_code != 0
    return " ".join(result.output.split())


def test_a_probe_reports_its_cluster_and_what_happens_there(api: ApiServer, tmp_path: Path) -> None:
    with peer() as (servicer, port), probe(tmp_path, "--kubernetes=cluster", "--no-containers", f"127.0.0.1:{port}"):
        while shop.PODS[0]["metadata"]["name"] not in pods(servicer.came.get(timeout=DEADLINE)[0]):
            pass
        api.put("pods", shop.pod("new", "ant", "10.1.0.9"))
        while "new" not in pods(servicer.came.get(timeout=DEADLINE)[0]):
            pass


def test_one_report_has_what_the_api_server_says(api: ApiServer) -> None:
    command = [sys.executable, "-m", "scope_probe", "launch", "--print", "--no-containers", "--hostname=Ant"]
    done = subprocess.run([*command, "--kubernetes=host"], capture_output=True, text=True, check=True)
    nodes = {node["id"]: node for node in json.loads(done.stdout)["nodes"]}
    assert nodes["uid-edge;<pod>"]["parents"] == ["Ant;<host>"]
    assert "uid-db-0;<pod>" not in nodes


def test_one_report_does_not_wait_for_an_api_server_that_is_away(api: ApiServer) -> None:
    api.stop()
    command = [sys.executable, "-m", "scope_probe", "launch", "--print", "--no-containers", "--kubernetes=cluster"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "not reached" in done.stderr
    assert json.loads(done.stdout)["nodes"]


def test_a_name_that_the_cluster_does_not_know_is_said(api: ApiServer) -> None:
    command = [sys.executable, "-m", "scope_probe", "launch", "--print", "--no-containers", "--kubernetes=host"]
    done = subprocess.run([*command, "--kubernetes-node=cow"], capture_output=True, text=True, check=True)
    assert "no pods on a node called cow; --kubernetes-node says" in done.stderr


def test_what_it_cannot_do_is_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))
    assert "named by KUBECONFIG" in refused("--kubernetes=host")
    assert "'kubectl get nodes'" in refused("--kubernetes=host", "--kubernetes-node=a,b")
    assert "'host', 'cluster'" in refused("--kubernetes=node")
    monkeypatch.setattr(options, "is_installed", lambda: False)
    assert "pip install 'scope-probe[kubernetes]'" in refused("--kubernetes=host")


def test_a_probe_that_is_not_told_about_kubernetes_does_not_wait_for_its_client() -> None:
    code = "import sys; from scope_probe import cli; sys.exit('kubernetes' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
