"""The key by which push services know this server (VAPID, RFC 8292)."""

import base64
import os
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02, VapidException

VALID_S: Final = 12 * 3600.0
"""How long one signature holds; RFC 8292 allows a day, and clocks differ."""


class VapidKey:
    """The key pair of this installation. A new one would orphan every phone, so it is made once and kept."""

    def __init__(self, vapid: Vapid02) -> None:
        self._vapid = vapid

    @property
    def public(self) -> str:
        """The public key as a browser wants it (`applicationServerKey`): an uncompressed point in base64url."""
        point = self._vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).decode().rstrip("=")

    def headers(self, endpoint: str, contact: str, now_s: float) -> dict[str, str]:
        """The Authorization header for a push service. `now_s` is epoch seconds."""
        parts = urlsplit(endpoint)
        claims = {"aud": f"{parts.scheme}://{parts.netloc}", "sub": contact, "exp": int(now_s + VALID_S)}
        signed: dict[str, str] = self._vapid.sign(claims)
        return signed


def load_vapid_key(path: Path) -> VapidKey:
    """The key in that file (PEM, mode 0600), made at the first start.

    Raises:
        OSError: The file cannot be read or written, or holds no such key.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        vapid = Vapid02()
        vapid.generate_keys()
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(vapid.private_pem())
        return VapidKey(vapid)
    pem = path.read_bytes()
    try:
        return VapidKey(Vapid02.from_pem(pem))
    except (ValueError, VapidException, TypeError):
        raise OSError(f"{path} holds no Web Push key; move it away to have a new one made") from None
