"""The views of an organization that somebody reads: made when they are asked for, let go when nobody reads them."""

import asyncio
import time

from query.model import Change, Model
from query.topologies.definition import Definition
from query.view import View

#: A topology, and whether its readers may see what is marked as sensitive.
_Key = tuple[str, bool]


class Views:
    """Views of one model.

    Args:
        model: the organization.
        idle_after: how long a view that nobody reads is kept, in seconds.
    """

    def __init__(self, model: Model, idle_after: float) -> None:
        #: Held while a view is made: the model must stand still meanwhile.
        self.opening = asyncio.Lock()
        self._model = model
        self._idle_after = idle_after
        self._views: dict[_Key, View] = {}
        self._wanted: dict[_Key, float] = {}

    def __len__(self) -> int:
        return len(self._views)

    def watchers(self) -> int:
        """How many readers wait for changes; in any thread."""
        return sum(len(view.wakes) for view in list(self._views.values()))

    def get(self, definition: Definition, *, sensitive: bool) -> View | None:
        """The view, kept up to date from now on for as long as it is asked for; None where it is to be opened first."""
        key = (definition.id, sensitive)
        self._wanted[key] = time.monotonic()
        return self._views.get(key)

    async def open(self, definition: Definition, now: float, *, sensitive: bool) -> View:
        """Makes a view of all there is at a moment, in turn with other work; `opening` is held meanwhile."""
        view = View(self._model, definition, sensitive=sensitive)
        for part in self._model.everything():
            view.apply(part, now)
            await asyncio.sleep(0)
        self._views[definition.id, sensitive] = view
        return view

    def apply(self, change: Change, now: float) -> None:
        """Brings every view up to date, and lets go of those that nobody reads."""
        for key, view in list(self._views.items()):
            if not view.wakes and time.monotonic() - self._wanted[key] > self._idle_after:
                del self._views[key], self._wanted[key]
            else:
                view.apply(change, now)
