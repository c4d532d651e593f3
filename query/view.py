"""A topology of one organization as some of its readers may see it: brought up to date once, shared by all of them."""

import asyncio
import gzip
import math
import secrets
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import chain, islice
from typing import TypeVar

import orjson
from opentelemetry.trace import SpanContext

from mesh.limits import ANSWER_BYTES
from query.difference import Difference, Journal
from query.groups import MOST_EDGES
from query.instruments import MERGED
from query.model import Change, Model
from query.options import Choice
from query.printing import Printer
from query.render import members, to_json
from query.selection import Selection
from query.telling import Form, Missed, Shelf
from scope.query.v1.messages_pb2 import GetTopologyResponse, TopologyStats
from scope.query.v1.node_pb2 import Missing, NodeDetails, NodeSummary

#: How long a reader may be away and still be told only what changed, in seconds.
_AWAY = 15.0
#: Nodes of a page unless asked otherwise, and its size where they would exceed it: a stub's default less some room.
_PAGE = 500
_PAGE_BYTES = 4 * 1024 * 1024 - 64 * 1024
#: The size of a page as JSON where it would exceed it: an answer less some room.
_RENDERED_BYTES = ANSWER_BYTES - 64 * 1024

#: How many digits the step of a reader's cursor has at most.
_DIGITS = 18
#: For how many of the steps that readers come from is kept what they have missed: most come from the same.
_STARTS = 4
#: How many bytes of it are kept as readers were told.
_TOLD_BYTES = 16 * 1024 * 1024
#: Of how many sampled reports at most, the newest ones, an event is part of the traces.
TRACES = 32
#: Of how many nodes at once it is looked whether they differ; more are taken to do so.
_COMPARED = 2_000
#: How many nodes are printed before other work has its turn.
_AT_ONCE = 50
#: After how long other work has its turn even so, in seconds.
_TURN = 0.02
#: How many are printed before the answer is measured again, and to guess how large it is.
_MEASURED = 1_000
_SAMPLE = 200

_NO_METRICS = b"[]"

T = TypeVar("T")


class _Shown:
    """A node as JSON, its measurements apart: they change all the time, and the rest does not."""

    __slots__ = ("measured", "metrics", "static")

    def __init__(self) -> None:
        # Empty until somebody reads it.
        self.static = b""
        self.metrics = _NO_METRICS
        self.measured: tuple[str, tuple[int, ...]] = ("", ())

    def json(self) -> bytes:
        """All of it."""
        return b"".join(self.pieces())

    def pieces(self) -> tuple[bytes, ...]:
        """The same in pieces."""
        return self.static, b',"metrics":', self.metrics, b"}"


