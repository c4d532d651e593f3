"""What every answer tells the browser that reads it, whoever made it: a service, users, or the edge itself."""

from authfe.edge import cors
from authfe.edge.deployment import Deployment
from authfe.edge.mutations import put
from authfe.edge.tls import STRICT_TRANSPORT_SECURITY
from authfe.edge.typed import Config

#: An answer of the API is data. Where a browser shows it nevertheless, it may do nothing and stand in no frame.
_DATA_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

#: The pages' own files, calls to where they came from, and nothing else: no script or style within the markup, no
#: plugin, no form, no frame around them.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)

#: A tool's pages bring scripts in their markup, and make some. They are of our origin, so what they may reach is named
#: by its path: a script that somebody got into one of them calls no API with the session of who looks at it.
_TOOL_POLICY = (
    "default-src 'none'; script-src {here} 'unsafe-inline' 'unsafe-eval'; worker-src {here} blob:; "
    "style-src {here} 'unsafe-inline'; img-src {here} data: blob:; font-src {here} data:; "
    "connect-src {here} ws://{here}; object-src 'none'; base-uri {here}; form-action {here}; frame-ancestors 'none'"
)

#: What a tool may not tell browsers about all of our origin: cookies, what to forget, scripts that stand between pages
#: and us, who else may read it, where else it is.
_OF_THE_ORIGIN = ("set-cookie", "clear-site-data", "service-worker-allowed", "alt-svc")

_ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # Addresses name organizations, hosts and processes.
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), serial=(), usb=(), xr-spatial-tracking=()"
    ),
}


def common(deployment: Deployment) -> list[Config]:
    """Set on every answer; what is said of caching, and the policy, only where a route or service says nothing else."""
    return [
        *(put(name, value) for name, value in _ALWAYS.items()),
        put("content-security-policy", _DATA_POLICY, "ADD_IF_ABSENT"),
        # Secrets are shown once, and a tenant's data to its members.
        put("cache-control", "no-store", "ADD_IF_ABSENT"),
        *([put("strict-transport-security", STRICT_TRANSPORT_SECURITY)] if deployment.tls else []),
        *cors.answers(deployment.cors_origins),
    ]


def redirection() -> list[Config]:
    """Set on what is said in clear where TLS is served: as everywhere, but for what browsers take over TLS alone."""
    return [*(put(name, value) for name, value in _ALWAYS.items()), put("content-security-policy", _DATA_POLICY)]


def pages() -> list[Config]:
    """Set on the files of the pages; how long they may be kept is said by what serves them."""
    return [put("content-security-policy", _PAGE_POLICY)]


def tool(place: str) -> list[Config]:
    """Set on what a tool below this path answers; what is ours, it does not set.

    A page of another opener policy than that of ours holds no window of ours either, and none of ours holds its.
    """
    policy = _TOOL_POLICY.format(here=f"%REQ(:authority)%{place}")
    return [
        put("content-security-policy", policy),
        put("cross-origin-opener-policy", "unsafe-none"),
        *({"remove": name} for name in _OF_THE_ORIGIN),
        {"remove_on_match": {"key_matcher": {"prefix": "access-control-"}}},
    ]
