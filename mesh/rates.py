"""How often something may happen, as settings say it: `10 per hour`, `5 per 10 minutes`, `3 per second`."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_settings import NoDecode

_FORM = re.compile(r"([1-9]\d{0,8}) per (?:([1-9]\d{0,4}) )?(second|minute|hour|day)s?", re.ASCII)


@dataclass(frozen=True)
class Rate:
    """So many in so long. As many may come at once; what was used comes back evenly."""

    count: int
    per: timedelta
    #: As a setting says it.
    text: str

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Reads `10 per hour`; raises ValueError that says what a rate looks like."""
        found = _FORM.fullmatch(" ".join(text.split()).lower())
        if found is None:
            raise ValueError(f"is {text!r}, not a rate like '10 per hour', '5 per 10 minutes' or '3 per second'")
        count, number, unit = found.groups()
        return cls(int(count), timedelta(**{f"{unit}s": int(number or 1)}), found[0])

    @property
    def interval(self) -> timedelta:
        """How long it takes until one comes back; rounded down, so that all fit into the time."""
        return self.per // self.count


def _read(value: Rate | str) -> Rate:
    return value if isinstance(value, Rate) else Rate.parse(value)


#: The type of a setting that is a rate.
RateSetting = Annotated[Rate, NoDecode, BeforeValidator(_read)]
