"""Controls: what a program lets people do to the nodes that it reports, and the stream by which they are called."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

from scope.control.v1.messages_pb2 import Answer, ConnectResponse, Hello, Offer
from scope.control.v1.service_pb2_grpc import ControlServiceStub
from scope.report.v1.template_pb2 import ControlTemplate, TopologyTemplates
from scope.report.v1.topology_pb2 import Topology
from scope_sdk._calls import Calls
from scope_sdk._handlers import Call, ControlError, Function, Handler, Removed, Result, Session, Stream, Terminal
from scope_sdk._link import Link, Made
from scope_sdk.backoff import Backoff, at_least
from scope_sdk.channel import Service, check_names
from scope_sdk.errors import REFUSED, PublishError
from scope_sdk.pipes import Ended, attach
from scope_sdk.report.builder import Builder
from scope_sdk.report.standard import STANDARD

if TYPE_CHECKING:
    from scope.control.v1.service_pb2_grpc import ControlServiceAsyncStub

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

ANSWERS = 256
"""How many answers wait for a stream."""

_log = logging.getLogger("scope_sdk")

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
        if not check_names(probe_id, version):
            raise ValueError("the id of the probe that reports the nodes must be said")
        self.connected = False
        self.problem = ""
        self._service = service
        self._controls = controls
        self._probe_id = probe_id
        self._version = version
        self._backoff = Backoff()
        self._links: dict[str, Link] = {}
        self._newest: Link | None = None
        self._retiring: set[asyncio.Task[None]] = set()
        self._kept: deque[Made] = deque(maxlen=ANSWERS)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        channel = await self._stack.enter_async_context(self._service.channel())
        attached = partial(attach, self._service, probe_id=self._probe_id, channel=channel)
        self._calls = Calls(self._controls.handler, attached, self._answer, self._settle)
        self._task = asyncio.create_task(self._run(ControlServiceStub(channel)))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connected = False
        tasks = [self._task, *self._retiring]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._calls.close()
        await self._stack.aclose()

    async def _run(self, stub: ControlServiceAsyncStub) -> None:
        while True:
            link = self._newest = self._open(stub)
            try:
                await link.left()
            except PublishError as error:
                self._keep(await link.close())
                await asyncio.sleep(self._after(error))
                continue
            except asyncio.CancelledError:
                await link.close()
                raise
            retiring = asyncio.create_task(self._retire(link))
            self._retiring.add(retiring)
            retiring.add_done_callback(self._retiring.discard)
            if link.replaced:
                await asyncio.sleep(self._elsewhere())

    def _open(self, stub: ControlServiceAsyncStub) -> Link:
        hello = Hello(offers=self._controls.offers(), version=self._version)
        answers = [*self._kept]
        self._kept.clear()
        return Link(stub.Connect(metadata=self._service.metadata(self._probe_id)), hello, answers, self._heard)

    async def _retire(self, link: Link) -> None:
        try:
            self._keep(await link.retire())
        finally:
            await link.close()

    def _heard(self, link: Link, response: ConnectResponse) -> None:
        match response.WhichOneof("event"):
            case "ready":
                self._backoff.reset()
                if not self.connected:
                    _log.info("controls can be called through %s", self._service.target)
                self.connected, self.problem = True, ""
            case "call":
                self._links[response.call.id] = link
                self._calls.start(response.call)
            case "cancel":
                self._calls.cancel(response.cancel.call)

    def _answer(self, answer: Answer) -> None:
        self._keep([Made(answer, asyncio.get_running_loop().time())])

    def _keep(self, answers: Iterable[Made]) -> None:
        """Sends answers by the stream that their call came by, by the newest, or by the next that there is."""
        for made in answers:
            links = (self._links.get(made.answer.call), self._newest)
            link = next((link for link in links if link is not None and link.alive), None)
            if link is None:
                self._kept.append(made)
            else:
                link.answer(made)

    def _settle(self, call: str) -> None:
        link = self._links.pop(call, None)
        if link is not None:
            link.settle(call)

    def _after(self, error: PublishError) -> float:
        """Makes the best of a stream that ended; returns how many seconds to wait for the next."""
        if self.connected or str(error) != self.problem:
            _log.warning("controls cannot be called through %s: %s", self._service.target, error)
        self.connected, self.problem = False, str(error)
        wait = self._backoff.longest() if error.code in REFUSED else self._backoff.next()
        return max(wait, at_least(error.retry_after))

    def _elsewhere(self) -> float:
        """Another program has taken this one's place; returns how many seconds to leave it there."""
        self.connected, self.problem = False, f"another program takes calls as the probe {self._probe_id}"
        _log.warning("controls cannot be called through %s: %s", self._service.target, self.problem)
        return self._backoff.longest()
