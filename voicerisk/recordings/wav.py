"""A recording as a WAV file that can be asked for in pieces: header and samples by their byte positions."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography.fernet import MultiFernet

from voicerisk.recordings.vault import Parts, read_samples
from voicerisk.scoring.contract import RATE_HZ

_CHANNELS: Final = 2
_FRAME_BYTES: Final = 2 * _CHANNELS
_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
HEADER_BYTES: Final = _HEADER.size


class RangeError(ValueError):
    """The asked range is not one that can be given."""


def wav_bytes(parts: Parts) -> int:
    """Bytes of the whole file."""
    return HEADER_BYTES + parts.n_samples * _FRAME_BYTES


def parse_range(header: str | None, n_bytes: int) -> tuple[int, int] | None:
    """First byte and the one after the last of `Range: bytes=...` (RFC 9110, 14.2); None for the whole file.

    A header of several ranges, or of another unit, counts as none, as the standard allows. Raises `RangeError` for a
    range that begins behind the end.
    """
    unit, _, spec = (header or "").partition("=")
    first_text, dash, last_text = spec.strip().partition("-")
    if unit.strip().lower() != "bytes" or not dash or "," in spec:
        return None
    texts = (first_text.strip(), last_text.strip())
    if any(text and not (text.isascii() and text.isdigit() and len(text) < 19) for text in texts) or texts == ("", ""):
        return None
    if not texts[0]:
        first, last = max(0, n_bytes - int(texts[1])), n_bytes
        if texts[1].strip("0") == "":
            raise RangeError("a range of no bytes")
        return first, last
    first = int(texts[0])
    last = min(n_bytes, int(texts[1]) + 1) if texts[1] else n_bytes
    if texts[1] and int(texts[1]) < first:
        return None
    if first >= n_bytes:
        raise RangeError(f"the file has {n_bytes} bytes")
    return first, last


def wav_piece(path: Path, parts: Parts, first: int, last: int, keys: MultiFernet) -> Iterator[bytes]:
    """Bytes `first` to before `last` of the WAV file, decrypted a part at a time. Raises `VaultError`."""
    if first < HEADER_BYTES:
        yield _header(parts)[first : min(last, HEADER_BYTES)]
    start, end = max(0, first - HEADER_BYTES), max(0, last - HEADER_BYTES)
    if end <= start:
        return
    first_sample, last_sample = start // _FRAME_BYTES, -(-end // _FRAME_BYTES)
    skip, left = start - first_sample * _FRAME_BYTES, end - start
    for samples in read_samples(path, parts, first_sample, last_sample, keys):
        piece = samples.astype("<i2").tobytes()[skip : skip + left]
        skip, left = 0, left - len(piece)
        yield piece


def _header(parts: Parts) -> bytes:
    n_bytes = parts.n_samples * _FRAME_BYTES
    byte_rate = RATE_HZ * _FRAME_BYTES
    return _HEADER.pack(
        b"RIFF",
        n_bytes + 36,
        b"WAVE",
        b"fmt ",
        16,
        1,
        _CHANNELS,
        RATE_HZ,
        byte_rate,
        _FRAME_BYTES,
        16,
        b"data",
        n_bytes,
    )
