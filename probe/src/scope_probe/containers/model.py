"""What a container engine says, whichever engine it is."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

RUNNING, PAUSED, EXITED = "running", "paused", "exited"

CONTAINERS = 5_000
"""How many of one engine are reported."""

RETRY_SECONDS = 2.0
"""Until an engine that did not answer is asked again."""

KEPT_SECONDS = 60.0
"""How long the last word of an engine stands that does not answer."""


@dataclass(frozen=True, slots=True, order=True)
class Port:
    """A published port: what comes to `port` of the host goes to `container_port`.

    `address` as the engine says it: one of the host's, or `0.0.0.0` or `::` for all of its family. With `port` 0 it is
    not published: the container only says that it listens there.
    """

    address: str
    port: int
    container_port: int
    protocol: str = "tcp"


@dataclass(frozen=True, slots=True)
class Container:
    """A container, as far as its engine tells. Nothing in it changes by itself from one look to the next.

    Attributes:
        id: the engine's full id.
        image_id: its image's id, without `sha256:`.
        image: what it was made from, as whoever made it wrote it.
        command: the program and its arguments.
        state: created, running, paused, restarting, removing, exited or dead.
        created: RFC 3339.
        started: when it was last started, Unix seconds; 0: never, or unknown.
        finished: when it last ended, Unix seconds; 0: never, or unknown.
        pid: its first process as the host numbers it; 0: none, or unknown.
        addresses: in the networks that it joined; none when it shares the host's or another container's.
        pod: uid of the pod it belongs to, empty where it belongs to none.
    """

    id: str
    name: str = ""
    hostname: str = ""
    image_id: str = ""
    image: str = ""
    command: Sequence[str] = ()
    state: str = RUNNING
    exit_code: int = 0
    created: str = ""
    started: float = 0
    finished: float = 0
    restarts: int | None = None
    pid: int = 0
    memory_limit: int = 0
    networks: Sequence[str] = ()
    addresses: Sequence[str] = ()
    ports: Sequence[Port] = ()
    host_network: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    pod: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """An image that containers here were made from. `name` without the tag; `size` in bytes, 0: unknown."""

    id: str
    name: str = ""
    tag: str = ""
    size: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)


class Engine(Protocol):
    """A container engine, followed for as long as the probe runs. What it said last is there whenever asked."""

    @property
    def name(self) -> str:
        """What to call it, and where it is: `docker at /run/docker.sock`."""

    @property
    def problem(self) -> str:
        """Why nothing can be learned from it now; empty while it answers."""

    async def run(self, changed: Callable[[], None]) -> None:
        """Follows it until cancelled, comes back after it was away, and calls `changed` when something happened."""

    def containers(self) -> Sequence[Container]:
        """Every container it has, whatever its state."""

    def images(self) -> Sequence[Image]:
        """The images that its containers were made from."""

    def sandboxes(self) -> Collection[str]:
        """The ids of what holds pods together: processes are in cgroups of that name, and they are no containers."""

    def networks(self) -> Sequence[str]:
        """The networks that exist on this host only (`172.17.0.0/16`): an address in them is another on each host."""
