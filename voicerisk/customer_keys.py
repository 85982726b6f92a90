"""Where the keys come from that customers' names are made with: the environment, or a file beside the database."""

import os
import secrets
from pathlib import Path

import msgspec

from voicerisk.customers import CustomerKey, parse_keys

FILE = "customer.keys"


class CustomerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[customers]` table: how a telephone number becomes the name that is kept in its stead."""

    region: str = ""
    """Country (ISO 3166, e.g. "IL") of numbers without a country's code; empty: such numbers are taken as they are."""

    keys_env: str = "VOICERISK_CUSTOMER_KEYS"
    """The environment variable with the keys, "k2:<hex>,k1:<hex>", the newest first. Where it is not set, a key is made
    once and kept in the data folder: keep backups of that file apart from those of the database."""


def load_customer_keys(settings: CustomerSettings, folder: Path) -> tuple[CustomerKey, ...]:
    """The keys, the newest first; made and kept (mode 0600) where there are none yet.

    Raises:
        ValueError: The keys there are cannot be used; the text says which and why, and shows none.
    """
    if text := os.environ.get(settings.keys_env, "").strip():
        try:
            return parse_keys(text)
        except ValueError as error:
            raise ValueError(f"{settings.keys_env}: {error}") from None
    path = folder / FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"k1:{secrets.token_hex(32)}")
    try:
        return parse_keys(path.read_text(encoding="ascii").strip())
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
