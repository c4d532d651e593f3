"""An update of a cluster that a test tells step by step."""

import re
import subprocess
from pathlib import Path

from deploy.tests.standins import Standins, git

ANY = re.compile(".*")


def document(kind: str, name: str, component: str, image: str = "") -> str:
    lines = ["apiVersion: any/v1", f"kind: {kind}", "metadata:", "  labels:"]
    lines += [f"    app.kubernetes.io/name: {component}", f"  name: {name}", "  namespace: scope"]
    if image:
        lines += [
            "spec:",
            "  template:",
            "    spec:",
            "      containers:",
            f"      - image: {image}",
            "        name: it",
        ]
    return "\n".join(lines) + "\n"


def manifests(tag: str, query: str = "") -> str:
    """What kustomize prints: users with its migration, query, and what is nobody's."""
    users = f"registry.example/scope/users:{tag}"
    return "---\n".join(
        [
            document("ServiceAccount", "migrate", "migrate"),
            document("ConfigMap", "mesh-1", "mesh"),
            document("Secret", "users", "users"),
            document("Deployment", "query", "query", f"registry.example/scope/query:{query or tag}"),
            document("Deployment", "users", "users", users),
            document("StatefulSet", "nats", "nats", "docker.io/library/nats:2"),
            document("Job", "migrate", "migrate", users),
        ]
    )


def difference(*objects: str) -> str:
    return "".join(
        f"diff -u -N /tmp/LIVE-1/{name} /tmp/MERGED-2/{name}\n--- /tmp/LIVE-1/{name}\n+++ /tmp/MERGED-2/{name}\n"
        "-old\n+new\n"
        for name in objects
    )


QUERY = "apps.v1.Deployment.scope.query"
USERS = "apps.v1.Deployment.scope.users"
HISTORY = "deployment.apps/any \nREVISION  CHANGE-CAUSE\n1         <none>\n{}         <none>\n\n"
APPLIED = """\
serviceaccount/migrate unchanged
configmap/mesh-1 created
deployment.apps/query configured
deployment.apps/users unchanged
statefulset.apps/nats unchanged
"""


class Update:
    """The script, and the cluster that it meets, step by step."""

    def __init__(self, checkout: Path, standins: Standins) -> None:
        self.program = checkout / "deploy/rolling-update"
        self.checkout = checkout
        self.standins = standins
        self.environment = "dev"
        self.tag = f"main-{git(checkout, standins, 'rev-parse', 'HEAD')[:8]}"

    def kube(self, words: str, **answer: object) -> None:
        self.standins.expect(f"kubectl --context {self.environment} {words}", **answer)

    def rendered(self, text: str = "") -> None:
        self.kube("get namespace scope-probe --ignore-not-found -o name")
        folder = re.compile(f".*/deploy/k8s/{self.environment}")
        self.standins.expect("kubectl", "kustomize", folder, out=text or manifests(self.tag))

    def checked(self, **answer: object) -> None:
        self.kube("apply --dry-run=server -f -", reads=True, **answer)

    def differs(self, *objects: str, status: int = 1) -> None:
        self.kube("diff -f -", out=difference(*objects), status=status)

    def looked(self, *objects: str) -> None:
        """All that comes before the question."""
        self.rendered()
        self.checked()
        self.differs(*(objects or [QUERY]))

    def remembered(self, query: int = 4, users: int = 7, nats: int = 2) -> None:
        for name, revision in [("deployment/query", query), ("deployment/users", users), ("statefulset/nats", nats)]:
            self.kube(f"-n scope rollout history {name}", out=HISTORY.format(revision))

    def applied(self, out: str = APPLIED, **answer: object) -> None:
        self.kube("apply -f -", out=out, reads=True, **answer)

    def watched(self, name: str, **answer: object) -> None:
        self.kube(f"-n scope rollout status {name} --timeout=600s", **answer)

    def events(self, out: str = "") -> None:
        words = "-n scope get events --field-selector involvedObject.kind=Pod --sort-by=.lastTimestamp --no-headers -o"
        columns = "custom-columns=POD:.involvedObject.name,WHAT:.reason,MESSAGE:.message"
        self.kube(f"{words} {columns}", out=out)

    def undone(self, name: str, revision: int, **answer: object) -> None:
        self.kube(f"-n scope rollout undo {name} --to-revision={revision}", **answer)

    def deleted(self) -> None:
        self.kube("-n scope delete job/migrate --ignore-not-found")

    def migration(self, conditions: str) -> None:
        self.standins.expect(
            *f"kubectl --context {self.environment} -n scope get job/migrate -o".split(), ANY, out=conditions
        )

    def __call__(self, *arguments: str, stdin: str = "y\n", **variables: str) -> "subprocess.CompletedProcess[str]":
        return self.standins.run(self.program, self.environment, *arguments, stdin=stdin, **variables)

    @property
    def changed(self) -> list[list[str]]:
        """The calls that change something."""
        words = [call.words[3:] for call in self.standins.made if call.words[1] == "--context"]
        changing = {"apply", "delete", "undo", "replace", "patch", "scale", "create", "restart"}
        return [call for call in words if changing & set(call) and "--dry-run=server" not in call]


def kinds(text: str) -> list[str]:
    return re.findall("^kind: (.*)$", text, re.MULTILINE)
