"""The commands, as the README tells people to use them."""

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

from tests.e2e.client import ROOT, Mesh, wait_for
from tests.e2e.documents import two_processes


def target(mesh: Mesh) -> str:
    return mesh.url.removeprefix("http://")


def test_a_report_written_by_hand_is_shown(mesh: Mesh, tmp_path: Path) -> None:
    document = tmp_path / "report.json"
    document.write_text(json.dumps(two_processes("by-hand")))
    token = f"--service-token={mesh.local()['service_token']}"
    sent = mesh.command_line("scope", "launch", token, "--report", str(document), target(mesh))
    assert sent.returncode == 0, sent
    wait_for(lambda: "by-hand;<host>" in mesh.api().nodes("hosts"), "the host")
    assert "by-hand;200" in mesh.api().nodes("processes")["by-hand;100"]["adjacency"]


def test_what_is_printed_can_be_sent(mesh: Mesh) -> None:
    printed = mesh.command_line("scope", "launch", "--print", "--hostname", "printed")
    assert printed.returncode == 0, printed
    assert json.loads(printed.stdout).keys() >= {"nodes", "connections"}
    token = f"--service-token={mesh.local()['service_token']}"
    sent = mesh.command_line("scope", "launch", token, "--report", "-", target(mesh), input=printed.stdout)
    assert sent.returncode == 0, sent
    wait_for(lambda: "printed;<host>" in mesh.api().nodes("hosts"), "the printed host")


def test_once_returns_after_its_acknowledgement(mesh: Mesh) -> None:
    token = f"--service-token={mesh.local()['service_token']}"
    sent = mesh.command_line("scope", "launch", token, "--once", "--hostname", "once", target(mesh))
    assert sent.returncode == 0, sent
    wait_for(lambda: "once;<host>" in mesh.api().nodes("hosts"), "the host")


def test_a_wrong_token_and_a_missing_target_are_explained(mesh: Mesh) -> None:
    wrong = mesh.command_line("scope", "launch", "--service-token=nonsense", "--once", target(mesh))
    assert wrong.returncode != 0
    assert "token" in wrong.stderr.lower()
    missing = mesh.command_line("scope", "launch", "--service-token=nonsense")
    assert missing.returncode != 0
    assert "SCOPE_URL" in missing.stderr
    assert "https://" in missing.stderr


def test_the_status_of_a_mesh(mesh: Mesh) -> None:
    def serving() -> set[str]:
        told = mesh.command_line("python", "-m", "deploy.local", "status", "--json")
        assert told.returncode == 0, told
        return {one["name"] for one in json.loads(told.stdout)["processes"] if one["state"] == "serving"}

    services = {"users", "collection", "query", "control", "pipe", "sockets", "ui-server", "envoy"}
    wait_for(lambda: serving() == services, "everything serves")
    shown = mesh.command_line("python", "-m", "deploy.local", "status")
    assert mesh.url in shown.stdout
    assert "serving" in shown.stdout


def test_an_organization_is_made_once(mesh: Mesh) -> None:
    first = mesh.command_line("scope-users", "create-organization", "made-once", "--output", "json")
    again = mesh.command_line("scope-users", "create-organization", "made-once", "--output", "json")
    assert first.returncode == 0
    assert json.loads(first.stdout).keys() == {"org", "service_token", "api_token"}
    assert again.returncode == 1
    assert "made-once" in again.stderr
    assert "Traceback" not in again.stderr


def test_the_program_in_the_readme_reads_a_topology_and_follows_it(mesh: Mesh, tmp_path: Path) -> None:
    program, following = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(program.strip().splitlines()) <= 13
    (tmp_path / ".scope").symlink_to(mesh.data)
    wait_for(lambda: mesh.api().nodes("processes"), "processes")
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran
    assert socket.gethostname().partition(".")[0] in ran.stdout
    follow = [sys.executable, "-u", "-c", program + following]
    with subprocess.Popen(follow, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert any(re.fullmatch(r"[1-9]\d* processes\n", line) for line in process.stdout)
        process.kill()
