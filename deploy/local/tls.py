"""The certificate that the edge serves: checked before anything starts, and again whenever its files change."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from deploy.secrets.files import write_private


class TlsError(Exception):
    """TLS cannot be served with these files; the message names the file, says why, and what to do."""


@dataclass(frozen=True)
class Pair:
    """A certificate with those between it and its authority, and its private key, both PEM.

    Attributes:
        certificate: the first is the edge's own.
        key: of that one.
        names: whom that one is for, by name; some with a leading `*.`.
        addresses: the same by IP address.
    """

    certificate: bytes
    key: bytes
    names: tuple[str, ...]
    addresses: tuple[str, ...]

    def covers(self, host: str) -> bool:
        """Whether clients that come to this host take the certificate."""
        host = host.lower()
        return host in (*self.names, *self.addresses) or f"*.{host.partition('.')[2]}" in self.names


@dataclass(frozen=True)
class Tls:
    """The certificate of one mesh: the files that a person gave, and the copies of them from which the edge serves.

    The copies are always a pair that works, so the edge may start again at any time, whatever happens to the files.
    """

    given: tuple[Path, Path]
    folder: Path

    @property
    def certificate(self) -> Path:
        """The certificate that is served."""
        return self.folder / "certificate.pem"

    @property
    def key(self) -> Path:
        """Its private key."""
        return self.folder / "key.pem"

    def renew(self) -> bool:
        """Takes over what was given; answers whether that was something new.

        Raises:
            TlsError: it cannot be served; what was served goes on being served.
        """
        pair = read(*self.given)
        if self.certificate.exists() and self.certificate.read_bytes() == pair.certificate:
            return False
        self.folder.mkdir(mode=0o700, exist_ok=True)
        # The edge reads both again whenever one of them is moved here; with the second they are a pair.
        for path, content in ((self.key, pair.key), (self.certificate, pair.certificate)):
            write_private(path, content.decode("ascii"))
        return True


def read(certificate: Path, key: Path) -> Pair:
    """The pair in these files.

    Raises:
        TlsError: it cannot be served.
    """
    chain, private = _content("TLS_CERT", certificate), _content("TLS_KEY", key)
    try:
        first = x509.load_pem_x509_certificates(chain)[0]
    except ValueError as error:
        raise TlsError(f"TLS_CERT: {certificate} holds no certificate in PEM form") from error
    if _public_key(key, private) != first.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise TlsError(f"TLS_KEY: {key} is not the key of the first certificate in {certificate}")
    _check_time(certificate, first)
    return Pair(chain, private, *_hosts(first))


def _content(name: str, path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TlsError(f"{name}: {path} cannot be read: {error.strerror}") from error
    if not content.isascii():
        raise TlsError(f"{name}: {path} is not in PEM form")
    return content


def _public_key(path: Path, private: bytes) -> bytes:
    try:
        key = load_pem_private_key(private, password=None)
    except TypeError as error:
        raise TlsError(f"TLS_KEY: {path} is protected by a password; give a key without one") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise TlsError(f"TLS_KEY: {path} holds no private key in PEM form") from error
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _check_time(path: Path, certificate: x509.Certificate) -> None:
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    now = datetime.now(UTC)
    if now >= ends:
        raise TlsError(f"TLS_CERT: {path} expired on {ends:%Y-%m-%d %H:%M} UTC; renew it")
    if now < begins:
        raise TlsError(
            f"TLS_CERT: {path} is not valid before {begins:%Y-%m-%d %H:%M} UTC; is this machine's clock right?"
        )


def _hosts(certificate: x509.Certificate) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names and the addresses that it is for; none where it has no such extension."""
    try:
        hosts = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return (), ()
    names = tuple(name.lower() for name in hosts.get_values_for_type(x509.DNSName))
    return names, tuple(str(address) for address in hosts.get_values_for_type(x509.IPAddress))
