"""Probes that report, fall silent, start again and contradict each other; what they say is kept in the plainest way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hypothesis import strategies as st

from query.model import Lifetimes
from query.tests.changes import CHANGES, Change
from query.tests.cluster import START, Word, builder
from query.tests.machines import World
from query.tests.reference.said import Probe, Said, said
from scope.report.v1.report_pb2 import Report
from scope_sdk.report import merge
from scope_sdk.report.encode import Encoder
from scope_sdk.report.merge import Facts
from scope_sdk.report.state import ProbeState

LIFETIMES = Lifetimes(quiet=10, gone=20, edges=5, samples=60)


@dataclass(frozen=True)
class Say:
    """A probe reports what changed."""

    probe: str
    changes: Sequence[Change]
    how: Literal["full", "delta", "lost"]


@dataclass(frozen=True)
class Restart:
    """A probe starts again, and something changed; the earlier one may live on, and be heard under the same id."""

    probe: str
    changes: Sequence[Change] = ()


@dataclass(frozen=True)
class Again:
    """A report of a probe arrives again or late, or one of its earlier start does: so many reports ago."""

    probe: str
    ago: int


@dataclass(frozen=True)
class Wait:
    """Time passes."""

    seconds: float


Step = Say | Restart | Again | Wait


def _says(probe: str) -> st.SearchStrategy[Say]:
    how = st.sampled_from(["delta", "delta", "delta", "full", "lost"])
    return st.builds(Say, st.just(probe), st.lists(CHANGES[probe], min_size=1, max_size=3), how)


def _starts(probe: str) -> st.SearchStrategy[Restart]:
    return st.builds(Restart, st.just(probe), st.lists(CHANGES[probe], max_size=2))


_probes = st.sampled_from(sorted(START))
_changes = st.one_of(*map(_says, CHANGES))
steps: st.SearchStrategy[Step] = st.one_of(
    _changes,
    _changes,
    _changes,
    st.builds(Again, _probes, st.integers(1, 3)),
    st.builds(Wait, st.sampled_from([1.0, 4.0, 6.0, 11.0, 21.0])),
    st.one_of(*map(_starts, CHANGES)),
)


@dataclass
class _Reporter:
    """A probe: what it says, and all that it ever sent."""

    words: dict[str, Word]
    encoder: Encoder
    base: Report = field(default_factory=Report)
    sent: list[Report] = field(default_factory=list)


@dataclass
class _Heard:
    """What was heard of a probe."""

    at: float = 0.0
    state: ProbeState = field(default_factory=ProbeState)
    #: The reports that its state follows from.
    kept: Sequence[Report] = ()
    facts: Mapping[str, tuple[int, Facts]] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)
    strings: Sequence[str] = ()


class Simulation:
    """A world of probes. They all say at first what is in START, but for those that are not there yet."""

    def __init__(self, *absent: str) -> None:
        self.world = World(LIFETIMES)
        self._reporters: dict[str, _Reporter] = {}
        self._heard: dict[str, _Heard] = {}
        self._arrived = 0
        self._epoch = 0
        for probe in sorted(START.keys() - set(absent)):
            self.do(Restart(probe))

    def do(self, step: Step) -> None:
        """Does a step, and has everything settle."""
        match step:
            case Say(probe, changes, how):
                self._say(self._reporters.get(probe) or self._start(probe), changes, how)
            case Restart(probe, changes):
                self._start(probe, changes)
            case Again(probe, ago) if probe in self._reporters:
                sent = self._reporters[probe].sent
                self._deliver(probe, sent[-min(ago, len(sent))])
            case Wait(seconds):
                self.world.now += seconds
        self.world.settle()
        gone = [probe for probe, heard in self._heard.items() if self._silent(heard) > LIFETIMES.gone]
        for probe in gone:
            del self._heard[probe]

    def said(self) -> Said:
        """What those who are still there say."""
        heard = (self._heard[probe] for probe in sorted(self._heard))
        return said([Probe(one.state, one.changed, self._silent(one) > LIFETIMES.quiet) for one in heard])

    def replayed(self, order: Iterable[str]) -> "Simulation":
        """One that hears only what a log keeps of these probes, their newest reports, one probe after the other."""
        other = Simulation(*START)
        for probe in order:
            for report in self._heard[probe].kept if probe in self._heard else ():
                other._deliver(probe, report)
        other.world.settle()
        return other

    def _start(self, probe: str, changes: Sequence[Change] = ()) -> _Reporter:
        self._epoch += 1
        known = self._reporters.get(probe)
        words = known.words if known else dict(START[probe])
        sent = known.sent if known else []
        reporter = self._reporters[probe] = _Reporter(words, Encoder(self._epoch), sent=sent)
        self._say(reporter, changes, "full")
        return reporter

    def _say(self, reporter: _Reporter, changes: Sequence[Change], how: str) -> None:
        for name, word in changes:
            reporter.words.pop(name, None)
            if word is not None:
                reporter.words[name] = word
        made = builder(reporter.words)
        if how == "full":
            reporter.base = reporter.encoder.full(made)
        report = reporter.base if how == "full" else reporter.encoder.delta(made, reporter.base)
        if how != "lost":
            probe = next(name for name, known in self._reporters.items() if known is reporter)
            self._deliver(probe, report)
            reporter.sent.append(report)

    def _deliver(self, probe: str, report: Report) -> None:
        useful = self.world.report(probe, report)
        heard = self._heard.setdefault(probe, _Heard())
        heard.at = self.world.now
        self._arrived += 1
        assert heard.state.offer(Report.FromString(report.SerializeToString())) == useful
        if useful:
            heard.kept = [*heard.kept[:1], report] if report.base else [report]
            self._note(heard)

    def _note(self, heard: _Heard) -> None:
        """Notes of which nodes the probe says something else now; it says all anew where it numbers strings anew."""
        strings, heard.strings = heard.strings, list(heard.state.strings())
        continues = all(old == new for old, new in zip(strings, heard.strings, strict=False))
        before, epoch = heard.facts if continues else {}, heard.state.full.epoch if heard.state.full else 0
        told = (merge.facts(heard.state, handle) for handle in heard.state.nodes())
        heard.facts = {facts.id: (epoch, facts) for facts in told}
        changed = {node for node, facts in heard.facts.items() if before.get(node) != facts}
        heard.changed = {node: self._arrived if node in changed else heard.changed[node] for node in heard.facts}

    def _silent(self, heard: _Heard) -> float:
        return self.world.now - heard.at
