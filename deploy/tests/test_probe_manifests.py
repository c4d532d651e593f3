"""The probes of a cluster: what the page says of their rights, and why a probe of a node is allowed what it is."""

import re
import shutil
from itertools import pairwise

import pytest

from deploy.tests import policies
from deploy.tests.manifests import K8S, Manifests, Raw, environments, render, rendered

PAGE = policies.ROOT / "docs" / "kubernetes.md"
ROLES = ("scope-probe-host", "scope-probe-cluster", "scope-controls-host", "scope-controls-cluster")
PROBES = [name for name in environments() if name.startswith("probe/")]


def single(role: Raw) -> set[tuple[str, str, str]]:
    """What a role allows, one by one: group, resource, verb."""
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize("name", PROBES)
def test_roles_are_those_that_the_page_names(name: str) -> None:
    assert {raw["metadata"]["name"] for raw in rendered(name).of("ClusterRole")} == {*ROLES}
    assert {*re.findall(r"`(scope-(?:probe|controls)-\w+)`", PAGE.read_text())} == {*ROLES}


@pytest.mark.parametrize("name", PROBES)
def test_each_account_has_the_roles_of_its_kind_of_probe(name: str) -> None:
    manifests = rendered(name)
    for role in ROLES:
        binding = manifests.one("ClusterRoleBinding", role)
        assert binding["roleRef"]["name"] == role
        kind = role.rpartition("-")[2]
        assert binding["subjects"] == [{"kind": "ServiceAccount", "name": f"probe-{kind}", "namespace": "scope-probe"}]
        (user,) = (one for one in manifests.workloads() if one.pod["serviceAccountName"] == f"probe-{kind}")
        assert f"--kubernetes={kind}" in user.container["args"]


def test_each_probe_shows_the_node_by_its_name_in_the_cluster() -> None:
    (host,) = (one for one in rendered("probe/prod").workloads() if one.kind == "DaemonSet")
    named = [one for one in host.container["env"] if one["name"] == "SCOPE_HOSTNAME"]
    assert named == [{"name": "SCOPE_HOSTNAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}]
    assert host.pod["tolerations"] == [{"operator": "Exists"}]


def test_every_liberty_has_its_reason_above_it() -> None:
    lines = (K8S / "probe" / "base" / "host.yaml").read_text().splitlines()
    explained = [line for above, line in pairwise(lines) if above.lstrip().startswith("#")]
    for liberty in policies.LIBERTIES["probe-host"]:
        assert any(re.search(rf"\b{liberty}\b", line) for line in explained), liberty


@pytest.fixture(scope="module")
def looking(tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    """The probes of prod, but that they only look, as the page says to make them."""
    folder = tmp_path_factory.mktemp("k8s") / "probe"
    for part in ("base", "prod", "read-only"):
        shutil.copytree(K8S / "probe" / part, folder / part)
    (said,) = re.findall(r"```yaml\n(components:\n.*?)```", PAGE.read_text(), re.DOTALL)
    with (folder / "prod" / "kustomization.yaml").open("a") as file:
        file.write(said)
    return Manifests("probe/prod", render(folder / "prod"))


def test_probes_that_only_look_say_so_and_may_less(looking: Manifests) -> None:
    for workload in looking.workloads():
        assert looking.environment(workload)["SCOPE_READ_ONLY"] == "true"
        fewer = policies.liberties(workload)
        assert fewer == policies.LIBERTIES.get(workload.name, set()) - {
            *("SYS_ADMIN", "SYS_CHROOT", "allowPrivilegeEscalation")
        }
    for role in ROLES:
        assert single(looking.one("ClusterRole", role)) == {
            (group, resource, verb)
            for group, resource, verb in single(rendered("probe/prod").one("ClusterRole", role))
            if verb not in {"delete", "patch"} and not resource.endswith("/scale")
        }


def test_probes_that_only_look_are_accepted(looking: Manifests) -> None:
    for policy in policies.POLICIES:
        if policy is not policies.confined:
            assert list(policy(looking)) == []
