"""Reports as bytes, each made once for all hosts, so that sending thousands of them a second needs little of a machine.

What two hosts report in the same round differs in their names and addresses alone, which are equally long: the bytes of
one become those of the other by putting in other names.
"""

import re
from dataclasses import dataclass

from scope.collection.v1.messages_pb2 import PublishRequest
from scope.report.v1.report_pb2 import Report
from scope_sdk.report.encode import Encoder
from tests.load.synthetic import PEERS, Fleet, address, host_name

FULL_EVERY = 20
"""One report in so many is full."""

# All hosts that a report names lie beside this one.
_MODEL = PEERS
_MODEL_FLEET = Fleet(2 * PEERS + 1)
_SAMPLED_MS = (2_000, 1_000, 0)  # how long before the report each of its samples was taken
_ANY_TIME = 1_000_000
_NAMES = {host_name(_MODEL).encode(): None} | {
    address(_MODEL + distance).encode(): distance for distance in range(-PEERS, PEERS + 1)
}
_NAME = re.compile(b"(" + b"|".join(re.escape(name) for name in _NAMES) + b")")


class Template:
    """The report of any host in one round."""

    def __init__(self, report: Report) -> None:
        self._parts = _NAME.split(report.SerializeToString())
        self._names = [(place, _NAMES[self._parts[place]]) for place in range(1, len(self._parts), 2)]

    def body(self, host: int, hosts: int) -> bytes:
        """The serialised report of a host, by its number, among so many in a ring."""
        parts = [*self._parts]
        for place, distance in self._names:
            name = host_name(host) if distance is None else address((host + distance) % hosts)
            parts[place] = name.encode()
        return b"".join(parts)


class Script:
    """What any host reports, round by round: first a full report, then one in each round in which it is its turn.

    Args:
        turn: below FULL_EVERY; hosts of different turns send their full reports in different rounds.
    """

    def __init__(self, turn: int) -> None:
        self._turn = turn
        self._encoder = Encoder(1)
        self._base = Report()
        self._made: list[Template] = []

    def template(self, round_: int) -> Template:
        """The report of a round, from 0."""
        while len(self._made) <= round_:
            self._made.append(Template(self._next(len(self._made))))
        return self._made[round_]

    def _next(self, round_: int) -> Report:
        builder = _MODEL_FLEET.report(_MODEL, round_, [_ANY_TIME - before for before in _SAMPLED_MS])
        if self.base(round_):
            return self._encoder.delta(builder, self._base)
        self._base = self._encoder.full(builder)
        return self._base

    def base(self, round_: int) -> int:
        """The number of the full report that a round's is against, counted from 1; 0 where it is full itself."""
        last = max(round_ - (round_ + self._turn) % FULL_EVERY, 0)
        return 0 if last == round_ else last + 1


@dataclass(frozen=True)
class Stamp:
    """What makes a report one of its own: its place in its probe's series, and when its newest sample was taken."""

    epoch: int
    number: int
    base: int
    taken: int

    def request(self, body: bytes) -> bytes:
        """A report with this stamp, ready to be sent: a field that comes again replaces what came before."""
        stamp = Report(epoch=self.epoch, number=self.number, base=self.base, time_unix_ms=self.taken)
        return PublishRequest(report=body + stamp.SerializeToString(), version="load").SerializeToString()
