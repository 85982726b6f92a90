"""What a gateway signs its upgrade request with, so that a server that asks for signatures can be tried."""

import hmac
import secrets
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from voicerisk.gateways.signature import REQUIRED

SIGNED: Final = ("twilio", "signalwire", "plivo", "audiohook")
"""Protocols whose gateways sign."""

_NONCE_BYTES: Final = 18
_HOLDS_S: Final = 30


class SecretError(ValueError):
    """The secret is not of the kind that the gateway has."""


def signed(protocol: str, url: str, headers: Mapping[str, str], secret: str, now_s: float) -> Mapping[str, str]:
    """`headers` and those that sign the request.

    Args:
        protocol: Which gateway signs, one of `SIGNED`.
        url: Where the request goes; Twilio and Plivo sign it, and the server checks it against its public address.
        headers: The request's own headers.
        secret: The account's auth token, or "API key:client secret" for AudioHook.
        now_s: Seconds since the epoch.

    Raises:
        SecretError: The protocol knows no signature, or the secret is none of AudioHook's.
    """
    if protocol in ("twilio", "signalwire"):
        return {**headers, "X-Twilio-Signature": _base64(secret.encode(), url, "sha1")}
    if protocol == "plivo":
        nonce = secrets.token_urlsafe(_NONCE_BYTES)
        signature = _base64(secret.encode(), f"{url}.{nonce}", "sha256")
        return {**headers, "X-Plivo-Signature-V3": signature, "X-Plivo-Signature-V3-Nonce": nonce}
    if protocol == "audiohook":
        return _audiohook(url, headers, secret, int(now_s))
    raise SecretError(f"{protocol} signs nothing; one of {', '.join(SIGNED)} does")


def _audiohook(url: str, headers: Mapping[str, str], secret: str, now_s: int) -> Mapping[str, str]:
    api_key, _, client_secret = secret.partition(":")
    try:
        key = b64decode(client_secret, validate=True)
    except ValueError:
        key = b""
    if not api_key or not key:
        raise SecretError("AudioHook's secret is wanted as API-KEY:CLIENT-SECRET, the latter in base64")
    parts = urlsplit(url)
    shown = {**headers, "X-API-KEY": api_key}
    known = {name.lower(): value for name, value in shown.items()}
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    known |= {"@request-target": target, "@authority": parts.netloc.rpartition("@")[2].lower()}
    names = " ".join(f'"{name}"' for name in REQUIRED)
    nonce = secrets.token_urlsafe(_NONCE_BYTES)
    parameters = (
        f'({names});keyid="{api_key}";nonce="{nonce}";alg="hmac-sha256";created={now_s};expires={now_s + _HOLDS_S}'
    )
    base = "\n".join([*(f'"{name}": {known[name]}' for name in REQUIRED), f'"@signature-params": {parameters}'])
    signature = _base64(key, base, "sha256")
    return {**shown, "Signature-Input": f"sig1={parameters}", "Signature": f"sig1=:{signature}:"}


def _base64(key: bytes, text: str, algorithm: str) -> str:
    return b64encode(hmac.new(key, text.encode(), algorithm).digest()).decode()
