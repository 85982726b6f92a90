"""What a customer is called here: a keyed hash of the telephone number (or the CRM's own id), and never that itself.

A hash without a key would be no secret: all telephone numbers of a country can be hashed within minutes. The key lies
in the environment or in a file beside the database, and whoever has the database alone learns no number from it.

Keys can be changed. The newest key makes names; older ones are kept to recognise: a number's names under the old keys
are then known to be the same customer (`CustomerNames.others`).
"""

import hashlib
import hmac
from typing import Final

import msgspec
import phonenumbers

HASH_CHARS: Final = 32
"""128 bits as hex: no two of a country's numbers meet."""

MIN_KEY_BYTES: Final = 16

_WITHHELD: Final = frozenset({"", "anonymous", "private", "restricted", "unavailable", "unknown", "withheld"})


class CustomerKey(msgspec.Struct, frozen=True):
    """One key: its short id, 1 to 8 of a-z and 0-9, stands in every name that it made."""

    id: str
    secret: bytes

    def __repr__(self) -> str:
        """Without the secret: a repr ends in logs."""
        return f"CustomerKey({self.id!r})"


class CustomerNames(msgspec.Struct, frozen=True):
    """A customer's name, and the names that the same customer had under older keys."""

    name: str
    others: tuple[str, ...] = ()


def parse_keys(text: str) -> tuple[CustomerKey, ...]:
    """The keys in "k2:<hex>,k1:<hex>", the newest first.

    Raises:
        ValueError: One of them cannot be used; the text says which and why, and shows no key.
    """
    keys = []
    for number, part in enumerate(text.split(","), 1):
        id_, _, secret = part.strip().partition(":")
        if not (1 <= len(id_) <= 8 and id_.isascii() and id_.isalnum() and id_ == id_.lower()):
            raise ValueError(f"key {number}: its id must be 1 to 8 of a-z and 0-9, then a colon")
        try:
            key = CustomerKey(id_, bytes.fromhex(secret))
        except ValueError:
            raise ValueError(f"key {number} ({id_}): what follows the colon must be hexadecimal") from None
        if len(key.secret) < MIN_KEY_BYTES:
            raise ValueError(f"key {number} ({id_}): it must have at least {MIN_KEY_BYTES} bytes")
        keys.append(key)
    if len({key.id for key in keys}) < len(keys):
        raise ValueError("two keys have the same id")
    return tuple(keys)


def name_customer(raw: str, keys: tuple[CustomerKey, ...], region: str | None) -> CustomerNames:
    """What the customer with this number, or CRM id, is called.

    `region` (ISO 3166, e.g. "IL") says where a number without a country's code belongs, so that 050-123-4567 and
    +972 50 123 4567 are one customer. What is no number is taken as it is, apart from case and surrounding space.
    """
    plain = _plain(raw, region)
    names = [f"h:{key.id}:{_digest(plain, key)}" for key in keys]
    return CustomerNames(names[0], tuple(names[1:]))


def is_withheld(raw: str) -> bool:
    """Whether that is what networks and switches send in place of a number that is not shown: nobody's name.

    All those callers would else be one customer, who rings all day. Words: RFC 3323, Asterisk, FreeSWITCH.
    """
    return _without_address(raw).casefold() in _WITHHELD


def _plain(raw: str, region: str | None) -> str:
    text = _without_address(raw)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return text.casefold()
    if not phonenumbers.is_possible_number(number):
        return text.casefold()
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _without_address(raw: str) -> str:
    # SIP and AudioHook write numbers as addresses: sip:+97250...@host, tel:+97250...
    text = raw.strip()
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() in ("sip", "sips", "tel"):
        return rest.partition("@")[0].partition(";")[0].strip()
    return text


def _digest(plain: str, key: CustomerKey) -> str:
    return hmac.digest(key.secret, plain.encode(errors="surrogatepass"), hashlib.sha256).hex()[:HASH_CHARS]
