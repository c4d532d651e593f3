"""Connections to an edge, in clear or over TLS."""

import socket
import ssl
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest


def _speaks_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not _speaks_ipv6(), reason="this machine speaks no IPv6")


def connect(url: str, ca_file: str | Path | None, timeout: float) -> HTTPConnection:
    """One to the edge of this address; over TLS the authorities in the file vouch for it, or else the system's."""
    parts = urlsplit(url)
    if parts.scheme != "https":
        return HTTPConnection(parts.netloc, timeout=timeout)
    return HTTPSConnection(parts.netloc, timeout=timeout, context=context(ca_file))


def context(ca_file: str | Path | None) -> ssl.SSLContext:
    """Trusts what the file vouches for, be it an authority or the very certificate that is served."""
    trusting = ssl.create_default_context(cafile=ca_file or None)
    trusting.verify_flags |= ssl.VerifyFlags.VERIFY_X509_PARTIAL_CHAIN
    return trusting
