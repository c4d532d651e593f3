"""Of whose pages the deployment takes state changes: a browser sends its credential whichever page asks."""

from collections.abc import Iterable
from urllib.parse import urlsplit

import grpc

from mesh.errors import ServiceError
from mesh.origins import on_loopback, origin
from scope.edge.v1.authorization_pb2 import AttributeContext
from scope.errors.v1.errors_pb2 import Reason

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: What a request for a WebSocket has, which is a way to change things whatever its method.
_UPGRADE = "upgrade"
_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_OWN_SITE = ("same-origin", "none")


class TrustedOrigins:
    """The deployment's own origin, and those that its operator has opened it to.

    What the request calls its host decides nothing: a page under a name that leads here would be its own then. Only one
    that browsers find on the loopback has all names of that.

    Args:
        public_url: where browsers find the deployment.
        others: the other origins.
    """

    def __init__(self, public_url: str, others: Iterable[str] = ()) -> None:
        self._own = origin(public_url)
        self._trusted = {self._own, *_also_called(self._own), *others}

    def check(self, http: AttributeContext.HttpRequest) -> None:
        """Refuses a state change that another site's page asks for, signed in or not; programs say nothing of pages.

        So is a WebSocket, for which all browsers say whose page asks, and which needs to be told wherever there is a
        cookie.

        Raises:
            ServiceError: PERMISSION_DENIED, FOREIGN_ORIGIN.
        """
        if _reads(http) or self._trusts(http.headers.get("origin"), http):
            return
        message = f"the page that asks for this is not of {self._own}, and its origin is not trusted there"
        raise ServiceError(grpc.StatusCode.PERMISSION_DENIED, Reason.REASON_FOREIGN_ORIGIN, message)

    def _trusts(self, page: str | None, http: AttributeContext.HttpRequest) -> bool:
        if page is None:
            return http.headers.get("sec-fetch-site", "none") in _OWN_SITE and not _untold(http)
        return page in self._trusted


def _reads(http: AttributeContext.HttpRequest) -> bool:
    return http.method.upper() in _SAFE_METHODS and _UPGRADE not in http.headers


def _untold(http: AttributeContext.HttpRequest) -> bool:
    """Whether a WebSocket is asked for with a cookie, where browsers would have said for whose page."""
    return _UPGRADE in http.headers and "cookie" in http.headers and "authorization" not in http.headers


def _also_called(own: str) -> set[str]:
    """The names of an origin on this machine's loopback."""
    parts = urlsplit(own)
    port = f":{parts.port}" if parts.port else ""
    return {f"{parts.scheme}://{name}{port}" for name in _LOOPBACK} if on_loopback(own) else set()
