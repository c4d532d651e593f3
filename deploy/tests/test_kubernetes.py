"""The manifests of every environment keep to our policies, and each policy can tell."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from pathlib import Path

import pytest

from deploy.tests import network, policies
from deploy.tests.manifests import Manifests, Raw, environments, render, rendered

ENVIRONMENTS = ("local", "dev", "prod")
COMPONENTS = {*(policies.ROOT / "deploy" / "images" / "components").read_text().split()}

Breaking = Callable[[Manifests], object]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The keys of each Secret that deploy.secrets makes."""
    command = [sys.executable, "-m", "deploy.secrets", tmp_path_factory.mktemp("secrets"), "--kubernetes", "scope"]
    printed = subprocess.run(command, cwd=policies.ROOT, capture_output=True, text=True, check=True).stdout
    return {one["metadata"]["name"]: set(one["data"]) for one in json.loads(printed)["items"]}


def test_there_are_environments_and_their_probes() -> None:
    assert {*ENVIRONMENTS, *(f"probe/{name}" for name in (*ENVIRONMENTS, "elsewhere"))} <= {*environments()}


@pytest.mark.parametrize("policy", policies.POLICIES, ids=lambda policy: policy.__name__)
@pytest.mark.parametrize("name", environments())
def test_every_environment_keeps_to_every_policy(name: str, policy: policies.Policy) -> None:
    assert list(policy(rendered(name))) == []


@pytest.mark.parametrize("name", environments())
def test_every_secret_is_made_by_somebody(name: str, made: dict[str, set[str]]) -> None:
    assert list(policies.secret(rendered(name), made)) == []


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_policies_of_the_network_allow_what_is_needed_and_nothing_else(name: str) -> None:
    assert list(network.reaching(rendered(name, f"probe/{name}"))) == []


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_component_runs(name: str) -> None:
    running = {one.component for one in rendered(name, f"probe/{name}").workloads()}
    assert running - {""} == COMPONENTS


@pytest.mark.parametrize("name", environments())
def test_every_document_says_which_component_it_belongs_to(name: str) -> None:
    for raw in rendered(name).documents:
        assert raw["kind"] == "Namespace" or raw["metadata"]["labels"]["app.kubernetes.io/name"], raw["metadata"]


def workload(manifests: Manifests, name: str = "query") -> Raw:
    (found,) = (one.raw for one in manifests.workloads() if one.name == name)
    return found


