"""What can be asked of a base node, to leave it out."""

import re
from collections.abc import Callable, Mapping

from query import images
from query.graph import Graph
from scope_sdk.report.merge import Facts

_RUNNING = frozenset({"", "running", "restarting", "paused"})
_SYSTEM_NAMES = frozenset({"weavescope", "weavedns", "weave", "weaveproxy", "weaveexec", "ecs-agent"})
_SYSTEM_IMAGES = frozenset(
    {
        *(f"weaveworks/{name}" for name in ("scope", "weavedns", "weave", "weaveproxy", "weaveexec")),
        *("swarm", "amazon/amazon-ecs-agent", "openshift/origin-pod"),
    }
)
#: The images of what holds the network of a pod.
_PAUSE = re.compile(r"google_containers/pause|k8s\.(gcr\.)?io/pause|eks/pause|rancher/mirrored-pause")
_LABELS = "docker_label_"
_IMAGE_LABELS = "docker_image_label_"
_NO_LABELS: Mapping[str, tuple[str, ...]] = {}


def is_running(graph: Graph, node: str) -> bool:
    """Whether a container runs, or nothing is said about that."""
    facts = graph.model.facts(node)
    return facts is None or runs(facts)


def runs(container: Facts) -> bool:
    """Whether a container's programs are there, or nothing is said about that."""
    return container.texts.get("docker_container_state", "") in _RUNNING


def is_application(graph: Graph, node: str) -> bool:
    """Whether a container is not part of what runs containers."""
    facts = graph.model.facts(node)
    if facts is None:
        return True
    image = images.image(graph.model, node)
    return not (
        facts.texts.get("docker_container_name") in _SYSTEM_NAMES
        or _is_system_image(facts, image)
        or _label(facts, _LABELS, "io.kubernetes.docker.type") == "podsandbox"
        or _label(facts, _LABELS, "works.weave.role") == "system"
        or (image is not None and _label(image, _IMAGE_LABELS, "works.weave.role") == "system")
        or _label(facts, _LABELS, "io.kubernetes.pod.namespace") == "kube-system"
        or _label(facts, _LABELS, "io.kubernetes.pod.name").startswith("kube-system/")
    )


def has_label(key: str, value: str) -> Callable[[Graph, str], bool]:
    """Whether a container, or its image, has a label."""

    def test(graph: Graph, node: str) -> bool:
        facts, image = graph.model.facts(node), images.image(graph.model, node)
        found = (facts and _label(facts, _LABELS, key), image and _label(image, _IMAGE_LABELS, key))
        return value in found

    return test


def namespace(graph: Graph, node: str) -> str:
    """The namespace of something that Kubernetes has, or of a container the stack; empty for none."""
    facts = graph.model.facts(node)
    if facts is None:
        return ""
    return (
        facts.texts.get("kubernetes_namespace")
        or _label(facts, _LABELS, "io.kubernetes.pod.namespace")
        or _label(facts, _LABELS, "com.docker.stack.namespace")
    )


def _is_system_image(container: Facts, image: Facts | None) -> bool:
    name = images.said_name(container, image)
    return bool(name) and (images.short(name) in _SYSTEM_IMAGES or _PAUSE.search(name) is not None)


def _label(facts: Facts, table: str, key: str) -> str:
    cells = facts.tables.get(table, _NO_LABELS).get(key, ())
    return cells[1] if len(cells) > 1 else ""
