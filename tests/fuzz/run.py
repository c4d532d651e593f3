"""Offering many reports, and what became of them."""

import traceback
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import psutil

from tests.fuzz.target import Target

_TOLD_EVERY = 10_000
#: Memory is compared from here on: by now everything that is kept once has been made.
_WARM = 2_000
#: More is not told: it is the same over and over.
_MOST_WRONG = 20


class Outcome(NamedTuple):
    """What became of the reports."""

    inputs: int
    #: How many were `refused`, `ignored` (of no use to what is known) and `applied`.
    counts: dict[str, int]
    #: By how much the process grew meanwhile, in MiB.
    memory_mb: int
    #: What went wrong, each with the number of the input and the input itself, in hexadecimal.
    wrong: list[str]


def fuzz(inputs: int, seed: int, progress: Callable[[int, int], None] | None = None) -> Outcome:
    """Offers so many reports, or fewer where too much goes wrong."""
    target, counts, wrong = Target(seed), Counter[str](), list[str]()
    process, before = psutil.Process(), 0
    for number in range(1, inputs + 1):
        try:
            counts[target.step()] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            wrong.append(f"input {number} of seed {seed}: {_why(error)}; {target.body.hex()}")
            target.start()
        if number == _WARM:
            before = process.memory_info().rss
        if progress and number % _TOLD_EVERY == 0:
            progress(number, inputs)
        if len(wrong) == _MOST_WRONG:
            break
    grown = process.memory_info().rss - before if before else 0
    return Outcome(number, dict(counts), grown // 2**20, wrong)


def _why(error: Exception) -> str:
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {at.name} ({at.filename.rpartition('/')[2]}:{at.lineno}): {error}"
