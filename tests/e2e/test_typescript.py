"""The generated TypeScript compiles in the strictest way, and reads what REST answers."""

import json
import subprocess
from pathlib import Path

import pytest
import typescript

from deploy.node import install, node
from tests.e2e.client import Mesh, wait_for
from tests.e2e.documents import two_processes

TSC = typescript.MODULES / "typescript" / "bin" / "tsc"
CONSUMER = Path(__file__).with_name("consumer.ts")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package that depends on ours, with the consumer in it."""
    install(typescript.PACKAGE)
    modules = tmp_path / "node_modules"
    modules.mkdir()
    (modules / "scope-api").symlink_to(typescript.PACKAGE)
    (modules / "@bufbuild").symlink_to(typescript.MODULES / "@bufbuild")
    options = json.loads((typescript.PACKAGE / "tsconfig.json").read_text())["compilerOptions"]
    options |= {"lib": ["es2022", "dom"], "types": []}
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": options, "files": ["consumer.ts"]}))
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "consumer.ts").write_text(CONSUMER.read_text())
    return tmp_path


def run(*arguments: str | Path, folder: Path) -> str:
    done = subprocess.run(
        [node().program, *arguments], cwd=folder, capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_what_is_generated_compiles(package: Path) -> None:
    assert run(TSC, "--project", ".", folder=typescript.PACKAGE) == ""


def test_a_program_with_types_reads_what_rest_answers(mesh: Mesh, package: Path) -> None:
    probe = mesh.anybody().bearer(mesh.local()["service_token"])
    assert probe.post("/api/report", two_processes("typed")).status == 200
    wait_for(lambda: "typed;<host>" in mesh.api().nodes("hosts"), "the host")
    assert run(TSC, "--project", ".", folder=package) == ""
    printed = run("consumer.ts", mesh.url, mesh.local()["api_token"], "typed;<host>", folder=package)
    answers = json.loads(printed)
    assert "typed;<host>" in answers["/api/topology/hosts"]["came"]["nodes"]
    for path, answer in answers.items():
        assert answer["printed"] == answer["came"], path
