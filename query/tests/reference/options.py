"""What readers of a topology may leave out, and what is left out unless they say otherwise."""

import re
from collections.abc import Mapping

from query.tests.reference.said import Said
from query.tests.reference.topologies import IMAGE, image_of
from scope_sdk.report.merge import Facts

DEFAULTS = {"system": "application", "stopped": "running", "pseudo": "hide", "unconnected": "hide", "namespace": ""}

_SYSTEM_NAMES = {"weavescope", "weavedns", "weave", "weaveproxy", "weaveexec", "ecs-agent"}
_SYSTEM_IMAGES = {
    *(f"weaveworks/{name}" for name in ("scope", "weavedns", "weave", "weaveproxy", "weaveexec")),
    *("swarm", "amazon/amazon-ecs-agent", "openshift/origin-pod"),
}
_PAUSE = re.compile(r"google_containers/pause|k8s\.(gcr\.)?io/pause|eks/pause|rancher/mirrored-pause")


def passes(said: Said, node: str, options: Mapping[str, str]) -> bool:
    """Whether something reported is to be shown; of the options those count that are given."""
    ways = {"system": _of_system, "stopped": _of_state, "namespace": _of_namespace}
    return all(ways[name](said, node, value) for name, value in options.items() if name in ways)


def _of_system(said: Said, container: str, value: str) -> bool:
    return value == "all" or is_system(said, container) == (value == "system")


def _of_state(said: Said, container: str, value: str) -> bool:
    running = said.nodes[container].texts.get("docker_container_state", "") in ("", "running", "restarting", "paused")
    return value == "both" or running == (value == "running")


def _of_namespace(said: Said, node: str, value: str) -> bool:
    return not value or namespace(said.nodes[node]) in value.split(",")


def is_system(said: Said, container: str) -> bool:
    """Whether a container is part of the infrastructure."""
    facts = said.nodes[container]
    labels = _labels(facts, "docker_label_")
    of_images = [_labels(said.nodes[image], "docker_image_label_") for image in said.parents(container, IMAGE)[:1]]
    image = image_of(said, container)
    return (
        facts.texts.get("docker_container_name") in _SYSTEM_NAMES
        or image in _SYSTEM_IMAGES
        or _PAUSE.search(image) is not None
        or labels.get("io.kubernetes.docker.type") == "podsandbox"
        or any(one.get("works.weave.role") == "system" for one in [labels, *of_images])
        or labels.get("io.kubernetes.pod.namespace") == "kube-system"
        or labels.get("io.kubernetes.pod.name", "").startswith("kube-system/")
    )


def namespace(facts: Facts) -> str:
    """What something is in, of Kubernetes, or else the stack."""
    labels = _labels(facts, "docker_label_")
    given = (
        facts.texts.get("kubernetes_namespace"),
        labels.get("io.kubernetes.pod.namespace"),
        labels.get("com.docker.stack.namespace"),
    )
    return next((name for name in given if name), "")


def _labels(facts: Facts, table: str) -> dict[str, str]:
    return {key: cells[1] for key, cells in facts.tables.get(table, {}).items() if len(cells) > 1}
