"""Bounds on what one caller may hold at once. Each replica counts for itself."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from mesh.errors import ServiceError, limit_exceeded
from scope.auth.v1.access_pb2 import Caller
from scope.auth.v1.identity_pb2 import Identity


class Per(StrEnum):
    """Whom something is counted for, by the field of Identity that names them."""

    USER = "subject"
    CREDENTIAL = "credential"


class Bound:
    """How much one caller may hold at once in this process.

    Args:
        most: so much.
        what: what is held, in the plural, as messages say it: `watches`.
        per: whom it is counted for. Those who come without a credential count as one; services are not counted.
        setting: the environment variable that raises it.
    """

    def __init__(self, most: int, what: str, per: Per, setting: str) -> None:
        self._most = most
        self._what = what
        self._per = per
        self._setting = setting
        self._held: Counter[str] = Counter()

    @contextmanager
    def held(self, identity: Identity) -> Iterator[None]:
        """Holds one while the body runs.

        Raises:
            ServiceError: RESOURCE_EXHAUSTED (LIMIT_EXCEEDED) where that is one too many.
        """
        name = getattr(identity, self._per)
        if self._held[name] >= self._most and identity.caller != Caller.CALLER_SERVICE:
            raise self._exceeded(
                f"this {self._per.name.lower()}" if identity.credential else "all without a credential"
            )
        self._held[name] += 1
        try:
            yield
        finally:
            self._held[name] -= 1
            if not self._held[name]:
                del self._held[name]

    def _exceeded(self, whose: str) -> ServiceError:
        message = (
            f"too many {self._what}: at this replica {whose} may have {self._most} at once; end some of them first, or "
            f"have an operator raise {self._setting}"
        )
        return limit_exceeded(message)