class View:
    """What readers who chose the same see of a topology.

    It is empty until it was given all nodes of the selection, and then those that change.

    Args:
        model: the organization.
        selection: the nodes.
        choice: how much of them its readers see.
    """

    def __init__(self, model: Model, selection: Selection, choice: Choice) -> None:
        self.definition = selection.definition
        #: Set, for everyone who waits in it, when readers are told that something changed.
        self.wakes: set[asyncio.Event] = set()
        #: When it was last asked for, by the monotonic clock.
        self.wanted = time.monotonic()
        self._model = model
        self._selection = selection
        self._printer = Printer(model, selection, choice)
        self._id = secrets.token_hex(8)
        self._journal = Journal(_AWAY)
        # When it was brought up to date last, and when somebody asked last what they have missed.
        self._now = self._followed = -math.inf
        self._shown: dict[str, _Shown] = {}
        self._unread: dict[str, None] = {}
        self._missed: dict[int | None, Missed] = {}
        self._told = Shelf(_TOLD_BYTES)
        # Numbers what the answer may have been, of which some is no news to watchers, and up to which they were told.
        self._version = self._told_version = 0
        self._has_news = False
        self._answer: tuple[int, bytes] = (-1, b"")
        self._compressed: tuple[int, asyncio.Future[bytes]] | None = None
        self._traces: deque[SpanContext] = deque(maxlen=TRACES)
        self._missing = self._is_missing()

    def apply(self, change: Change, touched: AbstractSet[str], now: float) -> None:
        """Takes in what changed in the model, and which nodes of the selection that touched."""
        doubtful = set(touched | self._printer.renamed(change.nodes))
        doubtful.update(*map(self._selection.shown_as, change.marked | change.families))
        if change.templates:
            self._printer.redeclared()
            for shown in self._shown.values():
                shown.measured = ("", ())
            doubtful |= self._selection.nodes
        self._printer.doubt(doubtful)
        if len(doubtful) > _COMPARED:
            self._print_anew(doubtful)
        changed = [node for node in doubtful if self._differs(node)]
        self._now = now
        followed = self.wakes or now - self._followed <= _AWAY  # else nobody can know where they were
        blocks = list(chain.from_iterable(map(self._printer.blocks, change.arrivals if followed else ())))
        self._version += change.reported
        missing = self._is_missing()
        if changed or blocks or missing != self._missing:
            self._version += 1
            self._traces += change.traces if self.wakes else ()
            self._write(changed, blocks, now)
            if missing != self._missing:
                self._missing = missing
                self._journal.misses()
        self._journal.trim(now)

    @property
    def untold(self) -> bool:
        """Whether it may show what readers were not told of."""
        return self._version > self._told_version

    def tell(self) -> None:
        """Wakes everyone who waits for news, and has the next answer made anew."""
        self._told_version = self._version
        if self._has_news:
            self._has_news = False
            self._journal.end()
            for wake in self.wakes:
                wake.set()

    async def prepare(self, most: float = math.inf) -> None:
        """Prints so many nodes that nobody has read yet, in turn with other work: they hold nobody up."""
        while self._unread and most > 0:
            most -= _AT_ONCE
            until = time.monotonic() + _TURN
            for node in list(islice(self._unread, _AT_ONCE)):
                if time.monotonic() > until:  # they are large
                    await asyncio.sleep(0)
                    until = time.monotonic() + _TURN
                self.json(node)
            await asyncio.sleep(0)

    async def measure(self, most: int) -> int:
        """How many bytes the answer has at least; where that is not more than `most` all of it is prepared.

        An answer that is far too large shows in a sample of its nodes, so to refuse it costs little.
        """
        if len(self._unread) > _SAMPLE and (guess := await self._guess()) > most:
            return guess
        while self._unread and self._printed_bytes() <= most:
            await self.prepare(_MEASURED)
        return self._printed_bytes()

    def answer(self) -> bytes:
        """GetTopologyResponse as JSON, all of it: made once for all who ask before readers are told of a change."""
        version, answer = self._answer
        if version < self._told_version:
            self._print(self._shown)
            answer = self._body(_members(self._shown))
            self._answer = (self._version, answer)
        return answer

    async def compressed(self) -> bytes:
        """The answer that was made last, compressed with gzip: once for all who ask for it, beside other work."""
        version, answer = self._answer
        if self._compressed is None or self._compressed[0] != version:
            compressing = asyncio.ensure_future(asyncio.to_thread(gzip.compress, answer, 1, mtime=0))
            self._compressed = (version, compressing)
        return await asyncio.shield(self._compressed[1])

    def page(self, size: int, after: str) -> GetTopologyResponse:
        """The nodes whose ids follow `after`, at most `size` (0: as many as is usual)."""
        names = self._following(after)
        page = GetTopologyResponse(missing=self._missing)
        total = 0
        for at, name in enumerate(names):
            node = self._printer.summary(name)
            total += node.ByteSize() + 2 * len(name.encode()) + 16
            if at and (total > _PAGE_BYTES or at == (size or _PAGE)):
                page.next_page_token = names[at - 1]
                break
            page.nodes[name].CopyFrom(node)
        return page

    async def rendered(self, size: int, after: str) -> bytes:
        """A page as JSON: as `page`, with all that follow where `size` is 0, and at most what an answer may have."""
        names = self._following(after)
        page = names[: size or None]
        token = page[-1] if len(page) < len(names) else ""
        found, total = dict[str, bytes](), 0
        for at, name in enumerate(page):
            data = self.json(name) or b""  # it may have left while other work had its turn
            total += len(data) + len(name)
            if found and total > _RENDERED_BYTES:
                token = page[at - 1]
                break
            if data:
                found[name] = data
            if at % _AT_ONCE == 0:
                await asyncio.sleep(0)
        return self._body([members(found.items())[1:-1]], token)

    def details(self, node: str) -> NodeDetails | None:
        """A node with its details; None where there is no such node."""
        return self._printer.details(node) if node in self._shown else None

    def stats(self) -> TopologyStats:
        """What the view holds."""
        return self._selection.stats()

    def since(self, cursor: str) -> Missed | None:
        """What a reader has missed, all there is for a cursor that is not known; None for nothing."""
        self._followed = self._now
        self._journal.end()
        step = self._step(cursor)
        if step == self._journal.step:
            return None
        if step is not None:
            MERGED.add(self._journal.step - step - 1)
        missed = self._missed.pop(step, None) or self._miss(step)
        self._missed[step] = missed
        if len(self._missed) > _STARTS:
            del self._missed[next(iter(self._missed))]  # the one that was asked for longest ago
        return missed

    def part(self, form: Form[T], missed: Missed, at: int) -> tuple[T, int]:
        """A part of what a reader has missed, from one item on, and the item that the next begins with."""
        return self._told.part(form, missed, at, self)

    def json(self, node: str) -> bytes | None:
        """A node as JSON; None where there is no such node."""
        if node not in self._shown:
            return None
        self._print((node,))
        return self._shown[node].json()

    def summary(self, node: str) -> NodeSummary | None:
        """A node; None where there is no such node."""
        return self._printer.summary(node) if node in self._shown else None

    def block(self, number: int) -> bytes | None:
        """A block of measurements as JSON; None once it is forgotten."""
        return self._journal.block(number)

    def missing(self) -> Missing:
        """What is missing."""
        return self._missing

    def _body(self, nodes: Iterable[bytes], token: str = "") -> bytes:
        """GetTopologyResponse as JSON, of the members of its nodes in pieces: copied once, for they may be large."""
        rest = members([("nextPageToken", orjson.dumps(token)), ("missing", to_json(self._missing))])
        return b"".join(chain([b'{"nodes":{'], nodes, [b"},", rest[1:]]))

    def _following(self, after: str) -> list[str]:
        """The ids that follow one, in ascending order."""
        names = sorted(self._shown)
        return names[bisect_right(names, after) if after else 0 :]

    def _is_missing(self) -> Missing:
        """What is missing now."""
        if not self._selection.cut:
            return self._model.missing
        missing = Missing()
        missing.CopyFrom(self._model.missing)
        missing.limits.append(f"at most {MOST_EDGES:,} edges follow from what is part of several nodes; some have none")
        return missing

    async def _guess(self) -> int:
        """Less than the answer's bytes, from some of its nodes; the largest of them stand for nobody but themselves."""
        sample = list(islice(self._shown, 0, None, len(self._shown) // _SAMPLE + 1))
        for start in range(0, len(sample), _AT_ONCE):
            for node in sample[start : start + _AT_ONCE]:
                self.json(node)
            await asyncio.sleep(0)
        sizes = sorted(len(self._shown[node].static) for node in sample if node in self._shown)
        usual = sizes[: len(sizes) - len(sizes) // 10 - 1]
        return sum(usual) * len(self._shown) // max(1, len(sizes))

    def _printed_bytes(self) -> int:
        return sum(len(shown.static) + len(shown.metrics) for shown in self._shown.values())

    def _miss(self, step: int | None) -> Missed:
        reset = step is None
        difference = Difference(add=list(self._shown), missing=True) if step is None else self._journal.since(step)
        traces = tuple(self._traces)
        self._traces.clear()
        return Missed(difference, self._cursor(self._journal.step), reset, traces)

    def _cursor(self, step: int) -> str:
        return f"{self._id}-{step}"

    def _step(self, cursor: str) -> int | None:
        """The step of a cursor; None where it is not known."""
        view, _, digits = cursor.partition("-")
        if view != self._id or not digits.isdecimal() or len(digits) > _DIGITS:
            return None
        return int(digits) if self._journal.knows(int(digits)) else None

    def _print_anew(self, nodes: AbstractSet[str]) -> None:
        """Leaves to `prepare`, which lets other work go on, what would take long to compare with what readers know."""
        for node in nodes:
            if node in self._shown:
                self._shown[node].static = b""
                self._unread[node] = None

    def _differs(self, node: str) -> bool:
        """Whether the node is not what its readers were told; who never read it was told nothing."""
        shown = self._shown.get(node)
        if node not in self._selection.nodes or shown is None:
            return node in self._selection.nodes or shown is not None
        if shown.static:
            before, shown.static = shown.static, self._printer.static(node)
            return shown.static != before
        return True

    def _write(self, changed: list[str], blocks: list[bytes], now: float) -> None:
        """Makes a step of what changed, for readers to be told."""
        self._journal.begin(now)
        for node in changed:
            if node not in self._selection.nodes:
                del self._shown[node]
                self._unread.pop(node, None)
                self._journal.remove(node)
                continue
            if node not in self._shown:
                self._shown[node] = _Shown()
                self._unread[node] = None
            self._journal.put(node)
        for block in blocks:
            self._journal.measured(block)
        self._missed.clear()
        self._told.clear()
        self._has_news = True

    def _print(self, nodes: Iterable[str]) -> None:
        """Prints of these nodes what is not printed as it is now."""
        printer, measured_anew = self._printer, list[str]()
        for node in nodes:
            shown = self._shown[node]
            if not shown.static:
                shown.static = printer.static(node)
                self._unread.pop(node, None)
            measured = printer.measured(node)
            if shown.measured != measured:
                shown.measured, shown.metrics = measured, _NO_METRICS
                measured_anew.append(node)
        for node, metrics in printer.metrics(measured_anew):
            self._shown[node].metrics = metrics


def _members(nodes: Mapping[str, _Shown]) -> Iterator[bytes]:
    """The members of a JSON object that has these nodes by id, in pieces."""
    comma = b""
    for node, shown in nodes.items():
        yield from (comma, orjson.dumps(node), b":", *shown.pieces())
        comma = b","
