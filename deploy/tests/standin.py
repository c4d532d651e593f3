"""What a stand-in does when it is called: looks up whether this call is expected now, and answers what it was told.

Run as `python -IS standin.py STATE NAME ARGUMENT...`: the standard library alone, in some 20 ms.
"""

import fcntl
import json
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

UNEXPECTED = 97
"""The exit status of a call that was not expected."""


@contextmanager
def state(file: Path) -> Iterator[dict[str, Any]]:
    """What is expected and what was called, for one process at a time; what is changed in it is kept."""
    with file.open("r+") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        content = json.load(stream)
        yield content
        stream.seek(0)
        stream.truncate()
        json.dump(content, stream)


def _next(expected: list[dict[str, Any]], words: list[str]) -> dict[str, Any] | None:
    """Takes out the first that is this call; only calls that may come at any time can be passed over."""
    for place, call in enumerate(expected):
        patterns = call["words"]
        if len(patterns) == len(words) and all(map(re.fullmatch, patterns, words)):
            return expected.pop(place)
        if not call["anytime"]:
            return None
    return None


def _answer(call: dict[str, Any]) -> int:
    sys.stderr.write(call["err"])
    sys.stdout.write(call["out"])
    sys.stdout.flush()
    if call["stays"]:
        signal.sigwait({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    return int(call["status"])


def main(file: Path, words: list[str]) -> int:
    """Answers one call; its exit status."""
    # Held back from the first, so that one that stays hears what ends it however early that comes.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT, signal.SIGHUP})
    with state(file) as content:
        call = _next(content["expected"], words)
        made = {"words": words, "pid": os.getpid(), "expected": call is not None, "stdin": ""}
        if call and call["reads"]:
            made["stdin"] = sys.stdin.read()
        content["made"].append(made)
    if call is None:
        sys.stderr.write(f"this call was not expected now: {' '.join(words)}\n")
        return UNEXPECTED
    return _answer(call)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
