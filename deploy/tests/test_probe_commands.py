"""What a page tells people to run starts a probe that may what compose.yaml's and the manifests' may."""

import re
import shutil
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (ROOT / "ui/src/dashboard/add/commands.ts").read_text()
ELSEWHERE = ROOT / "deploy/k8s/probe/elsewhere"


def test_the_container_of_a_page_has_the_rights_of_the_others() -> None:
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]["probe"]
    (node,) = yaml.safe_load_all((ROOT / "deploy/k8s/probe/base/host.yaml").read_text())
    (container,) = node["spec"]["template"]["spec"]["containers"]
    rights = set(re.findall(r"--cap-add ([A-Z_]+)", COMMANDS))
    assert rights == set(compose["cap_add"]) == set(container["securityContext"]["capabilities"]["add"])
    assert {*re.findall(r"--security-opt (\S+)", COMMANDS), "no-new-privileges:true"} == set(compose["security_opt"])
    assert f"--user {compose['user']} " in COMMANDS


def test_the_manifests_of_a_page_are_there_and_take_the_address_and_the_image(tmp_path: Path) -> None:
    shutil.copytree(ELSEWHERE, tmp_path, dirs_exist_ok=True)
    patterns = re.findall(r"s,(SCOPE_URL=\.\*|image: \.\*),", COMMANDS)
    assert len(patterns) == 2
    for pattern, file in zip(sorted(patterns), ("kustomization.yaml", "probe.yaml"), strict=True):
        subprocess.run(["sed", "-i", f"s,{pattern},here,", tmp_path / file], check=True)
        assert "here" in (tmp_path / file).read_text()
        assert ".example" not in (tmp_path / file).read_text()
    assert (ROOT / "deploy/k8s/probe/base/namespace.yaml").is_file()
