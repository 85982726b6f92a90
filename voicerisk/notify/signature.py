"""Signed webhooks, as the Standard Webhooks specification has them. Nothing but the standard library: copy this file.

The sender signs `<webhook-id>.<webhook-timestamp>.<body>` with HMAC-SHA256 and sends, beside the body,

    webhook-id: nt-3f...              the same for every try of the same message: take each only once
    webhook-timestamp: 1764000000     when this try was made, Unix seconds
    webhook-signature: v1,K5oZf...=   one or several with a space between; one right one is enough

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

PREFIX = "whsec_"
MIN_KEY_BYTES = 24
MAX_KEY_BYTES = 64
TOLERANCE_S = 300.0
"""How far a message's time may be from the receiver's: an older one may be a recording played again."""


class SignatureError(ValueError):
    """The message does not come from who knows the secret, or is too old; the text says which."""


def keys_in(secrets: str) -> list[bytes]:
    """The keys in one or several secrets (`whsec_` and base64 of 24 to 64 bytes), separated by spaces.

    Raises:
        ValueError: There is none, or one of them is not of this form. The text does not repeat it.
    """
    keys = []
    for secret in secrets.split():
        try:
            key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            raise ValueError("a webhook secret must be whsec_ and base64") from None
        if not MIN_KEY_BYTES <= len(key) <= MAX_KEY_BYTES:
            raise ValueError(f"a webhook secret must be of {MIN_KEY_BYTES} to {MAX_KEY_BYTES} bytes, not {len(key)}")
        keys.append(key)
    if not keys:
        raise ValueError("there is no webhook secret")
    return keys


def signed_headers(message_id: str, at_s: float, body: bytes, secrets: str) -> dict[str, str]:
    """The three headers of a message sent at `at_s` (epoch seconds). Raises `ValueError` as `keys_in` does."""
    timestamp = str(int(at_s))
    signatures = [_signature(message_id, timestamp, body, key) for key in keys_in(secrets)]
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": " ".join(signatures)}


def verify(
    headers: Mapping[str, str], body: bytes, secrets: str, now_s: float, tolerance_s: float = TOLERANCE_S
) -> str:
    """The message's id, once its signature is right and its time within `tolerance_s` of `now_s` (epoch seconds).

    `body` must be the bytes as they came, before any JSON is read. Header names may be in any case.

    Raises:
        SignatureError: A header is missing, the time is too far off, or no signature is right.
        ValueError: The secret is not of the right form.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        message_id, timestamp = given["webhook-id"], given["webhook-timestamp"]
        signatures = given["webhook-signature"].split()
    except KeyError as error:
        raise SignatureError(f"the header {error.args[0]} is missing") from None
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise SignatureError("the header webhook-timestamp is not a number of seconds")
    if abs(now_s - int(timestamp)) > tolerance_s:
        raise SignatureError(f"the message's time is more than {tolerance_s:g} s from ours")
    right = [_signature(message_id, timestamp, body, key).encode() for key in keys_in(secrets)]
    # Each against each, without an early end: how long it takes must not tell how near a guess was.
    hits = [hmac.compare_digest(one, sign.encode(errors="backslashreplace")) for one in right for sign in signatures]
    if not any(hits):
        raise SignatureError("no signature is right: another secret, or the message was changed on its way")
    return message_id


def _signature(message_id: str, timestamp: str, body: bytes, key: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode(errors="backslashreplace") + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