def pod(manifests: Manifests, name: str = "query") -> Raw:
    return workload(manifests, name)["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def container(manifests: Manifests, name: str = "query") -> Raw:
    return pod(manifests, name)["containers"][0]  # type: ignore[no-any-return]


def context(manifests: Manifests) -> Raw:
    return container(manifests)["securityContext"]  # type: ignore[no-any-return]


def budget(manifests: Manifests) -> Raw:
    return manifests.one("PodDisruptionBudget", "query")["spec"]  # type: ignore[no-any-return]


def set_of(manifests: Manifests, name: str) -> Raw:
    (found,) = (
        raw for raw in manifests.of("ConfigMap") if re.sub("-[a-z0-9]{10}$", "", raw["metadata"]["name"]) == name
    )
    return found["data"]  # type: ignore[no-any-return]


def variable(manifests: Manifests, name: str, value: str) -> None:
    container(manifests).setdefault("env", []).append({"name": name, "value": value})


def secret_variable(manifests: Manifests, name: str, secret: str, key: str) -> None:
    source = {"secretKeyRef": {"name": secret, "key": key}}
    container(manifests).setdefault("env", []).append({"name": name, "valueFrom": source})


def rules(manifests: Manifests, name: str, direction: str) -> list[Raw]:
    return manifests.one("NetworkPolicy", name)["spec"][direction]  # type: ignore[no-any-return]


def peers(manifests: Manifests, name: str) -> Raw:
    return rules(manifests, name, "ingress")[0]["from"][0]["podSelector"]["matchExpressions"][0]  # type: ignore[no-any-return]


#: Policy, what to do to prod and its probes, and what it has to say then.
BROKEN: list[tuple[policies.Policy, Breaking, str]] = [
    (policies.accepted, lambda m: workload(m)["spec"].update(replica=2), "'replica' was unexpected"),
    (policies.accepted, lambda m: workload(m)["spec"].update(replicas="2"), "'2' is not of type"),
    (policies.confined, lambda m: pod(m)["securityContext"].pop("runAsNonRoot"), "query: runAsUser: 65532"),
    (policies.confined, lambda m: pod(m)["securityContext"].update(runAsUser=0), "query: runAsUser: 0"),
    (policies.confined, lambda m: pod(m)["securityContext"].pop("seccompProfile"), "query: seccompProfile"),
    (policies.confined, lambda m: context(m).pop("readOnlyRootFilesystem"), "query: readOnlyRootFilesystem"),
    (policies.confined, lambda m: context(m).pop("allowPrivilegeEscalation"), "query: allowPrivilegeEscalation"),
    (policies.confined, lambda m: context(m).update(privileged=True), "query: privileged"),
    (policies.confined, lambda m: context(m)["capabilities"].update(drop=["NET_RAW"]), "query: capabilities"),
    (policies.confined, lambda m: context(m)["capabilities"].update(add=["KILL"]), "query: KILL"),
    (policies.confined, lambda m: pod(m).update(hostIPC=True), "query: hostIPC"),
    (policies.confined, lambda m: pod(m)["volumes"].append({"name": "a", "hostPath": {"path": "/"}}), "query: path: /"),
    (policies.confined, lambda m: pod(m, "probe-host").pop("hostPID"), "probe-host: hostPID is on the list in vain"),
    (
        policies.confined,
        lambda m: m.one("Namespace", "scope")["metadata"]["labels"].update(
            {"pod-security.kubernetes.io/enforce": "baseline"}
        ),
        "Namespace scope: its pod security is baseline",
    ),
    (policies.bounded, lambda m: container(m)["resources"].pop("limits"), "query: no limits of memory"),
    (policies.bounded, lambda m: container(m)["resources"]["requests"].pop("cpu"), "query: no requests of cpu"),
    (policies.bounded, lambda m: pod(m)["volumes"].append({"name": "a", "emptyDir": {}}), "query: no sizeLimit of a"),
    (policies.watched, lambda m: container(m).pop("livenessProbe"), "query: no livenessProbe"),
    (policies.watched, lambda m: container(m, "probe-cluster").pop("readinessProbe"), "probe-cluster: no readiness"),
    (policies.pinned, lambda m: container(m).update(image="registry.example/scope/query"), "has no tag"),
    (policies.pinned, lambda m: container(m).update(image="registry.example/scope/query:latest"), "query:latest in"),
    (policies.pinned, lambda m: container(m).update(imagePullPolicy="Always"), "query: its image is pulled"),
    (
        policies.matched,
        lambda m: workload(m)["spec"]["selector"].update(matchLabels={"app.kubernetes.io/part-of": "scope"}),
        "Deployment query selects the pods of [",
    ),
    (
        policies.matched,
        lambda m: m.one("Service", "query")["spec"].update(selector={"app.kubernetes.io/name": "queries"}),
        "Service query selects the pods of []",
    ),
    (
        policies.matched,
        lambda m: budget(m)["selector"].update(matchLabels={"app.kubernetes.io/name": "pipe"}),
        "PodDisruptionBudget query selects the pods of ['pipe']",
    ),
    (
        policies.matched,
        lambda m: m.one("Service", "query")["spec"]["ports"][0].update(targetPort="rpc"),
        "Service query leads to a port rpc, which its pods have not",
    ),
    (policies.replaceable, lambda m: budget(m).update(maxUnavailable=0), "query: its disruption budget lets none"),
    (policies.replaceable, lambda m: m.documents.remove(m.one("PodDisruptionBudget", "query")), "no disruption budget"),
    (policies.graceful, lambda m: pod(m).update(terminationGracePeriodSeconds=20), "query: is killed after 20 s"),
    (policies.configured, lambda m: variable(m, "TOCK", "1"), "query: there is no setting TOCK"),
    (policies.configured, lambda m: set_of(m, "mesh").pop("USERS_ADDRESS"), "query: USERS_ADDRESS is not set"),
    (policies.configured, lambda m: set_of(m, "probe").pop("SCOPE_URL"), "probe-host: SCOPE_URL is not set"),
    (policies.configured, lambda m: container(m, "users").pop("env"), "users: DATABASE_URL_FILE is not set"),
    (policies.configured, lambda m: container(m, "migrate").pop("env"), "migrate: DATABASE_URL_FILE is not set"),
    (
        policies.found,
        lambda m: set_of(m, "mesh").update(MESH_KEY_FILE="/secrets/mesh"),
        "MESH_KEY_FILE names /secrets/mesh",
    ),
    (policies.found, lambda m: container(m)["livenessProbe"]["grpc"].update(port=9001), "livenessProbe asks at 9001"),
    (policies.found, lambda m: variable(m, "LISTEN", "0.0.0.0:9001"), "query: listens at 0.0.0.0:9001"),
    (network.reaching, lambda m: peers(m, "users")["values"].remove("query"), "query may not reach users at 9000"),
    (network.reaching, lambda m: rules(m, "query", "ingress").append({}), "anybody may reach query at 9000"),
    (network.reaching, lambda m: rules(m, "query", "egress").append({}), "query may reach anybody at 1 for no reason"),
    (network.reaching, lambda m: rules(m, "names", "egress").clear(), "query may not reach names at 53"),
    (network.reaching, lambda m: rules(m, "nats", "ingress").clear(), "query may not reach nats at 4222"),
    (network.reaching, lambda m: set_of(m, "frontend").pop("QUERY_ADDRESS"), "frontend may reach query at 9000 for no"),
    (
        network.reaching,
        lambda m: variable(m, "NEW_ADDRESS", "pipe:9000"),
        "query may not reach pipe at 9000, and needs",
    ),
]


@pytest.mark.parametrize(("policy", "break_it", "said"), BROKEN, ids=lambda one: str(one)[:60])
def test_a_policy_tells_what_offends_it(policy: policies.Policy, break_it: Breaking, said: str) -> None:
    manifests = deepcopy(rendered("prod", "probe/prod"))
    break_it(manifests)
    assert any(said in line for line in policy(manifests)), list(policy(manifests))


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (
            partial(secret_variable, name="DATABASE_URL", secret="users", key="database-url"),
            "DATABASE_URL is not what database-url",
        ),
        (partial(secret_variable, name="SMTP_URL", secret="mail", key="url"), "SMTP_URL is not what url"),
        (
            lambda m: pod(m)["volumes"][-1]["secret"].update(items=[{"key": "tls.key", "path": "tls.key"}]),
            "query: nobody makes tls.key of the Secret query",
        ),
        (lambda m: pod(m)["volumes"][-1]["secret"].update(secretName="queries"), "of the Secret queries"),
    ],
)
def test_a_secret_that_nobody_makes_is_told(made: dict[str, set[str]], break_it: Breaking, said: str) -> None:
    manifests = deepcopy(rendered("prod"))
    break_it(manifests)
    assert any(said in line for line in policies.secret(manifests, made))


