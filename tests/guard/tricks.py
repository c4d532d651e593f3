"""What callers add to a request, or make of its path, to be taken for somebody or something else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

#: HTTP statuses by verb, the empty one for all others; or the code of gRPC, for who asks for that.
Statuses = Mapping[str, int | str]

#: By status, the reason why the edge itself refuses what is tried here.
REFUSALS: Mapping[int | str, str] = {
    400: "REQUEST_INVALID",
    403: "REQUEST_INVALID",
    404: "ROUTE_NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    426: "REQUEST_INVALID",
}

_NO_SUCH_RESOURCE: Statuses = {"": 404}
#: Outside of /api there are files, which are read only.
NO_SUCH_FILE: Statuses = {"GET": 404, "": 405}
_NO_PATH: Statuses = {"": 400}
_LED_ON: Statuses = {"": 308}


@dataclass(frozen=True)
class Trick:
    """One of them.

    Args:
        name: what it is.
        headers: headers it adds.
        path: what it makes of a path.
        statuses: what comes of it; None: what comes of the request without the trick.
        page: the same, of the address of a page.
    """

    name: str
    headers: Mapping[str, str] = field(default_factory=dict)
    path: Callable[[str], str] = str
    statuses: Statuses | None = None
    page: Statuses | None = None


HEADERS = [
    Trick(f"{name}: {value}", {name: value})
    for name, value in (
        ("x-scope-identity", "eyJhbGciOiJub25lIn0.eyJhZG1pbiI6dHJ1ZX0."),
        ("x-scope-tenant", "0" * 32),
        ("x-scope-reason", "OK"),
        ("x-http-method-override", "GET"),
        ("x-http-method", "GET"),
        ("x-method-override", "OPTIONS"),
        ("x-envoy-original-path", "/api"),
        ("x-envoy-original-method", "GET"),
        ("x-envoy-internal", "true"),
        ("x-envoy-upstream-rq-timeout-ms", "1"),
        ("x-original-url", "/api"),
        ("x-rewrite-url", "/api"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-forwarded-user", "admin"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=127.0.0.1;host=localhost"),
        ("grpc-status", "0"),
    )
]

#: What asks for a WebSocket.
UPGRADE = {
    "connection": "upgrade",
    "upgrade": "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "MDEyMzQ1Njc4OWFiY2RlZg==",
}
#: Pages that are none of ours; browsers say `null` of what has no address.
FOREIGN = ("https://evil.example", "null")

#: What a library for gRPC would not send.
HTTP_HEADERS = [
    Trick("the user agent of a health check", {"user-agent": "Envoy/HC"}),
    Trick("the user agent of a prober", {"user-agent": "kube-probe/1.30"}),
    Trick("a header between neighbours", {"connection": "close, x-scope-identity, x-scope-tenant"}),
    Trick(
        "HTTP/2 by upgrade", {"connection": "upgrade, http2-settings", "upgrade": "h2c", "http2-settings": "AAQAAP__"}
    ),
    Trick("a WebSocket", UPGRADE, statuses={"": 403}),
    Trick("gRPC to a REST path", {"content-type": "application/grpc"}, statuses={"": "UNIMPLEMENTED"}),
    Trick("gRPC-Web", {"content-type": "application/grpc-web+proto"}),
]

PATHS = [
    Trick("a question mark", path=lambda path: f"{path}?"),
    Trick("a dot", path=lambda path: f"/.{path}"),
    Trick("an encoded dot", path=lambda path: f"/%2e{path}"),
    Trick("up and down", path=lambda path: f"/healthz/..{path}"),
    Trick("encoded up", path=lambda path: f"/api/%2e%2e{path}"),
    Trick("an encoded letter", path=lambda path: path.replace("a", "%61", 1)),
    Trick("a backslash", path=lambda path: path.replace("/api/", "/api\\", 1)),
    Trick("the whole address", path=lambda path: f"http://localhost{path}"),
    Trick("another's address", path=lambda path: f"http://169.254.169.254{path}"),
    Trick("a slash at the end", path=lambda path: f"{path}/", statuses=_NO_SUCH_RESOURCE, page=_LED_ON),
    Trick("a dot at the end", path=lambda path: f"{path}/.", statuses=_NO_SUCH_RESOURCE, page=_LED_ON),
    Trick("doubled inside", path=lambda path: path.replace("/api", "/api/", 1), statuses=_NO_SUCH_RESOURCE),
    Trick("doubled in front", path=lambda path: f"/{path}", statuses=NO_SUCH_FILE),
    Trick("capitals", path=lambda path: path.replace("/api", "/API", 1), statuses=NO_SUCH_FILE),
    Trick("a parameter", path=lambda path: path.replace("/api", "/api;x", 1), statuses=NO_SUCH_FILE),
    Trick("an encoded slash in front", path=lambda path: f"/%2f{path[1:]}", statuses=NO_SUCH_FILE),
    Trick("an encoded slash", path=lambda path: f"/x/..%2f{path[1:]}", statuses=NO_SUCH_FILE),
    Trick("encoded twice", path=lambda path: path.replace("a", "%2561", 1), statuses=NO_SUCH_FILE),
    Trick("a fragment", path=lambda path: f"{path}#x", statuses=_NO_PATH),
    Trick("a fragment in front", path=lambda path: f"/api#/..{path}", statuses=_NO_PATH),
    Trick("a NUL", path=lambda path: f"{path}%00", statuses=_NO_PATH),
]

#: Of the paths of RPCs: none of them is one.
RPC_PATHS = [
    Trick("doubled", path=lambda path: f"/{path}"),
    Trick("a slash at the end", path=lambda path: f"{path}/"),
    Trick("under /api", path=lambda path: f"/api{path}"),
    Trick("small letters", path=str.lower),
    Trick("an encoded slash", path=lambda path: "/" + path[1:].replace("/", "%2f")),
]

#: Verbs of HTTP that a resource may or may not take.
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
