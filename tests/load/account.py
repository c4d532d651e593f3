"""What became of the reports of one probe."""

import math
from dataclasses import dataclass, field

from tests.load.log import Entry
from tests.load.measure import now

_AWAY = frozenset(
    (
        *("UNAVAILABLE", "DEADLINE_EXCEEDED", "INTERNAL", "CANCELLED", "UNKNOWN", "TIMEOUT", "OVERLOADED"),
        *("LOG_UNAVAILABLE", "IDENTITY_UNAVAILABLE", "SERVICE_UNAVAILABLE"),
    )
)


@dataclass
class Account:
    """Kept by whoever listens to the probe's stream and awaits its reports; one report is under way at a time.

    Attributes:
        probe: its id.
        acknowledgements: everything that the service ever said that it has stored.
        retried: how many reports went out more than once, because it was not known what had become of them.
        refused: how many were dropped because the service would not have them.
        dropped: how many were dropped because the service was away for too long.
        silence: the longest time between two acknowledgements, in seconds.
        reported: how many reports there were.
        newest: when, by `now`, the newest report that is stored was made.
    """

    probe: str
    acknowledgements: set[Entry] = field(default_factory=set)
    retried: int = 0
    refused: int = 0
    dropped: int = 0
    silence: float = 0.0
    reported: int = 0
    newest: float = -math.inf
    _tries: int = 0
    _heard: float = field(default_factory=now)

    def sent(self) -> None:
        """The report that is under way goes out, for the first time or again."""
        self._tries += 1
        self.retried += self._tries == 2

    def acknowledged(self, epoch: int, number: int) -> None:
        """The service said that it has stored a report."""
        self.acknowledgements.add(Entry(self.probe, epoch, number))
        self._tries = 0
        heard = now()
        self.silence, self._heard = max(self.silence, heard - self._heard), heard

    def given_up(self, problem: str) -> None:
        """The publisher dropped its oldest report, while this was the problem that it had."""
        self._tries = 0
        if is_refusal(problem):
            self.refused += 1
        else:
            self.dropped += 1


def is_refusal(problem: str) -> bool:
    """Whether a publisher's problem is that the service does not want what it sends, and not that it is away."""
    return bool(problem) and problem.partition(":")[0] not in _AWAY
