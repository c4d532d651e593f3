"""Instruments and spans are declared before they are used, so that one page can list them all.

What is counted on hot paths is a number of ours that OpenTelemetry reads when somebody asks: adding to it takes 0.1 us,
where the SDK's own counters take 5. It follows that only the event loop's thread may count.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from opentelemetry import metrics
from opentelemetry.metrics import CallbackOptions, Histogram, Observation
from opentelemetry.trace import SpanKind

from mesh.telemetry.traces import Span

#: Boundaries of durations, in seconds: from the cheapest delta to what nobody waits for.
SECONDS = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

_meter = metrics.get_meter("scope")
#: Everything that was declared, by name.
declared: "dict[str, Declared]" = {}


@dataclass(frozen=True)
class Declared:
    """What the page says about an instrument or a span.

    Args:
        name: its name; a span of an RPC is named after the RPC.
        kind: `counter`, `histogram`, ..., or `span`.
        unit: of UCUM, as OpenTelemetry has it; empty for spans.
        labels: the names of its labels, or attributes.
        meaning: a sentence.
        process: which process has it.
    """

    name: str
    kind: str
    unit: str
    labels: Sequence[str]
    meaning: str
    process: str


class Count:
    """A number that is counted, apart for each value of its label where it has one."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._counts: dict[str, float] = {} if label else {"": 0}

    def add(self, amount: float = 1, value: str = "") -> None:
        """Counts."""
        self._counts[value] = self._counts.get(value, 0) + amount

    def read(self, value: str = "") -> float:
        """What was counted so far."""
        return self._counts.get(value, 0)

    def observe(self, _: CallbackOptions) -> Iterator[Observation]:
        """Tells it, in whatever thread asks."""
        for value, count in list(self._counts.items()):
            yield Observation(count, {self._label: value} if self._label else {})


class Gauge:
    """A number that is looked up when somebody asks: the sum of what its sources say."""

    def __init__(self) -> None:
        self._sources: list[Callable[[], float]] = []

    @contextmanager
    def reads(self, source: Callable[[], float]) -> Iterator[None]:
        """Asks the source, in any thread, as long as the body runs."""
        self._sources.append(source)
        try:
            yield
        finally:
            self._sources.remove(source)

    def observe(self, _: CallbackOptions) -> Iterator[Observation]:
        """Tells it, in whatever thread asks."""
        if sources := list(self._sources):
            yield Observation(sum(source() for source in sources))


class Instruments:
    """Declares what one package measures.

    Args:
        process: which process has them, as the page says it.
    """

    def __init__(self, process: str) -> None:
        self._process = process

    def counter(self, name: str, unit: str, meaning: str, label: str = "") -> Count:
        """What only grows."""
        self._declare(name, "counter", unit, [label] if label else [], meaning)
        count = Count(label)
        _meter.create_observable_counter(name, [count.observe], unit, meaning)
        return count

    def level(self, name: str, unit: str, meaning: str) -> Count:
        """What grows and shrinks, counted."""
        self._declare(name, "up-down counter", unit, [], meaning)
        count = Count("")
        _meter.create_observable_up_down_counter(name, [count.observe], unit, meaning)
        return count

    def gauge(self, name: str, unit: str, meaning: str) -> Gauge:
        """What grows and shrinks, looked up."""
        self._declare(name, "gauge", unit, [], meaning)
        gauge = Gauge()
        _meter.create_observable_gauge(name, [gauge.observe], unit, meaning)
        return gauge

    def duration(self, name: str, meaning: str, labels: Sequence[str] = ()) -> Histogram:
        """How long something takes, in seconds."""
        self._declare(name, "histogram", "s", labels, meaning)
        return _meter.create_histogram(name, "s", meaning, explicit_bucket_boundaries_advisory=SECONDS)

    def span(self, name: str, kind: SpanKind, meaning: str, attributes: Sequence[str] = ()) -> Span:
        """A step of a trace."""
        self._declare(name, "span", "", attributes, meaning)
        return Span(name, kind)

    def _declare(self, name: str, kind: str, unit: str, labels: Sequence[str], meaning: str) -> None:
        assert name not in declared, name
        declared[name] = Declared(name, kind, unit, labels, meaning, self._process)
