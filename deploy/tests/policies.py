"""What we ask of manifests beyond that Kubernetes accepts them: each policy yields what offends it, as a line to read.

Who may reach whom is in `network.py`.
"""

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import typer
from pydantic_settings import BaseSettings

from deploy.tests.manifests import Manifests, Raw, SecretKey, Workload
from mesh.settings import ProcessSettings
from scope_probe.cli import app as probe

Policy = Callable[[Manifests], Iterator[str]]

ROOT = Path(__file__).resolve().parents[2]
#: The oldest Kubernetes that the manifests are for (appArmorProfile, the sleep before an end), and the newest.
VERSIONS = ("1.30", kubernetes_validate.latest_version())
#: What an operator adds to Kubernetes; its schema is its own.
CUSTOM = {("postgresql.cnpg.io/v1", "Cluster")}

#: What the probe of a node is allowed beyond everybody else; its manifest says beside each what it is for.
LIBERTIES = {
    "probe-host": {
        *("hostPID", "hostNetwork", "runAsUser: 0", "allowPrivilegeEscalation", "appArmorProfile", "spc_t"),
        *("SYS_PTRACE", "DAC_READ_SEARCH", "NET_ADMIN", "SYS_ADMIN", "SYS_CHROOT"),
        *("path: /run/containerd", "path: /var/lib/scope-probe"),
    }
}

#: By component, where its settings are; of the probe and the migration, see `settings`.
SETTINGS = {
    "users": "users.settings:UsersSettings",
    "collection": "collection.settings:CollectionSettings",
    "query": "query.settings:QuerySettings",
    "control": "control.settings:ControlSettings",
    "pipe": "pipe.settings:PipeSettings",
    "authfe": "authfe.sockets.settings:SocketsSettings",
    "frontend": "authfe.frontend.settings:FrontendSettings",
    "ui-server": "ui.settings:UiSettings",
}
#: Which Secret is for which variable: those that deploy.secrets makes, and those made by whoever runs it.
VARIABLES = {
    SecretKey("mail", "smtp-url"): "SMTP_URL",
    SecretKey("probe", "token"): "SCOPE_SERVICE_TOKEN",
}
#: What is mounted of Secrets that whoever runs it keeps, or an operator, beside those that deploy.secrets makes.
FILES = {SecretKey("frontend-tls", "*"), SecretKey("postgres-app", "uri")}
DRAIN_SECONDS = ProcessSettings.model_fields["drain_seconds"].default
#: What is needed of settings that can be given in more than one way: the one that manifests give them in.
NEEDED = {"users": {"DATABASE_URL_FILE"}}


