"""Which token a peer shows, and whether it is one of ours, without telling how near a wrong one was."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from voicerisk.gateways.codec import Handshake

NO_CREDENTIAL = frozenset({"", "media"})
"""Path segments after a gateway's prefix that are part of the address: `/twilio/media` shows no token."""

MAX_CANDIDATES = 16
"""More credentials than this in one request are not looked at: nobody has so many, and each costs a comparison."""


class TokenBook:
    """The tokens of one gateway, kept as SHA-256 digests, so neither a log nor a traceback can show one."""

    def __init__(self, tokens: Iterable[str]) -> None:
        self._digests = tuple(_digest(token) for token in tokens)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def match(self, candidates: Sequence[str]) -> bytes | None:
        """The digest of the token that one of `candidates` equals, or None.

        Every candidate is compared with every token in constant time, whatever matched before.
        """
        found: bytes | None = None
        for candidate in candidates:
            shown = _digest(candidate)
            for digest in self._digests:
                if hmac.compare_digest(shown, digest):
                    found = digest
        return found


def shown_tokens(handshake: Handshake, prefix: str) -> tuple[str, ...]:
    """Every credential in an upgrade request, at most `MAX_CANDIDATES`; empty if the peer showed none.

    Credentials are: path segments after `prefix` (percent-decoded), `Authorization: Bearer` or the password of `Basic`,
    and the query's `token`.
    """
    candidates = [unquote(segment) for segment in handshake.path[len(prefix) :].split("/")[: MAX_CANDIDATES + 1]]
    candidates = [candidate for candidate in candidates if candidate not in NO_CREDENTIAL]
    if query := handshake.query.get("token"):
        candidates.append(query)
    scheme, _, value = handshake.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        candidates.append(value.strip())
    elif scheme.lower() == "basic":
        candidates.append(_basic_password(value.strip()))
    return tuple(candidates[-MAX_CANDIDATES:])


def basic_credentials(handshake: Handshake) -> str | None:
    """The "user:password" of `Authorization: Basic` (RFC 7617); None where there is none, or none that can be read."""
    scheme, _, value = handshake.headers.get("authorization", "").partition(" ")
    return _from_basic(value.strip()) if scheme.lower() == "basic" else None


def _basic_password(value: str) -> str:
    """The password of RFC 7617 credentials; what cannot be read stays what it is: a credential that matches nothing."""
    text = _from_basic(value)
    return value if text is None else text.partition(":")[2]


def _from_basic(value: str) -> str | None:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def _digest(token: str) -> bytes:
    # surrogatepass: a peer may send any text, and a wrong token must not raise.
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
