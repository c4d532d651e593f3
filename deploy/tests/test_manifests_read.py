"""What scripts read of the manifests with awk is what YAML says: of the real ones, as a real kubectl renders them."""

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy import packages
from deploy.tests.standins import ROOT, Standins

KEEPING = ("Deployment", "StatefulSet", "DaemonSet")
COMPONENTS = (ROOT / "deploy/images/components").read_text().split()
EVERY = pytest.mark.parametrize("environment", ["local", "dev", "prod", "probe/local", "probe/dev", "probe/prod"])


@cache
def rendered(environment: str) -> str:
    command = [packages.kubectl(), "kustomize", str(ROOT / "deploy/k8s" / environment)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def read(environment: str, *function: str) -> str:
    """What a function of the scripts makes of an environment's manifests."""
    script = 'source "$0/deploy/lib.sh"; source "$0/deploy/manifests.sh"; "$@"'
    command = ["bash", "-c", script, str(ROOT), *function]
    return subprocess.run(command, input=rendered(environment), capture_output=True, text=True, check=True).stdout


def documents(text: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all(text) if one]


def component(document: dict[str, Any]) -> str:
    return str(document["metadata"].get("labels", {}).get("app.kubernetes.io/name", ""))


@EVERY
def test_all_is_kept_but_jobs_and_secrets(environment: str) -> None:
    kept = [one for one in documents(rendered(environment)) if one["kind"] not in {"Job", "Secret"}]
    assert documents(read(environment, "kept")) == kept


@EVERY
def test_what_keeps_pods_running_is_found_with_its_namespace(environment: str) -> None:
    found = read(environment, "objects", *KEEPING).splitlines()
    assert found == [
        f"{one['metadata']['namespace']} {one['kind'].lower()}/{one['metadata']['name']}"
        for one in documents(rendered(environment))
        if one["kind"] in KEEPING
    ]
    assert found


@EVERY
def test_the_images_are_found(environment: str) -> None:
    pods = [
        one["spec"]["template"]["spec"] for one in documents(rendered(environment)) if one["kind"] in (*KEEPING, "Job")
    ]
    images = {container["image"] for pod in pods for container in pod["containers"]}
    ours = {(image.rpartition("/")[2].partition(":")[0], image) for image in images}
    assert read(environment, "images").splitlines() == sorted(
        f"{name} {image}" for name, image in ours if name in COMPONENTS
    )


@EVERY
@pytest.mark.parametrize("names", [["users", "migrate"], ["query"], ["probe"]])
def test_a_component_has_all_that_is_labelled_as_its_own_and_the_settings(environment: str, names: list[str]) -> None:
    chosen = [one for one in documents(rendered(environment)) if component(one) in names or one["kind"] == "ConfigMap"]
    assert documents(read(environment, "of_components", *names)) == chosen


@EVERY
def test_each_component_is_labelled_as_its_image_is_called(environment: str) -> None:
    for one in documents(rendered(environment)):
        if one["kind"] in KEEPING:
            image = one["spec"]["template"]["spec"]["containers"][0]["image"].rpartition("/")[2].partition(":")[0]
            assert component(one) == image or image not in COMPONENTS


@pytest.mark.parametrize("environment", ["local", "dev", "prod"])
def test_the_migration_is_a_job_of_its_own_name(environment: str) -> None:
    assert read(environment, "objects", "Job") == "scope job/migrate\n"


def test_a_cluster_is_compared_with_what_kubectl_renders(checkout: Path, standins: Standins) -> None:
    shutil.copytree(ROOT / "deploy/k8s", checkout / "deploy/k8s", dirs_exist_ok=True)
    stand_in = standins.bin / "kubectl"
    stand_in.rename(standins.bin / "kubectl-standin")
    stand_in.write_text(
        f'#!/bin/sh\n[ "$1" != kustomize ] || exec {packages.kubectl()} "$@"\nexec kubectl-standin "$@"\n'
    )
    stand_in.chmod(0o755)
    standins.expect(
        "kubectl --context prod get namespace scope-probe --ignore-not-found -o name", out="namespace/scope-probe\n"
    )
    standins.expect("kubectl --context prod diff -f -", reads=True)
    assert standins.run(checkout / "deploy/kubediff", "prod").returncode == 0
    written = documents(rendered("prod")) + documents(rendered("probe/prod"))
    kept = [one for one in written if one["kind"] not in {"Job", "Secret"}]
    assert documents(standins.made[-1].stdin) == kept
