"""Signatures over the URL of an upgrade request: Twilio's and its relatives', and Plivo's.

The platform signs the address that it was told to call. Behind a proxy the request looks different, so what is checked
here is built from the **configured** public address, never from what the request claims. All of it is pure: the address
and the headers go in, nothing or `SignatureError` comes out.

Sources: twilio-python's request validator (https://www.twilio.com/docs/usage/security), plivo-python's signature_v3.
"""

import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from voicerisk.gateways.signature import SignatureError

_MAX_HEADER_CHARS: Final = 1024
_DEFAULT_PORTS: Final = {"wss": 443, "https": 443, "ws": 80, "http": 80}


def verify_twilio(
    url: str,
    headers: Mapping[str, str],
    auth_tokens: Sequence[str],
    shared_keys: Mapping[str, str] | None = None,
    *,
    accept_https: bool = False,
) -> None:
    """Nothing, if `X-Twilio-Signature` signs the URL.

    Spellings of the same address count as one: with and without the scheme's own port, with and without a slash at the
    end of the path.

    Args:
        url: The public address that the platform was told to call, with scheme, e.g. wss://gw.example.com/twilio/media.
        headers: The request's headers, names in lower case.
        auth_tokens: The account's tokens; more than one while they are exchanged.
        shared_keys: Secrets by their id, for requests whose X-Twilio-Webhooks-Signature-Settings names a key: those are
            signed with HMAC-SHA256, the others with HMAC-SHA1.
        accept_https: Whether a signature over https:// in the place of wss:// counts as well.

    Raises:
        SignatureError: The request is not signed, or not by one of these.
    """
    shown = _header(headers, "x-twilio-signature")
    secrets, algorithm = _keys(headers, auth_tokens, shared_keys or {})
    spellings = _spellings(url)
    if accept_https:
        spellings += _spellings(_with_scheme(url, "https"))
    expected = [_mac(secret, spelling, algorithm) for secret in filter(None, secrets) for spelling in spellings]
    if not _is_among(shown, expected):
        raise SignatureError("X-Twilio-Signature: wrong, or made for another address than the configured one")


def verify_plivo(url: str, headers: Mapping[str, str], auth_tokens: Sequence[str]) -> None:
    """Nothing, if `X-Plivo-Signature-V3` signs the URL and `X-Plivo-Signature-V3-Nonce`.

    Plivo's own libraries check the address with https:// or http:// in the place of wss://, so those count too. The
    query is signed in the order of its names. The header may hold several signatures with commas between, one for each
    of the account's tokens.
    Arguments and `SignatureError` are as in `verify_twilio`.
    """
    shown = _header(headers, "x-plivo-signature-v3")
    nonce = _header(headers, "x-plivo-signature-v3-nonce")
    addresses = {_sorted_query(form) for form in (url, _with_scheme(url, "https"), _with_scheme(url, "http"))}
    expected = [
        _mac(token, f"{address}.{nonce}", "sha256") for token in filter(None, auth_tokens) for address in addresses
    ]
    if not sum(_is_among(signature.strip(), expected) for signature in shown.split(",")):
        raise SignatureError("X-Plivo-Signature-V3: wrong, or made for another address than the configured one")


def _keys(
    headers: Mapping[str, str], auth_tokens: Sequence[str], shared_keys: Mapping[str, str]
) -> tuple[Sequence[str], str]:
    settings = headers.get("x-twilio-webhooks-signature-settings")
    if settings is None:
        return auth_tokens, "sha1"
    named = dict(pair.strip().partition("=")[::2] for pair in settings[:_MAX_HEADER_CHARS].split(","))
    if named.get("algorithm", "").upper() != "HMAC_SHA256":
        raise SignatureError("X-Twilio-Webhooks-Signature-Settings: algorithm: HMAC_SHA256 is wanted")
    secret = shared_keys.get(named.get("key", ""))
    if secret is None:
        raise SignatureError("X-Twilio-Webhooks-Signature-Settings: key: not one of ours")
    return (secret,), "sha256"


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "").strip()
    if not value:
        raise SignatureError(f"no {name} header")
    if len(value) > _MAX_HEADER_CHARS:
        raise SignatureError(f"{name}: longer than {_MAX_HEADER_CHARS} characters")
    return value


def _mac(secret: str, text: str, algorithm: str) -> str:
    return b64encode(hmac.new(secret.encode(), text.encode("utf-8", "surrogatepass"), algorithm).digest()).decode()


def _is_among(shown: str, expected: Iterable[str]) -> bool:
    given = shown.encode("utf-8", "surrogatepass")
    # A sum, not `any`: all are compared, so that the time tells nothing.
    return sum(hmac.compare_digest(given, one.encode()) for one in expected) > 0


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        if parts.scheme and parts.hostname and parts.port != 0:  # reading the port raises if it is none
            return parts
    except ValueError:
        pass
    raise SignatureError("the public address is not a URL with scheme and host")


def _spellings(url: str) -> list[str]:
    """The URL as written, with and without the default port, with and without the last slash."""
    parts = _split(url)
    hosts = {parts.netloc}
    default_port = _DEFAULT_PORTS.get(parts.scheme)
    if parts.port is None and default_port is not None:
        hosts.add(f"{parts.netloc}:{default_port}")
    elif parts.port == default_port:
        hosts.add(parts.netloc.rpartition(":")[0])
    bare = parts.path.removesuffix("/")
    paths = {parts.path, bare, bare + "/"}
    return [urlunsplit(parts._replace(netloc=host, path=path)) for host in sorted(hosts) for path in sorted(paths)]


def _with_scheme(url: str, scheme: str) -> str:
    return urlunsplit(_split(url)._replace(scheme=scheme))


def _sorted_query(url: str) -> str:
    parts = _split(url)
    base = urlunsplit(parts._replace(query="", fragment=""))
    pairs = sorted(parse_qsl(parts.query, keep_blank_values=True))
    return base + ("?" + "&".join(f"{name}={value}" for name, value in pairs) if pairs else "")
