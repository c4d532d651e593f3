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

#: A tool's pages bring scripts in their markup, and make some; they come from here, call here, and stand in no frame.
_TOOL_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; worker-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
    "object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)

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


def tool() -> list[Config]:
    """Set on what a tool answers; what is ours, it does not set."""
    return [put("content-security-policy", _TOOL_POLICY), {"remove": "set-cookie"}]
