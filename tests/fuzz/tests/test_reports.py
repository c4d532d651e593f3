"""Reports that nobody meant to send harm nobody: they are refused with a field, or shown as any other."""

import pytest

from tests.fuzz.run import fuzz

#: A minute's worth; `python -m tests.fuzz` offers a million.
INPUTS = 20_000
SEED = 11


@pytest.mark.timeout(2000)
def test_no_report_breaks_what_takes_it_in() -> None:
    outcome = fuzz(INPUTS, SEED)
    assert outcome.wrong == []
    assert outcome.inputs == INPUTS
    # A tenth at least gets through to the views, else this would say little.
    assert outcome.counts["applied"] > INPUTS / 10
    assert outcome.memory_mb < 64
