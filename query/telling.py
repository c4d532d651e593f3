"""What readers have missed, told in parts of bounded size.

A part is made when the first reader gets to it, of what the view shows then, and kept for all who need the same. What a
reader holds meanwhile is a list of names and its place in it: one who stops reading costs next to nothing.
"""

from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from opentelemetry.trace import SpanContext

from mesh.errors import ServiceError
from query.difference import Difference
from query.instruments import REPORT_EVENT
from scope.query.v1.node_pb2 import Missing, NodeSummary

#: At most so many nodes in a part.
NODES = 500
#: A part ends where its content would exceed this, in bytes.
_BYTES = 1024 * 1024

T = TypeVar("T")
Item = TypeVar("Item")


class Source(Protocol):
    """Where what is told comes from; None stands for what is not there any more."""

    async def prepare(self, most: float) -> None:
        """Prints so many nodes that nobody has read as JSON yet, in turn with other work."""

    def json(self, node: str) -> bytes | None:
        """A node as JSON."""

    def summary(self, node: str) -> NodeSummary | None:
        """A node."""

    def block(self, number: int) -> bytes | None:
        """A block of measurements as JSON."""

    def missing(self) -> Missing:
        """What is missing."""


@dataclass(frozen=True, eq=False)
class Missed:
    """What readers who were at one place have missed.

    Attributes:
        difference: what it is.
        cursor: where they are once they were told all of it.
        reset: whether they forget what they had before.
        traces: where the traces of reports that brought it have got to.
    """

    difference: Difference
    cursor: str
    reset: bool
    traces: Sequence[SpanContext] = ()


class Part(ABC, Generic[Item, T]):
    """A part under construction."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._items: dict[str, list[Item]] = {"add": [], "update": [], "remove": [], "metrics": [], "missing": []}
        self._count = 0
        #: Of its content, in bytes.
        self.size = 0

    def put(self, kind: str, name: Any) -> bool:
        """Adds something, unless it is not there any more; False where it belongs in the next part."""
        item = self._find(kind, name)
        if item is None:
            return True
        size = self._measure(item)
        if self._count == NODES or (self.size and self.size + size > _BYTES):
            return False
        self._items[kind].append(item)
        self._count += kind in ("add", "update")
        self.size += size
        return True

    @abstractmethod
    def told(self, cursor: str, *, reset: bool) -> T:
        """The part as readers get it; with the cursor that they then have, if any."""

    @abstractmethod
    def _find(self, kind: str, name: Any) -> Item | None: ...

    @abstractmethod
    def _measure(self, item: Item) -> int: ...


class Form(Protocol[T]):
    """One way to tell readers."""

    #: What says that the stream is alive.
    alive: T

    async def prepare(self, source: Source) -> None:
        """Does before a part is made what takes long."""

    def begin(self, source: Source) -> Part[Any, T]:
        """A part with nothing in it."""

    def failure(self, error: ServiceError) -> T:
        """What is shown may be out of date."""

    def end(self, reason: str, message: str) -> T:
        """The last that is told: why the stream ends."""


class _Made(NamedTuple):
    """A part, where the next begins, and how many bytes it has."""

    told: Any
    following: int
    size: int


class Shelf:
    """Parts that were made lately.

    Args:
        most: how many bytes of them are kept.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._parts: OrderedDict[Hashable, _Made] = OrderedDict()
        #: Of all parts that are kept, in bytes.
        self.size = 0

    def part(self, form: Form[T], missed: Missed, at: int, source: Source) -> tuple[T, int]:
        """The part of what was missed that begins with item `at`, and where the next begins; at the end, nowhere."""
        key = (form, missed, at)
        made = self._parts.get(key)
        if made is None:
            made = self._parts[key] = _make(form, missed, at, source)
            self.size += made.size
            while self.size > self._most:
                self.size -= self._parts.popitem(last=False)[1].size
        return made.told, made.following

    def clear(self) -> None:
        """Forgets all of them."""
        self._parts.clear()
        self.size = 0


def _make(form: Form[Any], missed: Missed, at: int, source: Source) -> _Made:
    part = form.begin(source)
    following = at
    with REPORT_EVENT.after(missed.traces if at == 0 else ()):
        for kind, name in missed.difference.items(at):
            if not part.put(kind, name):
                break
            following += 1
    cursor = missed.cursor if following == len(missed.difference) else ""
    return _Made(part.told(cursor, reset=missed.reset and at == 0), following, part.size)
