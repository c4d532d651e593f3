"""What a command says beside its output."""

import asyncio
import sys

LASTS_SECONDS = 2.0
"""An outage that is over sooner is nobody's concern."""


def say(words: str, *, raw: bool = False) -> None:
    """Writes a line to standard error; `raw`: to a terminal that does not begin lines by itself."""
    line = f"\r\n[scope: {words}]\r\n" if raw else f"scope: {words}\n"
    sys.stderr.write(line)
    sys.stderr.flush()


class Outage:
    """Says that something is away when it has been for a while, and then that it is back.

    Attributes:
        said: whether somebody was told that it is away.
    """

    def __init__(self, *, raw: bool = False) -> None:
        self.said = False
        self._raw = raw
        self._timer: asyncio.TimerHandle | None = None

    def begins(self, words: str) -> None:
        """It is away; words for people. Said again, nothing changes."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LASTS_SECONDS, self._say, words)

    def ends(self) -> None:
        """It is back."""
        if self._timer is not None:
            self._timer.cancel()
        if self.said:
            say("connected again", raw=self._raw)
        self._timer, self.said = None, False

    def forget(self) -> None:
        """Nothing is waited for any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _say(self, words: str) -> None:
        self.said = True
        say(words, raw=self._raw)
