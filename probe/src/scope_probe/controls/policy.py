"""What the probe lets others do. It is kept here, whatever the service asks."""

from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase

READING = frozenset({"docker_logs_container", "kubernetes_get_logs", "kubernetes_describe"})
"""The controls that change nothing."""


@dataclass(frozen=True)
class Policy:
    """Which controls may be used.

    Attributes:
        read_only: only those of READING.
        patterns: only those whose id one of these shell patterns fits; none: all.
        process_signals: those of processes too.
    """

    read_only: bool = False
    patterns: Collection[str] = ()
    process_signals: bool = False

    def allows(self, control: str) -> bool:
        """Whether the control of this id may be used."""
        if self.read_only and control not in READING:
            return False
        if control.startswith("process_") and not self.process_signals:
            return False
        return not self.patterns or any(fnmatchcase(control, pattern) for pattern in self.patterns)
