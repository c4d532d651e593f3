"""How a command ends that did not do what it was asked for."""

import enum
from typing import NoReturn

import typer


class Status(enum.IntEnum):
    """Exit statuses, as `sysexits.h` has them; those of commands that `scope exec` runs are most often smaller."""

    #: Somebody did not agree to what was asked before it was done.
    DECLINED = 1
    #: Something that it was told is wrong: there is no such topology, option or control.
    USAGE = 64
    #: No node is called so, or several are.
    NO_TARGET = 68
    #: The service, or the probe, is not reached; nothing was done.
    UNAVAILABLE = 69
    #: Something went wrong in the service, or it is not known what became of a control.
    FAULT = 70
    #: The probe refuses, or what it did failed.
    REFUSED = 73
    #: A terminal or stream ended before what runs in it did.
    BROKEN = 74
    #: It took too long, or there is too much of it; another time it may work.
    LATER = 75
    #: The token is not known, or does not allow it.
    NOT_ALLOWED = 77
    #: By Ctrl-C; as shells say it, 128 and the number of the signal.
    INTERRUPTED = 130


class Failure(Exception):  # noqa: N818 - it is how a command ends, and no error of the program's
    """Ends the command with a line for people, and a status for programs."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def leave(error: Exception, status: int) -> NoReturn:
    """Ends the command with what went wrong."""
    typer.echo(typer.style("Error: ", fg="red", bold=True) + str(error), err=True)
    raise typer.Exit(status) from None
