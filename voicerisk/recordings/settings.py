"""The `[recordings]` table of the configuration."""

import os
from collections.abc import Mapping
from typing import Annotated

import msgspec
from cryptography.fernet import Fernet, MultiFernet

from voicerisk.settings import Problem

_Days = Annotated[float, msgspec.Meta(gt=0.0, le=3650.0)]


class RecordingSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is recorded of flagged calls. Nothing is, until a key to encrypt with is in the environment."""

    keys_env: str = "VOICERISK_RECORDING_KEYS"
    """The environment variable with the keys, separated by commas, the newest first: it encrypts, all decrypt. Make one
    with `voicerisk recordings new-key`."""

    before_s: Annotated[float, msgspec.Meta(ge=0.0, le=30.0)] = 30.0
    """Sound from before the alert that is recorded too; it comes from memory."""

    max_s: Annotated[float, msgspec.Meta(ge=60.0, le=6 * 3600.0)] = 3600.0
    """A recording ends after so long, even where the call goes on."""

    max_at_once: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 100
    """Calls recorded at the same time, at about 1 MB of memory each; a further alert is not recorded, and says so."""

    keys_gap_s: Annotated[float, msgspec.Meta(ge=0.0, le=60.0)] = 5.0
    """After a key that the customer presses, so much sound is left out (and one second before it): it may be a card
    number."""

    alert_days: _Days = 30.0
    """How long the recording of a call that alerted is kept."""

    review_days: _Days = 90.0
    """How long the recording of a call that was picked for review is kept."""


class KeysError(ValueError):
    """The environment's keys cannot be used; the text says which and why, and shows none."""


def recording_keys(settings: RecordingSettings, environ: Mapping[str, str] = os.environ) -> MultiFernet | None:
    """What encrypts and decrypts; None where the environment has no key. Raises `KeysError`."""
    text = environ.get(settings.keys_env, "").strip()
    if not text:
        return None
    keys = []
    for number, key in enumerate(text.split(","), 1):
        try:
            keys.append(Fernet(key.strip()))
        except ValueError:
            raise KeysError(
                f"{settings.keys_env}: key {number} is not 32 bytes in URL-safe base64; "
                "make one with: voicerisk recordings new-key"
            ) from None
    return MultiFernet(keys)


def recording_problems(settings: RecordingSettings, environ: Mapping[str, str] | None) -> list[Problem]:
    """What is wrong with the keys in the environment; nothing where it is not known, or has none."""
    try:
        recording_keys(settings, environ or {})
    except KeysError as error:
        return [Problem("keys_env", str(error), "Or unset it: nothing is recorded then.")]
    return []
