"""The engines that are followed: those whose sockets were named, or whichever there are."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import structlog

from scope_probe.containers.cri import Cri
from scope_probe.containers.docker import Docker
from scope_probe.containers.model import Container, Engine, Image

FIND_SECONDS = 10.0
"""Between two looks for engines that were started after the probe."""

AGAIN_SECONDS = 10.0
FIRST_SECONDS = 5.0
"""How long to wait for the first answers where one report is all there will be."""

CRI_SOCKETS = (
    Path("/run/containerd/containerd.sock"),
    Path("/run/crio/crio.sock"),
    Path("/run/k3s/containerd/containerd.sock"),
)
_UNIX = "unix://"


@dataclass(frozen=True)
class Sockets:
    """Where engines are asked; None: wherever such engines usually are."""

    docker: Path | None = None
    cri: Path | None = None

    def engines(self) -> dict[Path, Callable[[Path], Engine]]:
        """What is there now, or was named: by socket, how to follow it."""
        docker = [self.docker] if self.docker else _existing(docker_sockets(os.environ))
        cri = [self.cri] if self.cri else _existing(CRI_SOCKETS)
        return {**dict.fromkeys(cri, Cri), **dict.fromkeys(docker, Docker)}


@dataclass
class Engines:
    """Follows engines. Whatever one of them does, the others and the probe go on."""

    sockets: Sockets
    _engines: dict[Path, Engine] = field(default_factory=dict, init=False)
    _problems: dict[Path, str] = field(default_factory=dict, init=False)
    _noticed: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _log: structlog.typing.FilteringBoundLogger = field(default_factory=structlog.get_logger, init=False)

    def containers(self) -> Sequence[Container]:
        """Of all engines. Where two know the same one, what the first says stands."""
        found: dict[str, Container] = {}
        for engine in self._engines.values():
            for container in engine.containers():
                found.setdefault(container.id, container)
        return list(found.values())

    def controlled(self) -> Mapping[str, Docker]:
        """By the id of each container that something can be done to: the engine that does it."""
        found: dict[str, Docker] = {}
        for engine in self._engines.values():
            if isinstance(engine, Docker):
                found.update(dict.fromkeys((container.id for container in engine.containers()), engine))
        return found

    def images(self) -> Mapping[str, Image]:
        """Of all engines, by id."""
        return {image.id: image for engine in self._engines.values() for image in engine.images()}

    def sandboxes(self) -> frozenset[str]:
        """Of all engines: the ids of what is no container though processes are in a cgroup of that name."""
        return frozenset(id_ for engine in self._engines.values() for id_ in engine.sandboxes())

    def networks(self) -> frozenset[str]:
        """Of all engines: those that exist on this host only."""
        return frozenset(network for engine in self._engines.values() for network in engine.networks())

    def problems(self) -> dict[str, str]:
        """What is wrong with each engine; empty where nothing is."""
        return {engine.name: engine.problem for engine in self._engines.values()}

    async def run(self, changed: Callable[[], None]) -> None:
        """Follows every engine there is, and each that comes, until cancelled; calls `changed` when one has news."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                for socket, kind in self.sockets.engines().items():
                    if socket not in self._engines:
                        self._engines[socket] = kind(socket)
                        tasks.create_task(self._follow(socket, changed))
                await asyncio.sleep(FIND_SECONDS)

    async def answered(self) -> None:
        """Waits until each engine has answered, or failed to, for FIRST_SECONDS at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST_SECONDS):
                while self._problems.keys() != self._engines.keys():
                    self._noticed.clear()
                    await self._noticed.wait()

    async def _follow(self, socket: Path, changed: Callable[[], None]) -> None:
        engine = self._engines[socket]
        while True:
            try:
                await engine.run(partial(self._notice, socket, changed))
            except Exception:  # noqa: BLE001 - a mistake in following an engine must not end the reports of the host
                self._log.exception("following an engine failed", engine=engine.name)
            await asyncio.sleep(AGAIN_SECONDS)

    def _notice(self, socket: Path, changed: Callable[[], None]) -> None:
        """Passes on that there is news; says so when an engine cannot be asked, and when it can again."""
        engine = self._engines[socket]
        before, now = self._problems.get(socket), engine.problem
        self._problems[socket] = now
        self._noticed.set()
        changed()
        if now and now != before:
            self._log.warning("containers are not reported, or not all; trying again", engine=engine.name, why=now)
        elif now != before:
            self._log.info("following containers", engine=engine.name)


def docker_sockets(environment: Mapping[str, str]) -> Iterable[Path]:
    """Where Docker, or Podman in its place, answers: where Docker's own tools look, then the usual places."""
    host, runtime = environment.get("DOCKER_HOST", ""), environment.get("XDG_RUNTIME_DIR", "")
    if host.startswith(_UNIX):
        yield Path(host.removeprefix(_UNIX))
    yield from (Path("/var/run/docker.sock"), Path("/run/podman/podman.sock"))
    if runtime:
        yield from (Path(runtime, "docker.sock"), Path(runtime, "podman/podman.sock"))


def _existing(sockets: Iterable[Path]) -> Iterable[Path]:
    """Those that are there, each once: Podman's is often linked to where Docker's would be."""
    return dict.fromkeys(socket.resolve() for socket in sockets if _is_socket(socket))


def _is_socket(path: Path) -> bool:
    try:
        return path.is_socket()
    except OSError:  # a folder that we may not look into
        return False
