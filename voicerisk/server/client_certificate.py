"""Mutual TLS of one gateway: whether the certificate that a peer showed is of its authority and has a wanted name."""

import hashlib
from typing import Final

import msgspec
from cryptography import x509
from cryptography.x509.oid import NameOID

from voicerisk.server.ingest_denied import Denied
from voicerisk.server.tls import Tls

_MAX_NAME_CHARS: Final = 100
_MAX_NAMES: Final = 100
_TEXT: Final = "The client certificate was not accepted."


class ClientCertificate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who may come in with which certificate. Needs `[ingest.tls]`; a proxy in front asks for certificates itself."""

    authority: str
    """PEM file with the authority that issues the certificates: the very one that signs them, not a root above it."""

    names: tuple[str, ...] = ()
    """Common names, or alternative names (DNS, URI, e-mail), of which a certificate must have one. None lets every
    certificate of the authority in, which is right for an authority of the site's own."""

    def __post_init__(self) -> None:
        if not self.authority:
            raise ValueError("client_certificate: authority names no file")


class CertificateCheck:
    """Compares what a peer showed with what one gateway wants."""

    def __init__(self, settings: ClientCertificate, tls: Tls) -> None:
        self._authority = settings.authority
        self._wanted = frozenset(settings.names)
        self._tls = tls

    def key_of(self, shown: bytes | None) -> bytes:
        """The peer's key, stable when its certificate is renewed. Raises `Denied`.

        `shown` is the certificate in DER, already within its time and of an authority that the port knows, or None.
        """
        if shown is None:
            raise _refusal("no client certificate was shown")
        try:
            certificate = x509.load_der_x509_certificate(shown)
            names = names_of(certificate)
        except (ValueError, x509.DuplicateExtension):
            raise _refusal("the client certificate cannot be read") from None
        told = ", ".join(repr(name[:_MAX_NAME_CHARS]) for name in sorted(names)[:3]) or "without a name"
        if not self._tls.is_issued_by(self._authority, certificate):
            raise _refusal(f"the client certificate ({told}) is of another authority than this gateway's")
        if self._wanted and not self._wanted & names:
            raise _refusal(f"the client certificate ({told}) has none of the names that are wanted")
        who = min(self._wanted & names, default=certificate.subject.rfc4514_string())
        return hashlib.sha256(who.encode(errors="surrogatepass")).digest()


def names_of(certificate: x509.Certificate) -> set[str]:
    """The subject's common names and the alternative names for hosts, addresses of the web and of mail.

    Raises `ValueError` and `DuplicateExtension` for a certificate that is put together wrongly.
    """
    names = {str(attribute.value) for attribute in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)}
    try:
        others = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return names
    for kind in (x509.DNSName, x509.UniformResourceIdentifier, x509.RFC822Name):
        names.update(others.get_values_for_type(kind)[:_MAX_NAMES])
    return names


def _refusal(why: str) -> Denied:
    return Denied(403, _TEXT, "certificate", why=why)
