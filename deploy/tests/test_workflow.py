"""What CI builds and publishes, and with which rights."""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.tests.standins import Standins, git

FILE = Path(__file__).resolve().parents[2] / ".github/workflows/images.yaml"
TEXT = FILE.read_text()
WORKFLOW: dict[Any, Any] = yaml.safe_load(TEXT)
JOBS = WORKFLOW["jobs"]
BUILD = {step.get("name", "checkout"): step for step in JOBS["images"]["steps"]}
STEPS = [step for job in JOBS.values() for step in job["steps"]]


def test_everything_is_tested_before_anything_is_built() -> None:
    assert any(".ci/run" in step.get("run", "") for step in JOBS["test"]["steps"])
    assert JOBS["images"]["needs"] == "test"


def test_images_are_built_checked_and_then_published() -> None:
    commands = [step.get("run", "") for step in JOBS["images"]["steps"]]
    assert [command.split()[0] for command in commands if command] == ["make", "test", "deploy/push-images"]


def test_only_main_is_published() -> None:
    # YAML reads `on` as yes.
    assert WORKFLOW[True]["push"] == {"branches": ["main"]}
    assert BUILD["Publish the images"]["if"] == "github.event_name == 'push' && github.ref == 'refs/heads/main'"


def test_it_may_read_the_repository_and_nothing_else() -> None:
    assert WORKFLOW["permissions"] == {}
    assert all(job["permissions"] == {"contents": "read"} for job in JOBS.values())
    assert "pull_request_target" not in TEXT
    assert all(step["with"]["persist-credentials"] is False for step in STEPS if "uses" in step)


def test_what_others_wrote_is_pinned_by_commit() -> None:
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name) for name in used)


def test_credentials_are_those_of_the_settings_and_for_publishing_alone() -> None:
    published = BUILD["Publish the images"]["env"]
    assert published["IMAGE_REPOSITORY"] == "${{ vars.IMAGE_REPOSITORY }}"
    assert TEXT.count("secrets.") == sum("secrets." in value for value in published.values()) == 2


def test_no_text_of_others_becomes_a_command() -> None:
    assert not any("${{" in step.get("run", "") for step in STEPS)


@pytest.mark.parametrize("left", ["new", "deploy/images/components"])
def test_a_build_that_leaves_a_dirty_tree_is_refused(checkout: Path, standins: Standins, left: str) -> None:
    check = BUILD["Refuse a build that leaves anything that is not committed"]["run"]

    def checked() -> "subprocess.CompletedProcess[str]":
        return standins.run(Path("bash"), "-ec", check, cwd=checkout)

    assert checked().returncode == 0
    with (checkout / left).open("a") as stream:
        stream.write("built\n")
    refused = checked()
    assert refused.returncode == 1
    assert left in refused.stderr


def test_publishing_looks_before_it_signs_in(checkout: Path, standins: Standins) -> None:
    publish = BUILD["Publish the images"]["run"]
    tag = f"main-{git(checkout, standins, 'rev-parse', 'HEAD')[:8]}"
    components = (checkout / "deploy/images/components").read_text().split()

    def look(status: int = 0) -> None:
        for name in components:
            standins.expect(f"docker image inspect scope/{name}:{tag}", status=status)

    variables = {"ENGINE": "docker", "REGISTRY_USER": "ci", "REGISTRY_PASSWORD": "secret"}
    hub = "registry.example/scope"
    look(status=1)
    refused = standins.run(Path("bash"), "-ec", publish, cwd=checkout, IMAGE_REPOSITORY=hub, **variables)
    assert refused.returncode == 1
    assert standins.run(Path("bash"), "-ec", publish, cwd=checkout, IMAGE_REPOSITORY="", **variables).returncode == 2
    look()
    standins.expect("docker login --username ci --password-stdin registry.example", reads=True)
    look()
    for name in components:
        standins.expect(f"docker tag scope/{name}:{tag} {hub}/{name}:{tag}")
    for name in components:
        standins.expect(f"docker push {hub}/{name}:{tag}")
    done = standins.run(Path("bash"), "-ec", publish, cwd=checkout, IMAGE_REPOSITORY=hub, **variables)
    assert done.returncode == 0
    assert [call.stdin for call in standins.made if "login" in call.words] == ["secret\n"]
    assert "secret" not in done.stdout + done.stderr
