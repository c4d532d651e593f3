"""A cluster on this machine: what has to be there, that it is waited for, and that nothing else is changed."""

import re
import subprocess
from pathlib import Path

import pytest

from deploy.tests.standins import Standins, git

READY = "kubectl --context kind-scope wait node --all --for=condition=Ready --timeout=1s"


class LocalK8s:
    """The script, and the programs that it meets."""

    def __init__(self, checkout: Path, standins: Standins, engine: str) -> None:
        self.program = checkout / "deploy/local-k8s"
        self.standins = standins
        self.engine = engine
        self.kubeconfig = checkout / "deploy/k8s/local/kubeconfig"
        self.archive = checkout / ".build/images.tar"
        self.components = (checkout / "deploy/images/components").read_text().split()
        self.tag = f"main-{git(checkout, standins, 'rev-parse', 'HEAD')[:8]}"

    def programs(self, kind: str = "0.27.0", kubectl: str = "v1.32.4", engine: str = "") -> None:
        self.standins.expect("kind version", out=f"kind v{kind} go1.23.6 linux/amd64\n")
        if _number(kind) < (0, 24):
            return
        self.standins.expect("kubectl version --client -o yaml", out=f"clientVersion:\n  gitVersion: {kubectl}\n")
        if _number(kubectl[1:]) < (1, 27):
            return
        field = {"docker": "{{.Server.Version}}", "podman": "{{.Client.Version}}"}[self.engine]
        version = engine or {"docker": "27.1.1", "podman": "4.3.1"}[self.engine]
        self.standins.expect(self.engine, "version", "--format", field, out=f"{version}\n")

    def images(self, built: bool = True, latest: bool = True) -> None:
        for name in self.components:
            for tag, there in [(self.tag, built), ("latest", latest)]:
                image = f"scope/{name}:{tag}"
                self.standins.expect(self.engine, "image", "inspect", "--format", "{{.Id}}", image, status=1 - there)
                if there:
                    break

    def clusters(self, *names: str) -> None:
        self.standins.expect("kind get clusters", out="".join(f"{name}\n" for name in names))

    def kind(self, words: str) -> None:
        self.standins.expect("kind", *words.split(), "--name", "scope", "--kubeconfig", str(self.kubeconfig))

    def loaded(self, tag: str = "") -> None:
        for name in self.components:
            image = f"docker.io/scope/{name}:latest"
            self.standins.expect(self.engine, "tag", f"scope/{name}:{tag or self.tag}", image)
        images = [f"docker.io/scope/{name}:latest" for name in self.components]
        several = ["--multi-image-archive"] if self.engine == "podman" else []
        self.standins.expect(self.engine, "save", *several, "--output", str(self.archive), *images)
        self.standins.expect("kind", "load", "image-archive", str(self.archive), "--name", "scope")

    def __call__(self, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
        return self.standins.run(self.program, *arguments, **{"ENGINE": self.engine, **variables})


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@pytest.fixture(params=["docker", "podman"])
def local(request: pytest.FixtureRequest, checkout: Path, standins: Standins) -> LocalK8s:
    return LocalK8s(checkout, standins, request.param)


@pytest.fixture
def podman(checkout: Path, standins: Standins) -> LocalK8s:
    return LocalK8s(checkout, standins, "podman")


def test_it_makes_a_cluster_with_a_kubeconfig_of_its_own_and_loads_what_was_built(local: LocalK8s) -> None:
    local.programs()
    local.images()
    local.clusters("another")
    local.kind("create cluster")
    local.standins.expect(READY)
    local.loaded()
    done = local("up")
    assert done.returncode == 0
    assert "The cluster is ready" in done.stderr


def test_doing_it_again_takes_the_one_that_is_there(local: LocalK8s) -> None:
    local.programs()
    local.images()
    local.clusters("another", "scope")
    local.kind("export kubeconfig")
    local.standins.expect(READY)
    local.loaded()
    done = local("up")
    assert done.returncode == 0
    assert "-n scope rollout restart" in done.stdout
    assert "-n scope-probe rollout restart" in done.stdout


def test_it_prints_the_commands_that_deploy_in_their_order(podman: LocalK8s, checkout: Path) -> None:
    podman.programs()
    podman.images()
    podman.clusters()
    podman.kind("create cluster")
    podman.standins.expect(READY)
    podman.loaded()
    lines = podman("up").stdout.splitlines()
    quoted = str(podman.kubeconfig).replace(" ", "\\ ")
    assert lines[0] == f"cd {str(checkout).replace(' ', chr(92) + ' ')}"
    said = [line.replace(f"kubectl --kubeconfig {quoted} ", "KUBECTL ") for line in lines[1:]]
    assert said == [
        "make installed",
        "KUBECTL apply -f deploy/k8s/base/namespace.yaml",
        ".venv/bin/python -m deploy.secrets deploy/k8s/local/secrets --kubernetes scope | KUBECTL apply -f -",
        "KUBECTL -n scope delete job/migrate --ignore-not-found",
        "KUBECTL apply -k deploy/k8s/local",
        "KUBECTL -n scope wait --for=condition=complete job/migrate --timeout=10m",
        "KUBECTL -n scope rollout status deployment -l app.kubernetes.io/part-of=scope --timeout=10m",
        "KUBECTL -n scope exec deployment/users -- scope-users create-admin you@example.org",
        "deploy/connect local",
        "KUBECTL apply -f deploy/k8s/probe/base/namespace.yaml",
        "KUBECTL apply -k deploy/k8s/probe/local",
        (
            'read -rs TOKEN && printf %s "$TOKEN" | '
            "KUBECTL -n scope-probe create secret generic probe --from-file=token=/dev/stdin"
        ),
    ]


def test_kind_is_told_when_the_engine_is_podman(podman: LocalK8s) -> None:
    kind = podman.standins.bin / "kind"
    kind.rename(podman.standins.bin / "kind-standin")
    kind.write_text('#!/bin/sh\necho "$KIND_EXPERIMENTAL_PROVIDER" >>"$HOME/seen"\nexec kind-standin "$@"\n')
    kind.chmod(0o755)
    podman.clusters()
    assert podman("down").returncode == 0
    assert (podman.standins.bin.parent / "seen").read_text() == "podman\n"


def test_of_what_was_not_built_for_this_state_the_latest_is_taken_and_said(podman: LocalK8s) -> None:
    podman.programs()
    podman.images(built=False)
    podman.clusters("scope")
    podman.kind("export kubeconfig")
    podman.standins.expect(READY)
    podman.loaded(tag="latest")
    done = podman("up")
    assert done.returncode == 0
    assert f"Not built for {podman.tag}, the latest is taken: frontend ui-server" in done.stderr


def test_without_images_no_cluster_is_made(local: LocalK8s) -> None:
    local.programs()
    local.images(built=False, latest=False)
    done = local("up")
    assert done.returncode == 1
    assert "no image of frontend ui-server authfe" in done.stderr
    assert "make images" in done.stderr


@pytest.fixture
def waits(standins: Standins) -> None:
    standins.remove("sleep")
    standins.add("sleep")


def test_the_node_is_waited_for_and_that_is_said(podman: LocalK8s, waits: None) -> None:
    podman.programs()
    podman.images()
    podman.clusters()
    podman.kind("create cluster")
    for _ in range(3):
        podman.standins.expect(READY, status=1)
        podman.standins.expect("sleep 5")
    podman.standins.expect(READY)
    podman.loaded()
    done = podman("up")
    assert done.returncode == 0
    assert re.findall(r"Waiting for the node: (\d+) s of 120", done.stderr) == ["0", "5", "10"]


def test_a_node_that_does_not_become_ready_is_told_after_two_minutes(podman: LocalK8s, waits: None) -> None:
    script = podman.program.read_text()
    assert "WAIT=120 " in script
    podman.program.write_text(script.replace("WAIT=120 ", "WAIT=15 "))
    podman.tag += "-WIP"
    podman.programs()
    podman.images()
    podman.clusters()
    podman.kind("create cluster")
    for _ in range(3):
        podman.standins.expect(READY, status=1)
        podman.standins.expect("sleep 5")
    podman.standins.expect("kubectl --context kind-scope get nodes", out="scope   NotReady\n")
    done = podman("up")
    assert done.returncode == 1
    assert "NotReady" in done.stderr
    assert "kind export logs --name scope" in done.stderr
    assert done.stdout == ""


def test_a_cluster_that_cannot_be_made_ends_it(podman: LocalK8s, checkout: Path) -> None:
    podman.programs()
    podman.images()
    podman.clusters()
    words = ["create", "cluster", "--name", "scope", "--kubeconfig", str(podman.kubeconfig)]
    podman.standins.expect("kind", *words, status=1, err="ERROR: failed to create cluster\n")
    done = podman("up")
    assert done.returncode == 1
    assert done.stdout == ""


@pytest.mark.parametrize("lacking", ["kind", "kubectl", "podman"])
def test_a_program_that_is_missing_is_named(podman: LocalK8s, lacking: str) -> None:
    podman.standins.remove(lacking)
    done = podman("up")
    assert done.returncode == 1
    assert re.search(f"{lacking} is .*not on PATH", done.stderr)


@pytest.mark.parametrize(
    ("kind", "kubectl", "engine", "said"),
    [
        ("0.20.0", "v1.32.4", "4.3.1", "kind is 0.20.0, and 0.24 or newer is needed"),
        ("0.27.0", "v1.2.3", "4.3.1", "kubectl is 1.2.3, and 1.27 or newer is needed"),
        ("0.27.0", "v1.27.0", "3.4.4", "podman is 3.4.4, and 4 or newer is needed"),
    ],
)
def test_a_program_that_is_too_old_is_named(podman: LocalK8s, kind: str, kubectl: str, engine: str, said: str) -> None:
    podman.programs(kind, kubectl, engine)
    done = podman("up")
    assert done.returncode == 1
    assert said in done.stderr


def test_a_daemon_that_is_away_is_named(checkout: Path, standins: Standins) -> None:
    local = LocalK8s(checkout, standins, "docker")
    standins.expect("kind version", out="kind v0.27.0 go1.23.6 linux/amd64\n")
    standins.expect("kubectl version --client -o yaml", out="clientVersion:\n  gitVersion: v1.32.4-dispatcher\n")
    standins.expect("docker", "version", "--format", "{{.Server.Version}}", status=1, err="Cannot connect\n")
    done = local("up")
    assert done.returncode == 1
    assert "docker's daemon does not answer" in done.stderr


@pytest.mark.parametrize("direction", ["up", "down"])
def test_clusters_that_cannot_be_listed_are_not_taken_for_none(podman: LocalK8s, direction: str) -> None:
    if direction == "up":
        podman.programs()
        podman.images()
    podman.standins.expect("kind get clusters", status=1)
    done = podman(direction)
    assert done.returncode == 1
    assert "cannot say which clusters there are" in done.stderr


def test_it_goes_with_its_kubeconfig_and_secrets(local: LocalK8s, checkout: Path) -> None:
    local.kubeconfig.touch()
    (checkout / "deploy/k8s/local/secrets").mkdir()
    local.clusters("scope")
    local.kind("delete cluster")
    assert local("down").returncode == 0
    assert sorted(file.name for file in local.kubeconfig.parent.iterdir()) == ["context", "kustomization.yaml"]
    local.clusters()
    done = local("down")
    assert done.returncode == 0
    assert "There is no cluster" in done.stderr


def test_a_cluster_that_does_not_go_keeps_its_kubeconfig(podman: LocalK8s) -> None:
    podman.kubeconfig.touch()
    podman.clusters("scope")
    words = ["delete", "cluster", "--name", "scope", "--kubeconfig", str(podman.kubeconfig)]
    podman.standins.expect("kind", *words, status=1)
    assert podman("down").returncode == 1
    assert podman.kubeconfig.exists()


def test_a_dry_run_only_looks(local: LocalK8s, checkout: Path) -> None:
    local.programs()
    local.images()
    local.clusters()
    done = local("up", "--dry-run")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("kind create cluster --name scope --kubeconfig ")
    assert sum(line.startswith(f"{local.engine} tag ") for line in lines) == len(local.components)
    local.kubeconfig.touch()
    local.clusters("scope")
    done = local("down", "--dry-run")
    assert done.stdout.startswith("kind delete cluster --name scope")
    assert local.kubeconfig.exists()
    assert not (checkout / ".build").exists()


@pytest.mark.parametrize("arguments", [[], ["sideways"], ["up", "down"], ["up", "--fast"]])
def test_wrong_usage_is_told(podman: LocalK8s, arguments: list[str]) -> None:
    done = podman(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--help says how it is used" in done.stderr
