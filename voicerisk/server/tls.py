"""TLS on a listening port: its certificate, the authorities of those who must show one, new files while calls go on.

A handshake uses the files as they were last loaded, and a connection keeps what it began with, so that certificates can
be exchanged at any time. Files that cannot be used change nothing.
"""

import ssl
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import structlog
from cryptography import x509
from cryptography.exceptions import InvalidSignature

from voicerisk.server import metrics

_log = structlog.get_logger(__name__)


class TlsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Certificate of a port, for sites without a proxy that does this. SIGHUP loads the files anew."""

    certificate: str
    """PEM file with the certificate and its chain."""

    key: str
    """PEM file with the private key, without a password."""


class _Files(msgspec.Struct, frozen=True):
    """What the files held."""

    context: ssl.SSLContext
    authorities: Mapping[str, tuple[x509.Certificate, ...]]


class Tls:
    """`context` is what the port listens with, for as long as it does.

    `port` is the port's name in logs and metrics. `authorities` are PEM files with the authorities of clients'
    certificates; where there are any, a client is asked for a certificate, and one of another authority fails the
    handshake. Who shows none gets through: whether that is enough is for the gateway to say.
    """

    def __init__(self, settings: TlsSettings, port: str, authorities: Sequence[str] = ()) -> None:
        """Raises `OSError` (of which `ssl.SSLError` is one) for a file that is missing or cannot be used."""
        self._settings = settings
        self._port = port
        self._paths = tuple(dict.fromkeys(authorities))
        self._files = self._load()
        self.context = _context(settings, self._paths)
        self.context.sni_callback = self._use_latest
        self.context.sslobject_class = _Watched

    def reload(self) -> None:
        """Reads the files again, for the handshakes to come. Raises as the constructor does, and changes nothing."""
        self._files = self._load()

    def is_issued_by(self, authority: str, certificate: x509.Certificate) -> bool:
        """Whether the certificate was signed by an authority in that file, one of `authorities`, as last loaded."""
        return any(_signed(certificate, issuer) for issuer in self._files.authorities[authority])

    def _load(self) -> _Files:
        context = _context(self._settings, self._paths)
        authorities = {path: _certificates(path) for path in self._paths}
        own = _certificates(self._settings.certificate)[0]
        metrics.tls_expires.labels(self._port).set(own.not_valid_after_utc.timestamp())
        _log.info("certificate loaded", port=self._port, until=own.not_valid_after_utc.isoformat())
        return _Files(context, authorities)

    def _use_latest(self, handshake: ssl.SSLObject | ssl.SSLSocket, _name: str | None, _own: ssl.SSLContext) -> None:
        """OpenSSL's hook for choosing by server name; it is called whether or not the client names one."""
        handshake.context = self._files.context


class _Watched(ssl.SSLObject):
    """Says why a handshake fails: the event loop drops such a connection without a word."""

    def do_handshake(self) -> None:
        """As ever."""
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as error:
            why = error.verify_message if isinstance(error, ssl.SSLCertVerificationError) else error.reason
            metrics.tls_failed.inc()
            _log.info("TLS handshake failed", why=why or "not said")
            raise


def _context(settings: TlsSettings, authorities: Sequence[str]) -> ssl.SSLContext:
    for path in (settings.certificate, settings.key, *authorities):
        with Path(path).open("rb"):
            pass  # OpenSSL's own error does not name the file
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password of its own it would ask the terminal for one.
        context.load_cert_chain(settings.certificate, settings.key, password=lambda: b"")
    except ssl.SSLError as error:
        why = error.reason or "it has a password, or is no key"
        raise OSError(f"{settings.certificate} and {settings.key} cannot be used together: {why}") from None
    for path in authorities:
        try:
            context.load_verify_locations(path)
        except ssl.SSLError as error:
            raise OSError(f"{path} holds no certificate of an authority: {error.reason}") from None
        context.verify_mode = ssl.CERT_OPTIONAL
        # The file may hold the authority that issues the certificates, without the root above it.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _certificates(path: str) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(Path(path).read_bytes()))
    except ValueError as error:
        raise OSError(f"{path} cannot be read as certificates: {error}") from None


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
