"""What changed in a view since a reader last looked, without a queue per reader.

Every change carries the number of the step that brought it. A reader is nothing but the number up to which it knows:
what it has missed is what carries a larger one. A reader that is slow therefore gets one merged difference, and a
thousand readers cost no memory. What is too old is forgotten, and who asks for it starts anew.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

#: How many bytes of measurements are kept for readers that are behind.
_BLOCK_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Difference:
    """What a reader has missed: node ids, numbers of blocks of measurements, oldest first, and what is missing."""

    add: list[str] = field(default_factory=list)
    update: list[str] = field(default_factory=list)
    remove: list[str] = field(default_factory=list)
    metrics: list[int] = field(default_factory=list)
    missing: bool = False

    def items(self, start: int) -> Iterator[tuple[str, str | int]]:
        """All of it from one item on, as readers are told it: what it is, and which."""
        kinds: dict[str, list[str] | list[int]] = {
            "remove": self.remove,
            "add": self.add,
            "update": self.update,
            "metrics": self.metrics,
            "missing": [0] * self.missing,
        }
        for kind, names in kinds.items():
            yield from ((kind, names[at]) for at in range(start, len(names)))
            start = max(0, start - len(names))

    def __len__(self) -> int:
        return len(self.remove) + len(self.add) + len(self.update) + len(self.metrics) + self.missing


class Journal:
    """The changes of one view by step.

    Args:
        kept: how long a reader may be away and still be told only what changed, in seconds.
    """

    def __init__(self, kept: float) -> None:
        self._kept = kept
        self._changed: dict[str, int] = {}  # in ascending order of step, as are the two below
        self._removed: dict[str, int] = {}
        self._blocks: deque[tuple[int, int]] = deque()  # step and number of each
        self._printed: dict[int, bytes] = {}
        self._numbers = count()
        self._block_bytes = 0
        self._added: dict[str, int] = {}
        self._steps: deque[tuple[int, float]] = deque()
        self._floor = 0
        self._missing = 0
        self._ended = True
        #: The number of the newest step.
        self.step = 0

    def begin(self, now: float) -> None:
        """Starts a step unless the newest one has not ended; what is put after it carries its number."""
        if self._ended:
            self._ended = False
            self.step += 1
            self._steps.append((self.step, now))

    def end(self) -> None:
        """Ends the newest step: readers are told of it, and of what comes next apart."""
        self._ended = True

    def put(self, node: str) -> None:
        """A node appeared or changed."""
        self._changed.pop(node, None)
        self._changed[node] = self.step
        self._removed.pop(node, None)
        self._added.setdefault(node, self.step)

    def remove(self, node: str) -> None:
        """A node left."""
        del self._changed[node]
        del self._added[node]
        self._removed[node] = self.step

    def measured(self, block: bytes) -> None:
        """Measurements arrived; the block is as readers get it."""
        number = next(self._numbers)
        self._blocks.append((self.step, number))
        self._printed[number] = block
        self._block_bytes += len(block)

    def misses(self) -> None:
        """What is missing differs."""
        self._missing = self.step

    def trim(self, now: float) -> None:
        """Forgets steps that are too old, and the oldest where the measurements of all would be too many."""
        while self._steps and (self._steps[0][1] < now - self._kept or self._block_bytes > _BLOCK_BYTES):
            self._floor, _ = self._steps.popleft()
            while self._blocks and self._blocks[0][0] <= self._floor:
                self._block_bytes -= len(self._printed.pop(self._blocks.popleft()[1]))
        for node, step in list(self._removed.items()):
            if step > self._floor:
                break
            del self._removed[node]

    def knows(self, step: int) -> bool:
        """Whether it can still, and already, be said what came after a step."""
        return self._floor <= step <= self.step

    def block(self, number: int) -> bytes | None:
        """A block of measurements; None once it is forgotten."""
        return self._printed.get(number)

    def since(self, step: int) -> Difference:
        """What came after a step that is known."""
        difference = Difference(remove=_after(self._removed, step), missing=self._missing > step)
        for node in _after(self._changed, step):
            (difference.add if self._added[node] > step else difference.update).append(node)
        for at, number in reversed(self._blocks):
            if at <= step:
                break
            difference.metrics.append(number)
        difference.metrics.reverse()
        return difference


def _after(steps: dict[str, int], step: int) -> list[str]:
    """The names with a larger step, oldest first; the dictionary is in ascending order of step."""
    names = []
    for name in reversed(steps):
        if steps[name] <= step:
            break
        names.append(name)
    names.reverse()
    return names
