"""Controls: what a program lets people do to the nodes that it reports, and the stream by which they are called."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self, TypeVar

from scope.control.v1.messages_pb2 import Offer
from scope.report.v1.template_pb2 import ControlTemplate, TopologyTemplates
from scope.report.v1.topology_pb2 import Topology
from scope_sdk._handlers import Call, ControlError, Function, Handler, Removed, Result, Session, Stream, Terminal
from scope_sdk.channel import Service
from scope_sdk.pipes import Ended
from scope_sdk.report.builder import Builder
from scope_sdk.report.standard import STANDARD

__all__ = [
    "Call",
    "ControlError",
    "Controller",
    "Controls",
    "Ended",
    "Removed",
    "Result",
    "Session",
    "Stream",
    "Terminal",
]

OFFERS = 1_000
"""How many controls a probe may offer."""

F = TypeVar("F", bound=Function)


class Controls:
    """The controls of a program.

        controls = Controls()

        @controls.control("pool_drain", label="Drain", topology=Topology.TOPOLOGY_HOST)
        async def drain(node_id: str, *, grace: int = 10) -> str:
            return f"{await pool.drain(grace)} connections ended"

    Then a report says which of them can be used on a node (`NodeFacts.controls`), `declare` how they are shown, and a
    Controller takes the calls.
    """

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._templates: dict[str, tuple[ControlTemplate, frozenset[Topology.ValueType]]] = {}
        self._allow: Callable[[str], bool] = lambda _: True

    def control(
        self,
        control: str,
        *,
        label: str = "",
        icon: str = "",
        confirmation: str = "",
        rank: int = 0,
        permission: str = "",
        topology: Topology.ValueType | Iterable[Topology.ValueType] = (),
    ) -> Callable[[F], F]:
        """Makes the function below it a control.

        The function is asynchronous and takes the node's id; its keyword arguments (str, int, float, bool, Literal or
        Enum) are what the control can be told, and `call: Call`, if it takes that, says more about the call. It returns
        nothing, words for the person, `Removed`, `Terminal` or `Stream`, and raises ControlError to refuse.

        Args:
            control: the control's id. Those of `scope_sdk.report.standard` are shown as it says, whatever is said here.
            label: what to call it; by default its id.
            icon: the name of its icon (`fa fa-stop`).
            confirmation: what to ask before doing it; empty: nothing.
            rank: controls are shown in ascending order of this.
            permission: what whoever calls it must hold in the organization; empty: `host.exec`.
            topology: the kind of node that it is for, or several.

        Raises:
            ValueError: the id is taken, or no kind of node is said, or there are too many.
            TypeError: the function cannot be a control.
        """
        if control in self._handlers or len(self._handlers) >= OFFERS:
            raise ValueError(f"there is a control {control!r} already, or more than {OFFERS}")
        kinds = frozenset({topology} if isinstance(topology, int) else topology)
        made = ControlTemplate(
            id=control,
            label=label or control,
            icon=icon,
            confirmation=confirmation,
            rank=rank,
            permission=permission,
        )

        def register(function: F) -> F:
            handler = Handler(function)
            made.arguments.extend(handler.templates())
            shown = _standard(control) or (made, kinds)
            if not shown[1]:
                raise ValueError(f"say for which kind of node the control {control!r} is: topology=")
            self._handlers[control], self._templates[control] = handler, shown
            return function

        return register

    def restrict(self, allow: Callable[[str], bool]) -> None:
        """From here on only controls whose id this allows are offered and done, beside what was said before."""
        before = self._allow
        self._allow = lambda control: before(control) and allow(control)

    def allowed(self, control: str) -> bool:
        """Whether there is such a control, and it may be used."""
        return control in self._handlers and self._allow(control)

    def templates(self) -> Mapping[Topology.ValueType, list[ControlTemplate]]:
        """How the controls that may be used are shown, by the kind of node that they are for."""
        found: dict[Topology.ValueType, list[ControlTemplate]] = defaultdict(list)
        for template, kinds in self._templates.values():
            for kind in kinds if self._allow(template.id) else ():
                found[kind].append(template)
        return found

    def declare(self, builder: Builder) -> Builder:
        """Says in a report how the controls are shown."""
        for topology, templates in self.templates().items():
            builder.template(TopologyTemplates(topology=topology, controls=templates))
        return builder

    def offers(self) -> list[Offer]:
        """What the service is told about them."""
        allowed = (template for template, _ in self._templates.values() if self._allow(template.id))
        return [Offer(control=template.id, permission=template.permission) for template in allowed]

    def handler(self, control: str) -> Handler | None:
        """What does it; None where there is no such control. Raises ControlError where it may not be used."""
        handler = self._handlers.get(control)
        if handler is not None and not self._allow(control):
            raise ControlError(f"this probe does not allow {control}")
        return handler


def _standard(control: str) -> tuple[ControlTemplate, frozenset[Topology.ValueType]] | None:
    """How a standard control is shown, and where; None where it is none."""
    found = {kind: shown for kind, all_ in STANDARD.items() for shown in all_.controls if shown.id == control}
    return (next(iter(found.values())), frozenset(found)) if found else None


class Controller:
    """Takes calls of controls for as long as it is open, whatever happens to the service.

    Calls run beside each other, 64 at most; each is done at most once. Sessions of pipes run until they or their pipes
    end, or the controller is closed. A lost connection is tried again as a Publisher's is.

    Attributes:
        connected: whether calls can reach this program.
        problem: why not, in words; empty where nothing is wrong.
    """

    def __init__(self, service: Service, controls: Controls, *, probe_id: str, version: str = "") -> None:
        """Prepares to take calls.

        Args:
            service: whose calls, and on whose behalf.
            controls: what can be called.
            probe_id: the id of the probe that reports the nodes (`Publisher.probe_id`).
            version: of the program, at most 64 characters.

        Raises:
            ValueError: the probe id or the version is none.
        """
        self.connected = False
        self.problem = ""
        self._service, self._controls, self._probe_id, self._version = service, controls, probe_id, version

    async def __aenter__(self) -> Self:
        raise NotImplementedError

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        raise NotImplementedError
