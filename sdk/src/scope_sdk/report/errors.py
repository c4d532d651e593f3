"""What is wrong with a report, and where."""

from collections.abc import Iterator
from contextlib import contextmanager


class ReportError(ValueError):
    """A report, or something meant for one, cannot be accepted.

    `field` names the place as `nodes[3].metrics.load1[0]` (indexes from 0; map keys like names), `description` says
    what is wrong with it.
    """

    def __init__(self, field: str, description: str) -> None:
        super().__init__(f"{field}: {description}")
        self.field = field
        self.description = description


@contextmanager
def within(place: str) -> Iterator[None]:
    """Errors raised inside name their place as seen from outside of `place`."""
    try:
        yield
    except ReportError as error:
        raise ReportError(f"{place}.{error.field}", error.description) from None
