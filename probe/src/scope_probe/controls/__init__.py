"""What the probe lets others do on this host."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import structlog

from scope_probe.containers.engines import Engines
from scope_probe.containers.model import Container
from scope_probe.controls.containers import BY_STATE, ContainerControls
from scope_probe.controls.host import HOST_EXEC, CannotEnterError, HostControls, way
from scope_probe.controls.process import PROCESS_SIGNAL, ProcessControls, may_be_signalled
from scope_sdk.controls import Controls


def register(controls: Controls, hostname: str, engines: Engines | None, started: Callable[[int], int | None]) -> None:
    """Takes calls for what can be done to this host, its processes (see ProcessControls) and containers."""
    try:
        HostControls(hostname, way()).register(controls)
    except CannotEnterError as error:
        structlog.get_logger().warning("no shell of the host is offered", why=str(error))
    if engines:
        ContainerControls(engines).register(controls)
    ProcessControls(hostname, started).register(controls)


@dataclass(frozen=True)
class Active:
    """What can be done to which node now.

    Attributes:
        controls: those that calls are taken for; none: nothing can be done.
        controlled: the ids of the containers whose engine can do something to them.
    """

    controls: Controls = field(default_factory=Controls)
    controlled: Collection[str] = ()

    def of_host(self) -> Sequence[str]:
        """To the host."""
        return self._allowed((HOST_EXEC,))

    def of_process(self, pid: int) -> Sequence[str]:
        """To the process of this pid."""
        allowed = self._allowed((PROCESS_SIGNAL,))
        return allowed if allowed and may_be_signalled(pid) else ()

    def of_container(self, container: Container) -> Sequence[str]:
        """To a container."""
        return self._allowed(BY_STATE.get(container.state, ())) if container.id in self.controlled else ()

    def _allowed(self, controls: Collection[str]) -> Sequence[str]:
        return [control for control in controls if self.controls.allowed(control)]


NOTHING = Active()
