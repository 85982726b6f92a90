"""HTTP message signatures as Genesys AudioHook signs its upgrade requests.

The line format of https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-message-signatures-11 with one signature,
HMAC-SHA256, and the rules of the AudioHook reference implementation: which parts must be signed, how long a signature
holds, that its nonce counts once. What is signed is the raw path with its query and the Host header, so a proxy in
front has to leave both alone.
"""

import hashlib
import hmac
import re
from base64 import b64decode
from collections import deque
from collections.abc import Mapping
from typing import Final

import msgspec


class SignatureError(ValueError):
    """The request is not accepted; the text says why, for the log and not for the peer, and holds no secret."""


class SignatureRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When a signature counts."""

    max_age_s: float = 10.0
    """How long after it was made."""
    clock_skew_s: float = 3.0
    """How far the peer's clock may be off, either way."""
    min_nonce_chars: int = 22
    """The shortest nonce: 128 random bits in base64."""
    max_nonces: int = 65_536
    """Nonces remembered at most; with more within their time, requests are refused."""


REQUIRED: Final = (
    "@request-target",
    "@authority",
    "audiohook-organization-id",
    "audiohook-session-id",
    "audiohook-correlation-id",
    "x-api-key",
)
"""The parts of a request that have to be signed."""

_MAX_HEADER_CHARS: Final = 4096
# One label, its list of quoted names, its parameters: anything else is refused rather than understood half.
_INPUT: Final = re.compile(
    r'(?P<label>[a-z*][a-z0-9_.*-]*)=(?P<base>\((?P<names>"[^"\\]+"(?: "[^"\\]+")*)\)'
    r'(?P<params>(?:;[a-z]+=(?:"[^"\\]*"|[0-9]{1,15}))*))',
    re.ASCII,
)
_PARAMETER: Final = re.compile(r';([a-z]+)=(?:"([^"\\]*)"|([0-9]+))', re.ASCII)
_SIGNATURE: Final = re.compile(r"(?P<label>[a-z*][a-z0-9_.*-]*)=:(?P<value>[A-Za-z0-9+/]+={0,2}):", re.ASCII)
_TEXTS: Final = frozenset({"keyid", "nonce", "alg"})
_TIMES: Final = frozenset({"created", "expires"})


class NonceBook:
    """The nonces of accepted requests, each for as long as its signature could be shown again."""

    def __init__(self, max_nonces: int = SignatureRules().max_nonces) -> None:
        self._max_nonces = max_nonces
        self._seen: set[tuple[str, str]] = set()
        self._in_order: deque[tuple[float, tuple[str, str]]] = deque()

    def use(self, key_id: str, nonce: str, now_s: float, until_s: float) -> None:
        """Remember a nonce until `until_s`. Raises `SignatureError` if it was used, or if the book is full."""
        while self._in_order and self._in_order[0][0] < now_s:
            self._seen.discard(self._in_order.popleft()[1])
        entry = (key_id, nonce)
        if entry in self._seen:
            raise SignatureError("the nonce has been used")
        if len(self._seen) >= self._max_nonces:
            raise SignatureError("too many signed requests within the time that a signature holds")
        self._seen.add(entry)
        self._in_order.append((until_s, entry))


