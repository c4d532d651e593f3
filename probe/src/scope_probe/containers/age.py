"""How long ago, the coarser the longer: what changes with every look would make every report carry every container."""

from typing import NamedTuple

from scope_probe.containers.model import Container

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


class Age(NamedTuple):
    """So many seconds, a whole number of minutes, hours or days, and the same in words."""

    seconds: int
    words: str


def age(seconds: float) -> Age:
    """Of a time that passed."""
    for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")):
        count = int(seconds // unit)
        if count > 0:
            return Age(count * unit, f"{count} {name}{'s' if count > 1 else ''}")
    return Age(0, "less than a minute")


def in_words(container: Container, now: float) -> str:
    """A container's state as engines print it: `Up 3 minutes (Paused)`, `Exited (0) 2 hours ago`."""
    up = f"Up {age(now - container.started).words}" if container.started else "Up"
    ago = f" {age(now - container.finished).words} ago" if container.finished else ""
    words = {
        "running": up,
        "paused": f"{up} (Paused)",
        "restarting": f"Restarting ({container.exit_code}){ago}",
        "exited": f"Exited ({container.exit_code}){ago}",
        "removing": "Removal In Progress",
    }
    return words.get(container.state, container.state.capitalize())
