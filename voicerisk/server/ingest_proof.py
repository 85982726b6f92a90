"""Whether a request proves whose it is: its certificate, its signature, its token, or its user and password."""

import hashlib
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from voicerisk.gateways.codec import Handshake
from voicerisk.gateways.signature import NonceBook, SignatureError, verify_request
from voicerisk.gateways.url_signature import verify_plivo, verify_twilio
from voicerisk.server.client_certificate import CertificateCheck
from voicerisk.server.gateway_auth import AudioHookSignature, GatewayAuth, PlivoSignature, TwilioSignature
from voicerisk.server.ingest_denied import Denied
from voicerisk.server.tls import Tls
from voicerisk.server.tokens import TokenBook, basic_credentials, shown_tokens

REFUSAL_S: Final = 0.5
"""A request with a bad signature is answered so long after it came, whatever was wrong: the time tells nothing."""

SignatureCheck = Callable[[str, Mapping[str, str], float], bytes]
"""The key of the peer that signed a request, given its raw target, its headers (names in lower case) and the time in
seconds since the epoch. Raises `Denied`."""


class Proof(msgspec.Struct, frozen=True):
    """What one gateway asks for. Whatever a check compares is kept as digests, or inside the check."""

    path: str
    tokens: TokenBook
    users: TokenBook
    signature: SignatureCheck | None = None
    certificate: CertificateCheck | None = None

    def of(self, handshake: Handshake, target: str, shown_certificate: bytes | None, now_s: float) -> bytes | None:
        """The key of the peer, stable and no secret: empty where nothing is asked, None if it may still show a token.

        `target` is the request's path with its query as it came, `shown_certificate` the peer's in DER, if it showed
        one; `now_s` counts from the epoch. Raises `Denied`.
        """
        signer = self.certificate.key_of(shown_certificate) if self.certificate is not None else b""
        if self.signature is not None:
            signer = self.signature(target, handshake.headers, now_s)
        if not self.tokens and not self.users:
            return signer
        credentials = basic_credentials(handshake)
        user = self.users.match([credentials]) if credentials is not None else None
        shown = shown_tokens(handshake, self.path)
        token = user or self.tokens.match(shown)
        if token is None and not self.tokens:
            why = "no user and password" if credentials is None else "The user or the password is wrong."
            raise Denied(
                401, "A user and a password are wanted.", "token", why=why, challenge='Basic realm="voicerisk"'
            )
        if token is None and shown:
            raise Denied(401, "The token is not one of ours.", "token")
        return token


def proof_of(path: str, tokens: tuple[str, ...], auth: GatewayAuth, tls: Tls | None) -> Proof:
    """What the gateway at `path` asks for; `tls` is the port's own, None where a proxy in front speaks it."""
    certificate = None
    if auth.client_certificate is not None and tls is not None:  # the settings hold no certificate without TLS
        certificate = CertificateCheck(auth.client_certificate, tls)
    users = TokenBook(f"{user}:{password}" for user, password in auth.basic.items())
    return Proof(path, TokenBook(tokens), users, _signature_check(path, auth), certificate)


def _signature_check(path: str, auth: GatewayAuth) -> SignatureCheck | None:
    account = _key(path)
    if auth.twilio_signature is not None:
        return _twilio(auth.twilio_signature, account)
    if auth.plivo_signature is not None:
        return _plivo(auth.plivo_signature, account)
    return _audiohook(auth.audiohook_signature) if auth.audiohook_signature is not None else None


def _twilio(settings: TwilioSignature, account: bytes) -> SignatureCheck:
    base = settings.public_url.rstrip("/")

    def check(target: str, headers: Mapping[str, str], _now_s: float) -> bytes:
        try:
            verify_twilio(
                base + target,
                headers,
                settings.auth_tokens,
                settings.shared_keys,
                accept_https=settings.accept_https,
            )
        except SignatureError as error:
            raise _refusal(403, error) from None
        return account

    return check


def _plivo(settings: PlivoSignature, account: bytes) -> SignatureCheck:
    base = settings.public_url.rstrip("/")

    def check(target: str, headers: Mapping[str, str], _now_s: float) -> bytes:
        try:
            verify_plivo(base + target, headers, settings.auth_tokens)
        except SignatureError as error:
            raise _refusal(403, error) from None
        return account

    return check


def _audiohook(settings: AudioHookSignature) -> SignatureCheck:
    rules = settings.rules
    nonces = NonceBook(rules.max_nonces)

    def check(target: str, headers: Mapping[str, str], now_s: float) -> bytes:
        try:
            return _key(verify_request(target, headers, settings.client_secrets, now_s, nonces, rules))
        except SignatureError as error:
            raise _refusal(401, error) from None

    return check


def _refusal(status: int, error: SignatureError) -> Denied:
    text = "The signature of the request was not accepted."
    return Denied(status, text, "signature", why=str(error), challenge="Signature", answer_after_s=REFUSAL_S)


def _key(name: str) -> bytes:
    return hashlib.sha256(name.encode(errors="surrogatepass")).digest()
