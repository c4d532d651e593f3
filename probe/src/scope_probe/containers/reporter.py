"""The container reporter: what engines say, what the kernel knows of the rest, and who uses how much."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scope_probe import proc
from scope_probe.containers import cgroups
from scope_probe.containers.cgroups import Meter, Usage
from scope_probe.containers.engines import Engines
from scope_probe.containers.model import Container, Image


@dataclass(frozen=True)
class Found:
    """What there is now.

    Attributes:
        containers: of every engine, then those that only their processes tell of.
        images: by id.
        networks: subnets that exist on this host only.
        members: the container of each process that is in one, by pid.
        usage: what each container used since the last look, by its id.
        controlled: the ids of those that their engine can do something to.
    """

    containers: Sequence[Container] = ()
    images: Mapping[str, Image] = field(default_factory=dict)
    networks: frozenset[str] = frozenset()
    members: Mapping[int, str] = field(default_factory=dict)
    usage: Mapping[str, Sequence[Usage]] = field(default_factory=dict)
    controlled: Collection[str] = ()


@dataclass
class ContainerReporter:
    """Looks at the containers of this host."""

    engines: Engines
    _meter: Meter = field(default_factory=Meter, init=False)
    _witnesses: dict[str, int] | None = field(default=None, init=False)
    _usage: dict[str, list[Usage]] = field(default_factory=dict, init=False)

    def sample(self, time_ms: int) -> None:
        """Look at what each container that was there at the last collection uses now; `time_ms` dates it."""
        if self._witnesses is None:
            self._witnesses = _witnesses(_members(proc.pids()))
        for container, usage in self._meter.look(self._witnesses, time_ms).items():
            self._usage.setdefault(container, []).append(usage)

    def collect(self, pids: Iterable[int]) -> Found:
        """Everything; `pids`: of all processes, in ascending order."""
        members = _members(pids)
        self._witnesses = _witnesses(members)
        told = self.engines.containers()
        known = {container.id for container in told} | self.engines.sandboxes()
        untold = [Container(container) for container in self._witnesses if container not in known]
        usage, self._usage = self._usage, {}
        return Found(
            [*told, *untold],
            self.engines.images(),
            self.engines.networks(),
            members,
            usage,
            self.engines.controlled().keys(),
        )


def _members(pids: Iterable[int]) -> dict[int, str]:
    """The container of each process that is in one."""
    return {pid: container for pid in pids if (container := cgroups.container_of(pid))}


def _witnesses(members: Mapping[int, str]) -> dict[str, int]:
    """A process of each container, by which its cgroup is found: the first, which usually stays."""
    return {container: pid for pid, container in sorted(members.items(), reverse=True)}
