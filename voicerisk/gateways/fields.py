"""Careful reading of what a peer wrote: each function gives a checked, bounded value or raises `CodecError`.

Error texts name the field and what was wrong with it. They never repeat a peer's value: it may be a secret or a
telephone number.
"""

import hashlib
import re
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from voicerisk.events import Role
from voicerisk.gateways.codec import CodecError, Handshake, Message

MAX_ID_CHARS: Final = 128
MAX_TOKEN_CHARS: Final = 1024
MAX_LABELS: Final = 24
MAX_LABEL_NAME_CHARS: Final = 40
MAX_LABEL_CHARS: Final = 200
RATES_HZ: Final = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000})
DIGITS: Final = frozenset("0123456789*#ABCD")

JSON_ERRORS: Final = (msgspec.MsgspecError, ValueError, RecursionError)
"""Everything that decoding hostile JSON can raise: bad syntax, lone surrogates, nesting without end."""

# Names whose values identify a caller or open a door. Compared in lower case, without '-' and '_'.
_PHONE_NAMES: Final = frozenset({"from", "to", "ani", "dnis", "caller", "called", "callee", "phone", "msisdn"})
_PHONE_PARTS: Final = ("callerid", "callername", "callernumber", "callednumber", "phonenumber", "aniname", "mobile")
_CALLERS: Final = ("customernumber", "ani", "from", "caller", "callernumber", "calleridnumber", "callerid", "msisdn")
_CALLED: Final = ("customernumber", "to", "called", "callednumber", "callee", "dnis")
_SECRET_PARTS: Final = (
    "token",
    "secret",
    "password",
    "passwd",
    "apikey",
    "authorization",
    "credential",
    "signature",
)
_PHONE_VALUE: Final = re.compile(r"(?:\+\d[\d\s().-]{5,}|(?:sips?|tel):.*)", re.IGNORECASE)


def read_object(message: Message, where: str) -> dict[str, Any]:
    """The JSON object in a message."""
    try:
        value = msgspec.json.decode(message)
    except JSON_ERRORS:
        raise CodecError(f"{where}: not valid JSON") from None
    if not isinstance(value, dict):
        raise CodecError(f"{where}: a JSON object is wanted")
    return value


def first_of(source: Mapping[str, Any], *names: str) -> Any:
    """The value of the first of `names` that is there and not empty, else None: vendors spell fields differently."""
    for name in names:
        value = source.get(name)
        if value not in (None, ""):
            return value
    return None


def as_mapping(value: Any, where: str) -> Mapping[str, Any]:
    """`value` as a JSON object; an absent one counts as empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise CodecError(f"{where}: a JSON object is wanted")
    return value


def as_text(value: Any, where: str, max_chars: int) -> str:
    """A string, or a whole number written as one, of at most `max_chars` printable characters."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 64:
        value = str(value)
    if not isinstance(value, str):
        raise CodecError(f"{where}: text is wanted")
    if len(value) > max_chars:
        raise CodecError(f"{where}: longer than {max_chars} characters")
    if not value.isprintable():
        raise CodecError(f"{where}: holds characters that cannot be printed")
    return value


def as_id(value: Any, where: str) -> str:
    """A call or stream id: text of 1 to 128 printable characters."""
    text = as_text(value, where, MAX_ID_CHARS).strip()
    if not text:
        raise CodecError(f"{where}: empty")
    return text


def own_id(handshake: Handshake, prefix: str) -> str:
    """An id from the websocket's key, drawn anew for each connection: a replay finds it again."""
    key = handshake.headers.get("sec-websocket-key")
    return f"{prefix}-" + (hashlib.sha256(key.encode()).hexdigest()[:16] if key else uuid.uuid4().hex[:16])


def as_rate(value: Any, where: str) -> int:
    """A sampling rate in Hz that telephony knows, given as a number or as text."""
    text = as_text(value, where, 16).strip()
    rate_hz = int(text) if text.isascii() and text.isdigit() else 0
    if rate_hz not in RATES_HZ:
        raise CodecError(f"{where}: not a sampling rate that is supported ({', '.join(map(str, sorted(RATES_HZ)))})")
    return rate_hz


def as_role(value: Any, where: str) -> Role:
    """A role by its name (`customer`, `agent`, `mixed`, `unknown`), any case."""
    text = as_text(value, where, MAX_ID_CHARS).strip().lower()
    try:
        return Role(text)
    except ValueError:
        raise CodecError(f"{where}: not a role; one of {', '.join(Role)} is wanted") from None


def is_agents_leg(value: Any, where: str) -> bool:
    """True for `agent`, False for `customer` or nothing: whose call leg the stream was forked from."""
    if value is None:
        return False
    role = as_role(value, where)
    if role not in (Role.CUSTOMER, Role.AGENT):
        raise CodecError(f"{where}: 'customer' or 'agent' is wanted")
    return role is Role.AGENT


def swapped(role: Role) -> Role:
    """Customer for agent and agent for customer; other roles stay."""
    return {Role.CUSTOMER: Role.AGENT, Role.AGENT: Role.CUSTOMER}.get(role, role)


def as_digit(value: Any) -> str | None:
    """The key that was pressed, upper-case; None if it is not one of 0-9 * # A-D."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if isinstance(text, str) and text.upper() in DIGITS:
        return text.upper()
    return None


def read_labels(source: Mapping[str, Any], *, leave_out: Collection[str] = ()) -> dict[str, str]:
    """The peer's own facts that may be kept, text to text.

    Kept are strings, whole numbers and booleans, in the order given, at most 24 of them, names up to 40 and values up
    to 200 printable characters. Left out, by design and without an error: the names in `leave_out`, nested values, what
    is over those limits, names that speak of a credential or a telephone number, and values that are one (+49 30 ...,
    sip:, tel:). Who called is never stored in the clear.
    """
    labels: dict[str, str] = {}
    for name, value in source.items():
        if len(labels) == MAX_LABELS:
            break
        if name in leave_out or not 0 < len(name) <= MAX_LABEL_NAME_CHARS or not name.isprintable():
            continue
        if _is_private(name):
            continue
        text = _label_text(value)
        if text and not _PHONE_VALUE.fullmatch(text.strip()):
            labels[name] = text
    return labels


def read_caller(source: Mapping[str, Any]) -> str | None:
    """The customer's telephone number among the peer's own facts; None where there is none.

    Of an outbound call the customer is whom it goes to. What hides the number ("anonymous") is none.
    """
    plain = {name.lower().replace("_", "").replace("-", ""): value for name, value in source.items()}
    outbound = str(plain.get("direction", "")).lower().startswith("outbound")
    for name in _CALLED if outbound else _CALLERS:
        value = plain.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and len(value) <= MAX_LABEL_CHARS and sum(char.isdigit() for char in value) >= 3:
            return value.strip()
    return None


def _label_text(value: Any) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    try:
        return as_text(value, "label", MAX_LABEL_CHARS)
    except CodecError:
        return None


def _is_private(name: str) -> bool:
    plain = name.lower().replace("_", "").replace("-", "")
    return plain in _PHONE_NAMES or any(part in plain for part in (*_PHONE_PARTS, *_SECRET_PARTS))
