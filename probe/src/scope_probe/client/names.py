"""Which node somebody means, and which options of a topology."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from google.protobuf.message import Message

from scope.query.v1.messages_pb2 import GetTopologyRequest
from scope_probe.client.failures import Failure, Status
from scope_probe.client.link import Link
from scope_probe.client.words import clean

#: Where a name is looked for unless it is said: everything but processes, of which there are many with few names.
TOPOLOGIES = ("hosts", "containers", "pods", "services", "kube-controllers")
#: The topology that shows what has this at the end of its id; what has none of these is a process.
_TAGGED = {
    "<host>": "hosts",
    "<container>": "containers",
    "<container_image>": "containers-by-image",
    "<pod>": "pods",
    "<service>": "services",
    **dict.fromkeys(
        ("<deployment>", "<daemon_set>", "<stateful_set>", "<cron_job>", "<job>", "<replica_set>"), "kube-controllers"
    ),
}
_PROCESS = re.compile(r"[^;]+;[0-9]+")
#: The start of a container's id, as engines show it.
_SHORT_ID = re.compile(r"[0-9a-f]{4,64}")
_SHOWN = 10
_NO_OPTIONS = frozenset({"topology", "page_size", "page_token", "cursor", "view"})


@dataclass(frozen=True)
class Named:
    """A node that has the name that somebody gave."""

    topology: str
    id: str
    label: str
    label_minor: str

    def __str__(self) -> str:
        """What it may be told apart by."""
        about = f" on {clean(self.label_minor)}" if self.topology == "containers" and self.label_minor else ""
        return f"'{clean(self.id)}' ({clean(self.label)} in {self.topology}{about})"


def split(words: Sequence[str]) -> tuple[str, Sequence[str]]:
    """The topology, empty where none is named, and what follows it."""
    if words and "=" not in words[0]:
        return words[0], words[1:]
    return "", words


def options(words: Sequence[str], request: type[Message] = GetTopologyRequest) -> dict[str, str]:
    """What was chosen by `key=value`, of what the request takes; what it may be is the service's to say.

    Raises:
        Failure: one has another form, or no topology has such an option.
    """
    there = [name for name in request.DESCRIPTOR.fields_by_name if name not in _NO_OPTIONS]
    chosen = arguments(words)
    for name in chosen:
        if name not in there:
            raise Failure(Status.USAGE, f"there is no option '{clean(name)}'; there are {', '.join(there)}")
    return chosen


def arguments(words: Sequence[str]) -> dict[str, str]:
    """What was told by `key=value`.

    Raises:
        Failure: one has another form, or comes twice.
    """
    told: dict[str, str] = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not (name and separator):
            raise Failure(Status.USAGE, f"'{clean(word)}' must have the form key=value")
        if name in told:
            raise Failure(Status.USAGE, f"'{clean(name)}' is told twice")
        told[name] = value
    return told


async def locate(link: Link, name: str, topology: str) -> Named:
    """The node of this name, in this topology or, where that is empty, in all that `TOPOLOGIES` says.

    Raises:
        Failure: there is none, or are several.
    """
    known = topology or _topology_of(name)
    return only(name, await find(link, name, (known,) if known else TOPOLOGIES))


async def find(link: Link, name: str, topologies: Sequence[str], *, stopped: str = "both") -> list[Named]:
    """The nodes in these topologies of this name: their id, their label, or the start of a container's id."""
    chosen = {"system": "all", "stopped": stopped, "unconnected": "show", "view": "graph"}
    shown = await asyncio.gather(*(link.nodes(topology, **chosen) for topology in topologies))
    there = [
        Named(topology, node.id, node.label, node.label_minor)
        for topology, nodes in zip(topologies, shown, strict=True)
        for node in nodes
        if not node.pseudo
    ]
    return [one for one in there if name in (one.id, one.label)] or [one for one in there if _starts(one, name)]


def only(name: str, found: Sequence[Named]) -> Named:
    """The one that was found. Raises Failure where it is none, or are several."""
    if not found:
        raise Failure(Status.NO_TARGET, f"nothing is called '{clean(name)}'")
    if len(found) > 1:
        several = ", ".join([str(one) for one in found[:_SHOWN]] + ["..."] * (len(found) > _SHOWN))
        raise Failure(Status.NO_TARGET, f"'{clean(name)}' is {len(found)}; say which by its id: {several}")
    return found[0]


def _topology_of(name: str) -> str:
    """Where a node of this id is; empty where it is the id of none."""
    tag = name.rpartition(";")[2]
    return _TAGGED.get(tag, "processes" if _PROCESS.fullmatch(name) else "")


def _starts(node: Named, name: str) -> bool:
    return bool(node.topology == "containers" and _SHORT_ID.fullmatch(name) and node.id.startswith(name))
