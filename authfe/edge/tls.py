"""TLS at the edge, and what those hear who come without it."""

from pathlib import Path

from authfe.edge.deployment import Deployment, Tls, parse_address
from authfe.edge.typed import Config, extension, typed

_CERTIFICATE = "edge"

#: Forward secrecy and authenticated encryption alone; those of TLS 1.3 are all like that and cannot be chosen.
_CIPHERS = (
    "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]",
    "[ECDHE-RSA-AES128-GCM-SHA256|ECDHE-RSA-CHACHA20-POLY1305]",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
)

#: For a year, browsers that were here once come without TLS no more.
STRICT_TRANSPORT_SECURITY = "max-age=31536000"


def transport_socket(secrets: Path) -> Config:
    """Speaks TLS 1.2 and 1.3 with HTTP/2 and HTTP/1.1; the file `secrets` says which certificate."""
    source = {"path_config_source": {"path": str(secrets)}, "resource_api_version": "V3"}
    common = {
        "alpn_protocols": ["h2", "http/1.1"],
        "tls_params": {
            "tls_minimum_protocol_version": "TLSv1_2",
            "tls_maximum_protocol_version": "TLSv1_3",
            "cipher_suites": _CIPHERS,
        },
        "tls_certificate_sds_secret_configs": [{"name": _CERTIFICATE, "sds_config": source}],
    }
    context = "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"
    return extension("envoy.transport_sockets.tls", context, common_tls_context=common)


def secrets(tls: Tls) -> Config:
    """What Envoy reads to find the certificate; it reads both files again when a file is moved into their folder."""
    certificate = {
        "certificate_chain": {"filename": str(tls.certificate)},
        "private_key": {"filename": str(tls.key)},
        "watched_directory": {"path": str(tls.certificate.parent)},
    }
    secret = typed("envoy.extensions.transport_sockets.tls.v3.Secret", name=_CERTIFICATE, tls_certificate=certificate)
    return {"resources": [secret]}


def redirect_routes(deployment: Deployment) -> Config:
    """The route table of the plain listener: the same address over TLS, whatever is asked for."""
    port = parse_address(deployment.listen).port
    redirect = {"https_redirect": True, "response_code": "PERMANENT_REDIRECT", "port_redirect": port}
    route = {"name": "redirect", "match": {"prefix": "/"}, "redirect": redirect}
    return {"name": "redirect", "virtual_hosts": [{"name": "redirect", "domains": ["*"], "routes": [route]}]}