def test_the_page_can_be_followed_to_manifests_of_ones_own(tmp_path: Path) -> None:
    """Each command that it says to change files with, on a copy."""
    shutil.copytree(policies.ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("tests", "local"))
    shutil.copytree(policies.ROOT / "deploy" / "k8s", tmp_path / "deploy" / "k8s", dirs_exist_ok=True)
    page = (policies.ROOT / "docs" / "kubernetes.md").read_text()
    commands = re.findall(r"^ *\$ ((?:sed -i|for it|deploy/kubeimage).*?)(?: {4,}.*)?$", page, re.MULTILINE)
    for command in commands:
        subprocess.run(["bash", "-ec", command.replace("REGISTRY", "registry.example.org")], cwd=tmp_path, check=True)
    found = [one for name in ("prod", "probe/prod") for one in render(tmp_path / "deploy" / "k8s" / name)]
    manifests = Manifests("prod", found)
    images = {one.component: one.container["image"] for one in manifests.workloads()}
    assert images == {
        name: f"registry.example.org/scope/{name}:main-{'5e6f7a8b' if name == 'users' else '1a2b3c4d'}"
        for name in images
    }
    assert len(images) == len(COMPONENTS)
    assert set_of(manifests, "users")["PUBLIC_URL"] == "https://scope.example.org"
    assert set_of(manifests, "users")["MAIL_FROM"] == "Scope <scope@scope.example.org>"
    assert set_of(manifests, "probe")["SCOPE_URL"] == "https://scope.example.org"


def test_the_page_has_the_sizes_of_prod() -> None:
    page = (policies.ROOT / "docs" / "kubernetes.md").read_text()
    rows = re.findall(r"^\| ([a-z-]+) \| (\d) \| ([\d.]+) \| (\d+) MiB, (\d+) ([MG])iB", page, re.MULTILINE)
    said = {
        name: (int(count), float(cpu), f"{least}Mi", f"{most}{unit}i") for name, count, cpu, least, most, unit in rows
    }
    assert said == {
        one.name: (one.raw["spec"]["replicas"], cpu(asked["cpu"]), asked["memory"], resources["limits"]["memory"])
        for one in rendered("prod").workloads()
        if one.kind == "Deployment"
        for resources in [one.container["resources"]]
        for asked in [resources["requests"]]
    }


def cpu(quantity: str) -> float:
    """Of `250m` or `2`, in processors."""
    return float(quantity.removesuffix("m")) / (1000 if quantity.endswith("m") else 1)
