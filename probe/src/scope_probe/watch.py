"""Says in plain words whether reports arrive."""

import time
from dataclasses import dataclass, field

import structlog

from scope_sdk import Publisher

_OTHER_PORT = "check that the target is right; a service that speaks TLS wants https://HOST:PORT"
#: What gRPC says where no service answers as one does, and what to do then.
_NO_ANSWERS = {
    "CERTIFICATE_VERIFY_FAILED": "name the authority that vouches for the service's certificate with --ca-file",
    "Hostname Verification Check failed": "use the name or address that the service's certificate is for",
    "WRONG_VERSION_NUMBER": "the service does not speak TLS there: leave out https://",
    "Socket closed": _OTHER_PORT,
    # A redirect, among others.
    "UNKNOWN: no details": _OTHER_PORT,
}
_REFUSED = frozenset({"CREDENTIAL_INVALID", "CREDENTIAL_REVOKED", "UNAUTHENTICATED", "PERMISSION_DENIED"})
_OPERATORS = frozenset({"LIMIT_EXCEEDED", "LOG_FULL", "ORGANIZATION_REFUSED"})


def advice(problem: str) -> str:
    """What somebody may do about an error of the SDK's."""
    if problem.partition(":")[0] in _REFUSED:
        return "check the service token (--service-token or SCOPE_SERVICE_TOKEN); it may have been revoked"
    if problem.partition(":")[0] in _OPERATORS:
        return "tell whoever operates the service"
    for words, remedy in _NO_ANSWERS.items():
        if words in problem:
            return remedy
    return "check that the service runs and that the target is right"


@dataclass
class Watch:
    """Logs when a publisher's connection comes, goes and comes back, and what was lost meanwhile."""

    publisher: Publisher
    service: str
    _log: structlog.typing.FilteringBoundLogger = field(default_factory=structlog.get_logger, init=False)
    _known: bool = field(default=False, init=False)
    _away: float | None = field(default=None, init=False)
    _problem: str = field(default="", init=False)
    _dropped: int = field(default=0, init=False)

    def look(self) -> None:
        """Log what changed since the last look."""
        if self.publisher.connected:
            self._connected()
        elif self.publisher.problem:
            self._missing(self.publisher.problem)

    def _connected(self) -> None:
        if self._away is not None:
            away = round(time.monotonic() - self._away)
            dropped = self.publisher.dropped - self._dropped
            self._log.info("connected again", service=self.service, away_seconds=away, reports_dropped=dropped)
        elif not self._known:
            self._log.info("connected", service=self.service, probe=self.publisher.probe_id)
        self._known, self._away, self._problem, self._dropped = True, None, "", self.publisher.dropped

    def _missing(self, problem: str) -> None:
        if self._away is None:
            self._away = time.monotonic()
        if problem != self._problem:
            self._problem = problem
            event = "not connected; trying again, and keeping the newest reports meanwhile"
            self._log.warning(event, service=self.service, why=problem, advice=advice(problem))