def verify_request(
    target: str,
    headers: Mapping[str, str],
    client_secrets: Mapping[str, str],
    now_s: float,
    nonces: NonceBook,
    rules: SignatureRules | None = None,
) -> str:
    """The API key whose secret signed the request.

    Args:
        target: The raw path with its query, as it stands in the request line.
        headers: The request's headers, names in lower case.
        client_secrets: The secret of each API key, in base64. An empty one lets unsigned requests in under its key.
        now_s: Seconds since the epoch.
        nonces: What was used before; a nonce is taken only when everything else is right.
        rules: When a signature counts.

    Raises:
        SignatureError: The request is not accepted. Taking the same time for every refusal is the caller's part.
    """
    rules = rules or SignatureRules()
    api_key = headers.get("x-api-key", "").strip()
    if not api_key:
        raise SignatureError("no X-API-KEY header")
    if "signature" not in headers and "signature-input" not in headers:
        if client_secrets.get(api_key) == "":
            return api_key
        raise SignatureError("not signed")
    base, names, parameters, signature = _read(headers)
    _check_time(parameters, now_s, rules)
    if parameters.get("alg", "hmac-sha256") != "hmac-sha256":
        raise SignatureError("alg: hmac-sha256 is wanted")
    if parameters.get("keyid") != api_key:
        raise SignatureError("keyid: not the X-API-KEY")
    nonce = str(parameters.get("nonce", ""))
    if len(nonce) < rules.min_nonce_chars:
        raise SignatureError("nonce: missing or too short")
    lines = [f'"{name}": {_component(name, target, headers)}' for name in names]
    signed = "\n".join([*lines, f'"@signature-params": {base}'])
    # An unknown key is checked as well, so that nobody learns from the time it takes which keys there are.
    secret = client_secrets.get(api_key, "")
    key = _from_base64(secret, "the client secret") if secret else bytes(32)
    expected = hmac.new(key, signed.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
    if not hmac.compare_digest(expected, signature) or not secret:
        raise SignatureError("the signature is wrong, or the key is not known")
    nonces.use(api_key, nonce, now_s, now_s + rules.max_age_s + 2 * rules.clock_skew_s)
    return api_key


def _read(headers: Mapping[str, str]) -> tuple[str, list[str], Mapping[str, str | int], bytes]:
    """What was signed (as its own text), the names in it, its parameters and the signature."""
    given, shown = headers.get("signature-input", "").strip(), headers.get("signature", "").strip()
    if max(len(given), len(shown)) > _MAX_HEADER_CHARS:
        raise SignatureError(f"a signature header is longer than {_MAX_HEADER_CHARS} characters")
    wanted, value = _INPUT.fullmatch(given), _SIGNATURE.fullmatch(shown)
    if wanted is None:
        raise SignatureError("signature-input: one signature of quoted names is wanted")
    if value is None or value["label"] != wanted["label"]:
        raise SignatureError("signature: the one that signature-input names is wanted")
    names = wanted["names"][1:-1].split('" "')
    if len(set(names)) < len(names):
        raise SignatureError("signature-input: a component is named twice")
    if missing := [name for name in REQUIRED if name not in names]:
        raise SignatureError(f"signature-input: {missing[0]} is not signed")
    return wanted["base"], names, _parameters(wanted["params"]), _from_base64(value["value"], "signature")


def _parameters(text: str) -> Mapping[str, str | int]:
    parameters: dict[str, str | int] = {}
    for match in _PARAMETER.finditer(text):
        name, quoted, number = match.groups()
        if name in parameters:
            raise SignatureError(f"signature-input: {name} is given twice")
        if name in _TEXTS and quoted is not None:
            parameters[name] = quoted
        elif name in _TIMES and number is not None:
            parameters[name] = int(number)
        else:
            raise SignatureError("signature-input: a parameter that is not known, or of the wrong kind")
    return parameters


def _check_time(parameters: Mapping[str, str | int], now_s: float, rules: SignatureRules) -> None:
    created, expires = parameters.get("created"), parameters.get("expires")
    if not isinstance(created, int):
        raise SignatureError("created: missing")
    if created > now_s + rules.clock_skew_s:
        raise SignatureError("created: in the future; is the clock right?")
    if created + rules.max_age_s + rules.clock_skew_s < now_s:
        raise SignatureError("created: too long ago; is the clock right?")
    if isinstance(expires, int) and expires + rules.clock_skew_s < now_s:
        raise SignatureError("expires: has passed")


def _component(name: str, target: str, headers: Mapping[str, str]) -> str:
    if name == "@request-target":
        return target
    if name == "@authority":
        value = headers.get("host", "").strip().lower()
    elif name == "@method":
        return "GET"  # of every upgrade
    elif name.startswith("@") or name == "signature":
        raise SignatureError("signature-input: a component that is not supported")
    else:
        value = headers.get(name, "").strip()
    if not value:
        raise SignatureError("signature-input: a component that the request does not have")
    return value


def _from_base64(text: str, where: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise SignatureError(f"{where}: not base64") from None
