"""What a probe remembers from one start to the next: its id and its epoch."""

from __future__ import annotations

import logging
import os
import secrets
import time
from pathlib import Path

from scope_sdk.report.ids import PROBE_ID
from scope_sdk.report.limits import SAFE_INTEGER

_log = logging.getLogger(__name__)


def new_probe_id() -> str:
    """An id that no other probe has."""
    return secrets.token_hex(16)


def parse_epoch(text: str) -> int:
    """The epoch; 0 for anything that is none, because the service corrects an epoch that is too low."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(SAFE_INTEGER))):
        return 0
    return int(text) if int(text) < SAFE_INTEGER else 0


class State:
    """Kept in a directory of the probe's own, or, without one, only for as long as the program runs.

    Raises OSError where the directory cannot be used, ValueError where it holds something else than a probe's state.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._epoch = 0
        if directory is not None:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def probe_id(self) -> str:
        """The probe's id, made at random when it is first asked for."""
        known = self._read("probe-id")
        if not known:
            known = new_probe_id()
            self._write("probe-id", known)
        if not PROBE_ID.fullmatch(known):
            raise ValueError(f"{self._directory}/probe-id must hold 1 to 64 characters of A-Z a-z 0-9 _ -")
        return known

    def next_epoch(self) -> int:
        """The epoch of a run that starts now: later than any before, whatever the clock says."""
        return self._advance(max(self._stored() + 1, time.time_ns() // 1_000_000))

    def epoch_after(self, epoch: int) -> int:
        """An epoch later than this one, which the service knows of, and than any before.

        It holds for this run even where it cannot be kept (a full disk): the service then corrects the next run again.
        """
        try:
            return self._advance(max(self._stored(), epoch) + 1)
        except OSError as error:
            _log.warning("the epoch could not be kept: %s", error)
            return self._epoch

    def _advance(self, epoch: int) -> int:
        self._epoch = epoch
        self._write("epoch", str(epoch))
        return epoch

    def _stored(self) -> int:
        return max(parse_epoch(self._read("epoch")), self._epoch)

    def _read(self, name: str) -> str:
        try:
            return "" if self._directory is None else (self._directory / name).read_text("ascii", "replace").strip()
        except FileNotFoundError:
            return ""

    def _write(self, name: str, text: str) -> None:
        if self._directory is None:
            return
        new = self._directory / f"{name}.new"
        with new.open("w", encoding="ascii") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._directory / name)
