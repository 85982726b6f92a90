"""What a gateway may have to show besides a token: a signature, a certificate, or a user's name and password."""

from base64 import b64decode
from collections.abc import Collection
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from voicerisk.gateways.signature import SignatureRules
from voicerisk.server.client_certificate import ClientCertificate

MIN_SECRET_CHARS: Final = 16
"""A shorter secret can be guessed."""


class TwilioSignature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`X-Twilio-Signature`, of Twilio and of those who sign as it does."""

    public_url: str
    """Where Twilio reaches this server, without the gateway's path: "wss://voicerisk.example.com". What Twilio signs is
    this address, whatever a proxy makes of it."""

    auth_tokens: tuple[str, ...] = ()
    """The account's tokens; more than one while they are exchanged."""

    shared_keys: dict[str, str] = {}
    """Secrets by the id of their key, for requests signed with HMAC-SHA256."""

    accept_https: bool = False
    """Whether a signature over https:// in the place of wss:// counts as well."""

    def __post_init__(self) -> None:
        _check_url(self.public_url)
        _check_secrets("twilio_signature", (*self.auth_tokens, *self.shared_keys.values()))

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"TwilioSignature(public_url={self.public_url!r})"


class PlivoSignature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`X-Plivo-Signature-V3`."""

    public_url: str
    """Where Plivo reaches this server, without the gateway's path."""

    auth_tokens: tuple[str, ...]
    """The account's tokens; more than one while they are exchanged."""

    def __post_init__(self) -> None:
        _check_url(self.public_url)
        _check_secrets("plivo_signature", self.auth_tokens)

    def __repr__(self) -> str:
        """Without the secrets."""
        return f"PlivoSignature(public_url={self.public_url!r})"


class AudioHookSignature(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The signed upgrade request of Genesys AudioHook. A proxy in front must leave path and Host as they are."""

    client_secrets: dict[str, str]
    """The client secret of each API key, in base64 as Genesys shows it. An empty one lets requests in that show this
    key and no signature, as an integration without a secret sends them; the key is then all the proof there is."""

    max_age_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    """How long after it was made a signature counts."""

    clock_skew_s: Annotated[float, msgspec.Meta(ge=0)] = 3.0
    """How far the peer's clock may be off, either way."""

    max_nonces: Annotated[int, msgspec.Meta(ge=1)] = 65_536
    """Requests remembered at most, so that none is taken twice; with more within their time, they are refused."""

    def __post_init__(self) -> None:
        if not self.client_secrets:
            raise ValueError("audiohook_signature: client_secrets is empty; give the secret of each API key")
        for key, secret in self.client_secrets.items():
            if not secret:
                _check_secrets("audiohook_signature: an API key without a secret", (key,))
                continue
            _check_secrets("audiohook_signature", (secret,))
            try:
                b64decode(secret, validate=True)
            except ValueError:
                raise ValueError("audiohook_signature: a client secret is not base64; copy it whole") from None

    def __repr__(self) -> str:
        """Without keys and secrets."""
        return f"AudioHookSignature(client_secrets=<{len(self.client_secrets)}>)"

    @property
    def rules(self) -> SignatureRules:
        """When a signature counts, as the check wants it."""
        return SignatureRules(max_age_s=self.max_age_s, clock_skew_s=self.clock_skew_s, max_nonces=self.max_nonces)


class GatewayAuth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The proofs that a gateway asks for; none, unless one is given.

    A signature and a certificate have to be right in any case. Where there are tokens or users too, one of those has to
    be shown as well.
    """

    twilio_signature: TwilioSignature | None = None
    plivo_signature: PlivoSignature | None = None
    audiohook_signature: AudioHookSignature | None = None

    client_certificate: ClientCertificate | None = None
    """The certificate that the peer has to show in the TLS handshake."""

    basic: dict[str, str] = {}
    """The password of each user, for `Authorization: Basic`."""

    def __post_init__(self) -> None:
        if sum(signature is not None for signature in self._signatures()) > 1:
            raise ValueError("auth: one gateway has one kind of signature; give the others a path of their own")
        if any(":" in user or not user for user in self.basic):
            raise ValueError("auth: a user of basic has a name without a colon")
        if self.basic:
            _check_secrets("basic", self.basic.values())

    def __repr__(self) -> str:
        """What is asked for, without the secrets."""
        return f"GatewayAuth({', '.join(self.kinds)})"

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.kinds)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of the proofs that are asked for."""
        named = zip(("twilio_signature", "plivo_signature", "audiohook_signature"), self._signatures(), strict=True)
        others = {"client_certificate": self.client_certificate, "basic": self.basic}
        return (*(name for name, signature in named if signature), *(name for name, value in others.items() if value))

    def _signatures(self) -> tuple[TwilioSignature | None, PlivoSignature | None, AudioHookSignature | None]:
        return self.twilio_signature, self.plivo_signature, self.audiohook_signature


def _check_secrets(where: str, secrets: Collection[str]) -> None:
    if not secrets:
        raise ValueError(f"{where}: no secret is given, so nobody could be let in")
    if any(len(secret) < MIN_SECRET_CHARS for secret in secrets):
        raise ValueError(f"{where}: a secret is shorter than {MIN_SECRET_CHARS} characters and can be guessed")


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("wss", "ws", "https", "http") and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment:
        raise ValueError(f"public_url: {url!r} is wanted as in 'wss://voicerisk.example.com', without a query")
