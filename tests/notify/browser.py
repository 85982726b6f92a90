"""The browser's side of Web Push: a key pair, and the reading of what was encrypted for it."""

import base64
import os

import http_ece
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


class Browser:
    """What a browser keeps after `pushManager.subscribe`."""

    def __init__(self) -> None:
        self._key = generate_private_key(SECP256R1())
        self._secret = os.urandom(16)
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        self.p256dh = _base64url(point)
        self.auth = _base64url(self._secret)

    def read(self, body: bytes) -> bytes:
        """The message in a request's body (RFC 8188, aes128gcm). Raises where it is not for this browser."""
        message: bytes = http_ece.decrypt(body, private_key=self._key, auth_secret=self._secret, version="aes128gcm")
        return message
