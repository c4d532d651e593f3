"""From the answers of the Docker Engine API (`ContainerInspect`, `ImageInspect`, `NetworkList`) to what is reported.

They come from somebody else's program: whatever is not as documented raises one of RUBBISH, or is left out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any

from scope_probe.containers.model import EXITED, RUNNING, Container, Image, Port

#: What reading an answer of another shape ends with.
RUBBISH = (AttributeError, KeyError, TypeError, ValueError)
POD_LABEL = "io.kubernetes.pod.uid"
_ID = re.compile(r"[A-Za-z0-9_.-]{1,128}")
#: What Podman calls states that Docker has other words for.
_STATES = {"configured": "created", "initialized": "created", "stopping": RUNNING, "stopped": EXITED}


def container_id(row: Mapping[str, Any]) -> str:
    """The id of a container, from a row of a list or from its inspection."""
    return _id(row["Id"])


def listed(row: Mapping[str, Any]) -> Container:
    """A container as the list has it: little is said there."""
    return Container(
        id=container_id(row),
        name=next((str(name).removeprefix("/") for name in row.get("Names") or ()), ""),
        state=_state(row.get("State")),
    )


def container(answer: Mapping[str, Any]) -> Container:
    """A container that was inspected."""
    state, config, joined = answer["State"], answer["Config"], answer["NetworkSettings"]
    labels = _texts(config.get("Labels"))
    networks: Mapping[str, Mapping[str, Any]] = joined.get("Networks") or {}
    limits: Mapping[str, Any] = answer.get("HostConfig") or {}
    return Container(
        id=container_id(answer),
        name=str(answer["Name"]).removeprefix("/"),
        hostname=str(config.get("Hostname", "")),
        image_id=str(answer["Image"]).removeprefix("sha256:"),
        image=str(config.get("Image", "")),
        command=[str(part) for part in (answer.get("Path"), *(answer.get("Args") or ())) if part],
        state=_state(state.get("Status")),
        exit_code=int(state.get("ExitCode") or 0),
        created=str(answer.get("Created", "")),
        started=_moment(state.get("StartedAt")),
        finished=_moment(state.get("FinishedAt")),
        restarts=int(answer.get("RestartCount") or 0),
        pid=int(state.get("Pid") or 0),
        memory_limit=int(limits.get("Memory") or 0),
        networks=sorted(networks),
        addresses=list(_addresses(networks)),
        ports=sorted(_ports(joined.get("Ports") or {})),
        host_network=limits.get("NetworkMode") == "host",
        labels=labels,
        environment=dict(_variables(config.get("Env") or ())),
        pod=labels.get(POD_LABEL, ""),
    )


def image(answer: Mapping[str, Any]) -> Image:
    """An image that was inspected."""
    name, tag = name_and_tag(next(iter(answer.get("RepoTags") or ()), ""))
    return Image(
        id=_id(str(answer["Id"]).removeprefix("sha256:")),
        name=name,
        tag=tag,
        size=int(answer.get("Size") or 0),
        labels=_texts((answer.get("Config") or {}).get("Labels")),
    )


def called(image: Image, reference: str) -> Image:
    """The image under this name, which may be no more than its id."""
    name, tag = name_and_tag(reference)
    return image if name in ("sha256", "") or image.id.startswith(name) else replace(image, name=name, tag=tag)


def name_and_tag(reference: str) -> tuple[str, str]:
    """Of `registry:5000/shop/cart:1.2`: all but the tag, and the tag. A digest is no tag."""
    name = reference.partition("@")[0]
    folder, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    return folder + slash + last, tag


def local_networks(answer: Iterable[Mapping[str, Any]]) -> list[str]:
    """Of all networks those that exist on this host only: its bridges."""
    return sorted(
        str(ip_network(config["Subnet"], strict=False))
        for network in answer
        if network.get("Driver") == "bridge"
        for config in (network.get("IPAM") or {}).get("Config") or ()
        if config.get("Subnet")
    )


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise ValueError("an id is none")
    return text


def _state(word: object) -> str:
    return _STATES.get(str(word), str(word))


def _texts(answer: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (answer or {}).items()}


def _variables(entries: Iterable[str]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        name, _, value = entry.partition("=")
        yield name, value


def _moment(text: str | None) -> float:
    """Unix seconds. What never happened is in the year 1, as is whatever Go leaves unset."""
    moment = datetime.fromisoformat(text).timestamp() if text and not text.startswith("0001-") else 0
    return max(0.0, moment)


def _addresses(networks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """In the order of the networks' names, by which the engine chooses where published ports lead."""
    for _, joined in sorted(networks.items()):
        for key in ("IPAddress", "GlobalIPv6Address"):
            if joined.get(key):
                yield str(ip_address(joined[key]))


def _ports(answer: Mapping[str, Iterable[Mapping[str, str]] | None]) -> Iterator[Port]:
    """Of `{"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "443/tcp": null}`; the latter is not published."""
    for inside, bindings in answer.items():
        number, _, protocol = inside.partition("/")
        for binding in bindings or ({},):
            port = int(binding.get("HostPort") or 0)
            address = str(ip_address(binding.get("HostIp") or "0.0.0.0")) if port else ""  # noqa: S104 - not bound
            yield Port(address, port, int(number), protocol or "tcp")
