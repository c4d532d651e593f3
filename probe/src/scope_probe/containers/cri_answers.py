"""From what a CRI runtime answers to what is reported.

What it tells beside the interface's own messages is JSON of other people's: where that is not as known, it is left out.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from scope_probe.containers import cri_pb2 as pb
from scope_probe.containers.docker_answers import RUBBISH, name_and_tag
from scope_probe.containers.model import EXITED, RUNNING, Container, Image, Port

#: What the kubelet notes of a container for itself.
PORTS, RESTARTS = "io.kubernetes.container.ports", "io.kubernetes.container.restartCount"
#: Ids that are taken for one: of containers as they are, of images behind `sha256:`.
ID = re.compile(r"(?:sha256:)?[A-Za-z0-9_.-]{1,128}")
_STATES = {pb.CONTAINER_CREATED: "created", pb.CONTAINER_RUNNING: RUNNING, pb.CONTAINER_EXITED: EXITED}
_BILLION = 1_000_000_000


@dataclass(frozen=True)
class Sandbox:
    """What the containers of a pod share. `host_network`: their network is the host's, and so are its addresses."""

    pod: str = ""
    addresses: Sequence[str] = ()
    host_network: bool = False


@dataclass(frozen=True)
class Told:
    """What a runtime tells of a container for those who look for mistakes: about its first process."""

    pid: int = 0
    hostname: str = ""
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def sandbox(listed: pb.PodSandbox, status: pb.PodSandboxStatus) -> Sandbox:
    """A sandbox; its addresses are those of its pod."""
    host_network = status.linux.namespaces.options.network == pb.NODE
    addresses = [status.network.ip, *(more.ip for more in status.network.additional_ips)]
    return Sandbox(listed.metadata.uid, [] if host_network else list(_addresses(addresses)), host_network)


def container(listed: pb.Container, answer: pb.ContainerStatusResponse, images: "Images", shared: Sandbox) -> Container:
    """A container. Those of a pod share its addresses for as long as they run."""
    status, told = answer.status, read_info(answer.info.get("info", ""))
    names = (listed.image_id, listed.image_ref, listed.image.image, status.image.image)
    addresses = shared.addresses if listed.state == pb.CONTAINER_RUNNING else ()
    return Container(
        id=listed.id,
        name=listed.metadata.name,
        hostname=told.hostname,
        image_id=images.find(names),
        image=listed.image.user_specified_image or status.image.image or listed.image.image,
        command=told.command,
        state=_STATES.get(listed.state, "dead"),
        exit_code=status.exit_code,
        created=datetime.fromtimestamp(listed.created_at // _BILLION, UTC).isoformat().replace("+00:00", "Z"),
        started=status.started_at / _BILLION,
        finished=status.finished_at / _BILLION,
        restarts=read_restarts(listed.annotations.get(RESTARTS, "")),
        pid=told.pid,
        memory_limit=status.resources.linux.memory_limit_in_bytes,
        addresses=addresses,
        ports=() if shared.host_network else read_ports(listed.annotations.get(PORTS, ""), shared.addresses),
        host_network=shared.host_network,
        labels=dict(listed.labels),
        environment=told.environment,
        pod=shared.pod,
    )


@dataclass(frozen=True)
class Images:
    """The images that a runtime has, by id and by every other name and digest they go by."""

    known: Mapping[str, pb.Image] = field(default_factory=dict)

    @classmethod
    def of(cls, answer: Iterable[pb.Image]) -> "Images":
        """From a list of them."""
        known: dict[str, pb.Image] = {}
        for listed in answer:
            if ID.fullmatch(listed.id):
                names = (listed.id, _bare(listed.id), *listed.repo_tags, *listed.repo_digests)
                known.update(dict.fromkeys(names, listed))
        return cls(known)

    def find(self, names: Iterable[str]) -> str:
        """The id of the image with one of these names; empty where it is gone."""
        return next((_bare(self.known[name].id) for name in names if name in self.known), "")


def image(listed: pb.Image, answer: pb.ImageStatusResponse) -> Image:
    """An image; one without tag is called by its digest."""
    name, tag = name_and_tag(next(iter((*listed.repo_tags, *listed.repo_digests)), ""))
    return Image(_bare(listed.id), name, tag, listed.size, read_labels(answer.info.get("info", "")))


def read_labels(text: str) -> Mapping[str, str]:
    """Read the labels of an image from its own configuration."""
    try:
        labels = json.loads(text)["imageSpec"]["config"].get("Labels") or {}
        return {str(key): str(value) for key, value in labels.items()}
    except RUBBISH:
        return {}


def read_info(text: str) -> Told:
    """Read what containerd and cri-o tell alike: the pid, and the configuration of the OCI runtime."""
    try:
        info = json.loads(text)
        spec: Mapping[str, Any] = info.get("runtimeSpec") or {}
        process: Mapping[str, Any] = spec.get("process") or {}
        environment = dict(entry.split("=", 1) for entry in process.get("env") or ())
        return Told(
            pid=int(info.get("pid") or 0),
            hostname=str(spec.get("hostname") or environment.get("HOSTNAME", "")),  # containerd has the latter only
            command=[str(part) for part in process.get("args") or ()],
            environment=environment,
        )
    except RUBBISH:
        return Told()


def read_ports(text: str, addresses: Iterable[str]) -> Sequence[Port]:
    """Read the ports of a container's specification; a port that is published at every address is so in each family."""
    families = {"::" if ":" in address else "0.0.0.0" for address in addresses}  # noqa: S104 - not bound
    try:
        return sorted(
            Port(
                address,
                int(port.get("hostPort") or 0),
                int(port["containerPort"]),
                str(port.get("protocol") or "tcp").lower(),
            )
            for port in json.loads(text or "[]")
            for address in _published(port, families)
        )
    except RUBBISH:
        return ()


def _published(port: Mapping[str, Any], families: Iterable[str]) -> Iterable[str]:
    """The addresses of the host where a port of a container can be reached."""
    if not port.get("hostPort"):
        return [""]
    address = port.get("hostIP")
    return [str(ip_address(address))] if address else families


def read_restarts(text: str) -> int | None:
    """Read how often the kubelet started this container again; None where it notes nothing."""
    return int(text) if text.isdecimal() else None


def _bare(id_: str) -> str:
    return id_.removeprefix("sha256:")


def _addresses(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        try:
            yield str(ip_address(text))
        except ValueError:  # empty while the pod has none
            continue
