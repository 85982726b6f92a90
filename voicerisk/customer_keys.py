"""Where the keys come from that customers' names are made with: the environment, or a file beside the database."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import phonenumbers

from voicerisk.customers import CustomerKey, parse_keys
from voicerisk.settings import Problem

FILE: Final = "customer.keys"


class CustomerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[customers]` table: how a telephone number becomes the name that is kept in its stead."""

    region: str = ""
    """Country (ISO 3166, e.g. "IL") of numbers without a country's code; empty: such numbers are taken as they are."""

    keys_env: str = "VOICERISK_CUSTOMER_KEYS"
    """The environment variable with the keys, "k2:<hex>,k1:<hex>", the newest first. Where it is not set, a key is made
    once and kept in the data folder: keep backups of that file apart from those of the database."""


def customer_problems(settings: CustomerSettings, environ: Mapping[str, str] | None) -> list[Problem]:
    """What is wrong with the region, or with the keys in the environment, where that is known."""
    problems = []
    if settings.region and settings.region not in phonenumbers.SUPPORTED_REGIONS:
        mend = "Give the country's two letters, e.g. 'IL' or 'DE'."
        problems.append(Problem("region", f"{settings.region!r} is no country with a numbering plan", mend))
    if text := (environ or {}).get(settings.keys_env, "").strip():
        try:
            parse_keys(text)
        except ValueError as error:
            mend = "Write it as k2:<hex>,k1:<hex>, the newest first."
            problems.append(Problem("keys_env", f"{settings.keys_env}: {error}", mend))
    return problems


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
