"""The views of an organization that somebody reads: made when they are asked for, let go when nobody reads them."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mesh.errors import limit_exceeded
from query.graph import Graph
from query.model import Change, Model
from query.options import Choice, Options
from query.selection import Selection
from query.topologies.definition import Base, Definition
from query.view import View
from scope.query.v1.messages_pb2 import TopologyStats

#: How many selections there are at most: one for each choice of options of a topology.
MOST = 64

#: A topology, and what is chosen of it.
_Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass
class _Kept:
    """A selection, when it was last asked for, and the views of it."""

    selection: Selection
    wanted: float = field(default_factory=time.monotonic)
    views: dict[Choice, View] = field(default_factory=dict)

    def watchers(self) -> int:
        return sum(len(view.wakes) for view in list(self.views.values()))


class Views:
    """Views of one model, the selections of nodes that they show, and the graphs that those are made of.

    Args:
        model: the organization.
        options: what there is to choose.
        idle_after: how long what nobody reads is kept, in seconds.
    """

    def __init__(self, model: Model, options: Options, idle_after: float) -> None:
        #: Held while anything is made: the model must stand still meanwhile.
        self.opening = asyncio.Lock()
        #: Set where a view may show what its readers were not told of.
        self.untold = asyncio.Event()
        self.options = options
        self._model = model
        self._idle_after = idle_after
        self._graphs: dict[str, Graph] = {}
        self._kept: dict[_Key, _Kept] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def watchers(self) -> int:
        """How many readers wait for changes; in any thread."""
        return sum(kept.watchers() for kept in list(self._kept.values()))

    async def view(self, definition: Definition, choice: Choice, settle: Callable[[], float]) -> View:
        """The view of what somebody chose, kept up to date from now on for as long as it is asked for.

        Args:
            definition: the topology.
            choice: what is to be seen of it.
            settle: brings the model and all that is kept up to date, and answers the moment.

        Raises:
            ServiceError: RESOURCE_EXHAUSTED (LIMIT_EXCEEDED) where too much else is watched.
        """
        kept = self._kept.get((definition.id, choice.options))
        if kept is None or choice not in kept.views:
            async with self.opening:
                kept = await self._select(definition, choice, settle)
                if choice not in kept.views:
                    kept.views[choice] = await self._open(kept.selection, choice, settle)
        kept.wanted = kept.views[choice].wanted = time.monotonic()
        return kept.views[choice]

    async def stats(self, definition: Definition, choice: Choice, settle: Callable[[], float]) -> TopologyStats:
        """How much somebody would see who chose this; nothing is printed for it. All else is as with `view`."""
        kept = self._kept.get((definition.id, choice.options))
        if kept is None:
            async with self.opening:
                kept = await self._select(definition, choice, settle)
        kept.wanted = time.monotonic()
        return kept.selection.stats()

    def apply(self, change: Change, now: float) -> None:
        """Brings everything up to date, and lets go of what nobody reads. Readers are told by `tell`."""
        self._sweep()
        changes = {base: graph.apply(change, now) for base, graph in self._graphs.items()}
        for kept in self._kept.values():
            touched = kept.selection.apply(changes[kept.selection.definition.base.id])
            for view in kept.views.values():
                view.apply(change, touched, now)
        if any(view.untold for view in self._views()):
            self.untold.set()

    def tell(self) -> None:
        """Tells the readers of all views what changed since the last time."""
        self.untold.clear()
        for view in self._views():
            view.tell()

    def _views(self) -> Iterator[View]:
        return (view for kept in self._kept.values() for view in kept.views.values())

    async def _select(self, definition: Definition, choice: Choice, settle: Callable[[], float]) -> _Kept:
        """Makes a selection unless there is one, in turn with other work; `opening` is held."""
        key = (definition.id, choice.options)
        if key not in self._kept:
            self._make_room()
            graph = await self._graph(definition.base, settle())
            selection = Selection(graph, definition, self.options.filter(definition, choice.options))
            for part in graph.everything():
                selection.apply(part)
                await asyncio.sleep(0)
            self._graphs[graph.base.id] = graph
            self._kept[key] = _Kept(selection)
        return self._kept[key]

    async def _graph(self, base: Base, now: float) -> Graph:
        if base.id in self._graphs:
            return self._graphs[base.id]
        graph = Graph(self._model, base)
        for part in self._model.everything():
            graph.apply(part, now)
            await asyncio.sleep(0)
        return graph

    async def _open(self, selection: Selection, choice: Choice, settle: Callable[[], float]) -> View:
        now = settle()
        view = View(self._model, selection, choice)
        for part in selection.everything():
            view.apply(Change(), part, now)
            await asyncio.sleep(0)
        view.tell()
        return view

    def _sweep(self) -> None:
        idle = time.monotonic() - self._idle_after
        for key, kept in list(self._kept.items()):
            for choice, view in list(kept.views.items()):
                if not view.wakes and view.wanted < idle:
                    del kept.views[choice]
            if not kept.views and kept.wanted < idle:
                self._let_go(key)

    def _make_room(self) -> None:
        """Lets go of what nobody has asked for for longest, where there is too much."""
        if len(self._kept) < MOST:
            return
        unwatched = [key for key, kept in self._kept.items() if not kept.watchers()]
        if not unwatched:
            raise limit_exceeded(f"topologies are watched with {MOST} different choices of options; that is the most")
        self._let_go(min(unwatched, key=lambda key: self._kept[key].wanted))

    def _let_go(self, key: _Key) -> None:
        base = self._kept.pop(key).selection.definition.base.id
        if all(kept.selection.definition.base.id != base for kept in self._kept.values()):
            del self._graphs[base]
