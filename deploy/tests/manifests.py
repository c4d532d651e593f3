"""The manifests of deploy/k8s as kubectl renders them, and what is in them."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy import packages

K8S = Path(__file__).resolve().parents[1] / "k8s"
PODS = ("Deployment", "StatefulSet", "DaemonSet", "Job")

Raw = dict[str, Any]


@dataclass(frozen=True)
class SecretKey:
    """Where a variable's value is kept."""

    secret: str
    key: str


@dataclass(frozen=True)
class Workload:
    """Something that makes pods of one kind."""

    raw: Raw

    @property
    def kind(self) -> str:
        return str(self.raw["kind"])

    @property
    def name(self) -> str:
        return str(self.raw["metadata"]["name"])

    @property
    def namespace(self) -> str:
        return str(self.raw["metadata"]["namespace"])

    @property
    def labels(self) -> Mapping[str, str]:
        """Of its pods."""
        return self.raw["spec"]["template"]["metadata"]["labels"]  # type: ignore[no-any-return]

    @property
    def pod(self) -> Raw:
        """What its pods are made of."""
        return self.raw["spec"]["template"]["spec"]  # type: ignore[no-any-return]

    @property
    def container(self) -> Raw:
        """Each pod of ours has one."""
        (found,) = self.pod["containers"]
        return found  # type: ignore[no-any-return]

    @property
    def component(self) -> str:
        """Which of our images it runs, without its repository; empty where the image is another's."""
        repository, _, name = self.container["image"].partition(":")[0].rpartition("/")
        return name if repository.rpartition("/")[2] == "scope" else ""


@dataclass(frozen=True)
class Manifests:
    """The documents of an environment, such as `prod`, `probe/prod`."""

    name: str
    documents: Sequence[Raw]

    def of(self, *kinds: str) -> list[Raw]:
        """Those of these kinds."""
        return [one for one in self.documents if one["kind"] in kinds]

    def one(self, kind: str, name: str) -> Raw:
        """The only one."""
        (found,) = (one for one in self.of(kind) if one["metadata"]["name"] == name)
        return found

    def workloads(self) -> list[Workload]:
        """All that make pods."""
        return [Workload(raw) for raw in self.of(*PODS)]

    def environment(self, workload: Workload) -> dict[str, str | SecretKey]:
        """The variables of its container, but for those that say something of its pod."""
        found: dict[str, str | SecretKey] = {}
        for source in workload.container.get("envFrom", ()):
            found |= self.one("ConfigMap", source["configMapRef"]["name"])["data"]
        for variable in workload.container.get("env", ()):
            source = variable.get("valueFrom", {})
            if "secretKeyRef" in source:
                found[variable["name"]] = SecretKey(source["secretKeyRef"]["name"], source["secretKeyRef"]["key"])
            else:
                found[variable["name"]] = variable.get("value", "")
        return found

    def mounted(self, workload: Workload) -> Iterator[SecretKey]:
        """The keys of Secrets that its pods see as files; `*`: all of one."""
        for volume in workload.pod.get("volumes", ()):
            secret = volume.get("secret")
            if secret:
                items = secret.get("items", [{"key": "*"}])
                yield from (SecretKey(secret["secretName"], item["key"]) for item in items)


def render(folder: Path) -> list[Raw]:
    """What kubectl makes of a folder with a kustomization; a warning is an error."""
    done = subprocess.run([packages.kubectl(), "kustomize", folder], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return [one for one in yaml.safe_load_all(done.stdout) if one]


@cache
def rendered(*names: str) -> Manifests:
    """Of one environment, or of several as one cluster has them."""
    return Manifests("+".join(names), [one for name in names for one in render(K8S / name)])


def environments() -> list[str]:
    """Every folder of deploy/k8s that is applied as it is, rather than a part of others."""
    found = (file.parent.relative_to(K8S) for file in K8S.glob("**/kustomization.yaml"))
    kinds = {str(one): yaml.safe_load((K8S / one / "kustomization.yaml").read_text())["kind"] for one in found}
    return sorted(name for name, kind in kinds.items() if kind == "Kustomization" and not name.endswith("base"))