def accepted(manifests: Manifests) -> Iterator[str]:
    """Kubernetes knows every field, and every value is of its type."""
    for raw in manifests.documents:
        if (raw["apiVersion"], raw["kind"]) in CUSTOM:
            continue
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(raw, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                yield f"{_title(raw)}: {'.'.join(map(str, error.path))}: {error.message} (Kubernetes {version})"


def confined(manifests: Manifests) -> Iterator[str]:
    """Pods may do nothing but run, in namespaces that let them do nothing else."""
    free = {one.namespace for one in manifests.workloads() if LIBERTIES.get(one.name)}
    for workload in manifests.workloads():
        found, explained = liberties(workload), LIBERTIES.get(workload.name, set())
        yield from (f"{workload.name}: {liberty} is not on the list" for liberty in sorted(found - explained))
        yield from (f"{workload.name}: {liberty} is on the list in vain" for liberty in sorted(explained - found))
    for raw in manifests.of("Namespace"):
        level = raw["metadata"]["labels"].get("pod-security.kubernetes.io/enforce")
        if level != "restricted" and raw["metadata"]["name"] not in free:
            yield f"{_title(raw)}: its pod security is {level}"


def liberties(workload: Workload) -> set[str]:
    """What its pods may do that the restricted standard, and a root file system to read only, forbid."""
    pod, context = workload.pod, workload.pod.get("securityContext", {})
    found = {name for name in ("hostPID", "hostIPC", "hostNetwork") if pod.get(name)}
    found |= {f"path: {volume['hostPath']['path']}" for volume in pod.get("volumes", ()) if "hostPath" in volume}
    if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        found.add("seccompProfile")
    if not context.get("runAsNonRoot") or not context.get("runAsUser"):
        found.add(f"runAsUser: {context.get('runAsUser', 'any')}")
    found |= {kind for kind in [context.get("seLinuxOptions", {}).get("type")] if kind}
    for container in (*pod["containers"], *pod.get("initContainers", ())):
        found |= _liberties(container.get("securityContext", {}))
    return found


def _liberties(context: Raw) -> set[str]:
    capabilities = context.get("capabilities", {})
    checks = {
        "privileged": context.get("privileged", False),
        "allowPrivilegeEscalation": context.get("allowPrivilegeEscalation", True),
        "readOnlyRootFilesystem": not context.get("readOnlyRootFilesystem"),
        "capabilities": capabilities.get("drop") != ["ALL"],
        "appArmorProfile": "appArmorProfile" in context,
    }
    return {name for name, taken in checks.items() if taken} | set(capabilities.get("add", ()))


def bounded(manifests: Manifests) -> Iterator[str]:
    """Every container says what it needs, and how much memory it may have at most."""
    for workload in manifests.workloads():
        resources = workload.container.get("resources", {})
        for kind, name in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
            if name not in resources.get(kind, {}):
                yield f"{workload.name}: no {kind} of {name}"
        for volume in workload.pod.get("volumes", ()):
            if workload.component and "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]:
                yield f"{workload.name}: no sizeLimit of {volume['name']}"


def watched(manifests: Manifests) -> Iterator[str]:
    """What keeps running is asked whether it is ready, and whether it still does."""
    for workload in manifests.workloads():
        for name in ("readinessProbe", "livenessProbe"):
            if workload.kind != "Job" and name not in workload.container:
                yield f"{workload.name}: no {name}"


def pinned(manifests: Manifests) -> Iterator[str]:
    """Images have a tag; `latest`, which only a machine of one's own has, in `local` alone, and is not pulled."""
    local = manifests.name.rpartition("/")[2] == "local"
    for workload in manifests.workloads():
        image = workload.container["image"]
        tag = image.rpartition("/")[2].partition(":")[2]
        if not tag:
            yield f"{workload.name}: {image} has no tag"
        if (tag == "latest") != (local and bool(workload.component)):
            yield f"{workload.name}: {image} in {manifests.name}"
        if workload.component and workload.container.get("imagePullPolicy") != "IfNotPresent":
            yield f"{workload.name}: its image is pulled although it is there"


def matched(manifests: Manifests) -> Iterator[str]:
    """A workload's selector is for its own pods; that of a Service or a budget for those of exactly one workload."""
    for workload in manifests.workloads():
        if workload.kind != "Job":
            chosen = selected(manifests, workload.namespace, workload.raw["spec"]["selector"]["matchLabels"])
            if chosen != [workload.name]:
                yield f"{workload.kind} {workload.name} selects the pods of {chosen}"
    for raw in manifests.of("Service", "PodDisruptionBudget"):
        wanted = raw["spec"]["selector"]
        labels = wanted if raw["kind"] == "Service" else wanted["matchLabels"]
        chosen = selected(manifests, raw["metadata"]["namespace"], labels)
        if chosen != [raw["metadata"]["name"]]:
            yield f"{_title(raw)} selects the pods of {chosen}"
        yield from _ports(manifests, raw)


def selected(manifests: Manifests, namespace: str, labels: Mapping[str, str]) -> list[str]:
    """The names of the workloads whose pods have these labels."""
    there = (one for one in manifests.workloads() if one.namespace == namespace)
    return [one.name for one in there if labels.items() <= one.labels.items()]


def _ports(manifests: Manifests, raw: Raw) -> Iterator[str]:
    workloads = {one.name: one for one in manifests.workloads()}
    own = workloads.get(raw["metadata"]["name"])
    names = {port["name"] for port in own.container.get("ports", ())} if own else set()
    for port in raw["spec"].get("ports", ()):
        if port["targetPort"] not in names:
            yield f"{_title(raw)} leads to a port {port['targetPort']}, which its pods have not"


def replaceable(manifests: Manifests) -> Iterator[str]:
    """Nodes can be emptied and versions changed one pod at a time; what has several replicas never loses them all."""
    budgets = {raw["metadata"]["name"]: raw["spec"] for raw in manifests.of("PodDisruptionBudget")}
    for workload in manifests.workloads():
        replicas = workload.raw["spec"].get("replicas", 1)
        budget = budgets.get(workload.name)
        if budget is None and workload.kind == "Deployment" and replicas > 1:
            yield f"{workload.name}: no disruption budget"
        if budget and not (budget.get("maxUnavailable", 0) or 0 < budget.get("minAvailable", 0) < replicas):
            yield f"{workload.name}: its disruption budget lets none of {replicas} go"


def graceful(manifests: Manifests) -> Iterator[str]:
    """Who is told to end has longer than it takes for work in flight to be done."""
    for workload in manifests.workloads():
        if workload.component and workload.kind != "Job":
            waits = workload.container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            drain = float(str(manifests.environment(workload).get("DRAIN_SECONDS", DRAIN_SECONDS)))
            grace = workload.pod.get("terminationGracePeriodSeconds", 30)
            if grace <= drain + waits:
                yield f"{workload.name}: is killed after {grace} s, and drains for {drain + waits:g} s"


def configured(manifests: Manifests) -> Iterator[str]:
    """Every variable is a setting of the code, and every setting without a default is set."""
    for workload in manifests.workloads():
        if workload.component:
            known, required = settings(workload)
            given = set(manifests.environment(workload))
            yield from (f"{workload.name}: there is no setting {name}" for name in sorted(given - known))
            yield from (f"{workload.name}: {name} is not set" for name in sorted(required - given - set(_of_images())))


def settings(workload: Workload) -> tuple[set[str], set[str]]:
    """The variables that the program of a component knows, and those of them that it needs."""
    if workload.component == "probe":
        commands: Any = typer.main.get_command(probe)
        known = {option.envvar for option in commands.commands["launch"].params if option.envvar}
        return known, {"SCOPE_URL", "SCOPE_SERVICE_TOKEN"}
    needed = NEEDED.get(workload.component, set())
    if workload.name == "migrate":
        return needed, needed
    module, _, name = SETTINGS[workload.component].partition(":")
    kind: type[BaseSettings] = getattr(importlib.import_module(module), name)
    fields = {field.upper(): info for field, info in kind.model_fields.items()}
    return set(fields), needed | {field for field, info in fields.items() if info.is_required()}


def found(manifests: Manifests) -> Iterator[str]:
    """A file that a variable names in a Secret is there, and a port that is asked is one that is listened at."""
    for workload in manifests.workloads():
        mounts = {one["name"]: one["mountPath"] for one in workload.container.get("volumeMounts", ())}
        secrets = {mounts[one["name"]]: one["secret"] for one in workload.pod.get("volumes", ()) if "secret" in one}
        for name, value in manifests.environment(workload).items():
            folder, _, file = str(value).rpartition("/")
            items = secrets.get(folder, {}).get("items")
            if items and file not in {item["path"] for item in items}:
                yield f"{workload.name}: {name} names {value}, which is not mounted"
        ports = {port["name"]: port["containerPort"] for port in workload.container.get("ports", ())}
        for probe_ in ("startupProbe", "readinessProbe", "livenessProbe"):
            for kind in ("grpc", "httpGet", "tcpSocket"):
                port = workload.container.get(probe_, {}).get(kind, {}).get("port")
                if port is not None and port not in {*ports, *ports.values()}:
                    yield f"{workload.name}: {probe_} asks at {port}, where nobody listens"
        listen = manifests.environment(workload).get("LISTEN")
        if listen and int(str(listen).rpartition(":")[2]) not in ports.values():
            yield f"{workload.name}: listens at {listen}, which is none of its ports"


def _of_images() -> list[str]:
    """The variables that the images set themselves."""
    lines = (ROOT / "deploy" / "images" / "Containerfile").read_text().splitlines()
    return [name for line in lines if line.startswith("ENV ") for name in re.findall(r"(\w+)=", line)]


def secret(manifests: Manifests, made: Mapping[str, set[str]]) -> Iterator[str]:
    """Every key of a Secret is one of `made`, or listed here, and is for the variable that it is given to."""
    for workload in manifests.workloads():
        for name, value in manifests.environment(workload).items():
            if isinstance(value, SecretKey) and VARIABLES.get(value) != name:
                yield f"{workload.name}: {name} is not what {value.key} of the Secret {value.secret} is for"
        for key in manifests.mounted(workload):
            there = made[key.secret] | {"*"} if key.secret in made else set()
            if key.key not in there and key not in FILES:
                yield f"{workload.name}: nobody makes {key.key} of the Secret {key.secret}"


def _title(raw: Raw) -> str:
    return f"{raw['kind']} {raw['metadata']['name']}"


POLICIES: tuple[Policy, ...] = (
    *(accepted, confined, bounded, watched, pinned, matched, replaceable, graceful, configured, found),
)
