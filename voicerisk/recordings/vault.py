"""The file of one recording: encrypted parts, one after the other, each a FLAC of some seconds of both parties.

A part is written whole and only ever added, so a crash costs the part that was not full. A part begins with its number
of samples and of encrypted bytes (two big-endian 32-bit numbers); the encryption is Fernet's (AES-128-CBC and HMAC), so
a part that was changed is refused.
"""

import io
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
import soundfile
from cryptography.fernet import InvalidToken, MultiFernet

from voicerisk.scoring.contract import RATE_HZ

_HEADER: Final = struct.Struct(">II")

Both = npt.NDArray[np.int16]
"""Samples of both parties, (n, 2) at 8 kHz: customer, agent."""


class VaultError(Exception):
    """A recording cannot be read: the key is another, or the file was changed or cut."""


class _Place(NamedTuple):
    first: int
    n_samples: int
    offset: int
    n_bytes: int


class Parts(msgspec.Struct, frozen=True):
    """Where the parts of a file lie."""

    places: tuple[_Place, ...]

    @property
    def n_samples(self) -> int:
        """Samples of each party in the whole recording."""
        return sum(place.n_samples for place in self.places)


def add_part(path: Path, samples: Both, keys: MultiFernet) -> None:
    """Writes one more part to the file and waits until it is on the disk.

    Raises `OSError`, and then the file is as it was: parts that come later can still be found behind those before.
    """
    flac = io.BytesIO()
    soundfile.write(flac, samples, RATE_HZ, format="FLAC", subtype="PCM_16")
    token = keys.encrypt(flac.getvalue())
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        before = os.fstat(file).st_size
        try:
            left = memoryview(_HEADER.pack(len(samples), len(token)) + token)
            while left:
                left = left[os.write(file, left) :]
            os.fsync(file)
        except OSError:
            os.ftruncate(file, before)
            raise
    finally:
        os.close(file)


def find_parts(path: Path) -> Parts:
    """The whole parts of the file; one that a crash cut short at the end is left out. Raises `VaultError`."""
    places, first, offset = [], 0, 0
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            while offset + _HEADER.size <= size:
                file.seek(offset)
                n_samples, n_bytes = _HEADER.unpack(file.read(_HEADER.size))
                offset += _HEADER.size
                if offset + n_bytes > size:
                    break
                places.append(_Place(first, n_samples, offset, n_bytes))
                first, offset = first + n_samples, offset + n_bytes
    except OSError as error:
        raise VaultError(f"the recording's file cannot be read: {error.strerror}") from error
    return Parts(tuple(places))


def read_samples(path: Path, parts: Parts, first: int, last: int, keys: MultiFernet) -> Iterator[Both]:
    """Samples `first` to before `last`, a part at a time. Raises `VaultError`."""
    for place in parts.places:
        if place.first + place.n_samples <= first or place.first >= last:
            continue
        samples = _part(path, place, keys)
        yield samples[max(0, first - place.first) : last - place.first]


def _part(path: Path, place: _Place, keys: MultiFernet) -> Both:
    try:
        with path.open("rb") as file:
            file.seek(place.offset)
            flac = keys.decrypt(file.read(place.n_bytes))
    except OSError as error:
        raise VaultError(f"the recording's file cannot be read: {error.strerror}") from error
    except InvalidToken:
        raise VaultError("the recording was made with another key, or its file was changed") from None
    samples, _rate_hz = soundfile.read(io.BytesIO(flac), dtype="int16", always_2d=True)
    return np.asarray(samples, np.int16)
