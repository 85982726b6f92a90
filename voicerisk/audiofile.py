"""Speech files as a gateway would deliver them: 16-bit samples per channel, in pieces, any rate, any length."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import numpy as np
import soundfile

from voicerisk.events import Role
from voicerisk.gateways.codec import Samples
from voicerisk.media.timeline import MAX_RATE_HZ, MIN_RATE_HZ

MONO_ROLES = (Role.CUSTOMER,)
STEREO_ROLES = (Role.CUSTOMER, Role.AGENT)
SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".oga", ".mp3", ".aiff", ".aif", ".au"})


class AudioFileError(ValueError):
    """The file cannot be used as a call; the text names the file and what would be right."""


class AudioInfo(msgspec.Struct, frozen=True):
    """What the file holds."""

    rate_hz: int
    n_channels: int
    n_samples: int

    @property
    def duration_s(self) -> float:
        """Length of the file in seconds."""
        return self.n_samples / self.rate_hz


def roles_of(path: Path, info: AudioInfo, wanted: Sequence[Role] | None = None) -> tuple[Role, ...]:
    """Whose voice each channel carries: mono is the customer, stereo is customer then agent, unless `wanted` says so.

    Raises `AudioFileError` for another number of channels than roles are known for, or when a role comes twice.
    """
    default: dict[int, tuple[Role, ...]] = {1: MONO_ROLES, 2: STEREO_ROLES}
    roles = tuple(wanted) if wanted is not None else default.get(info.n_channels)
    if wanted is not None and info.n_channels == 1:
        roles = tuple(wanted[:1])
    if roles is None or len(roles) != info.n_channels:
        raise AudioFileError(
            f"{path}: has {info.n_channels} channels, but roles are given for {len(roles) if roles else 'one or two'}; "
            "mono (customer) and stereo (customer, agent) are understood, --channels names another order"
        )
    if twice := next((role for role in roles if roles.count(role) > 1), None):
        raise AudioFileError(f"{path}: two of its channels are said to be {twice}'s; each voice has one channel")
    return roles


def probe(path: Path) -> AudioInfo:
    """Rate, channels and length of the file, without reading its samples. Raises `AudioFileError`."""
    try:
        with soundfile.SoundFile(path) as file:
            info = AudioInfo(file.samplerate, file.channels, file.frames)
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioFileError(f"{path}: not a readable audio file ({_plain(error)})") from None
    if not MIN_RATE_HZ <= info.rate_hz <= MAX_RATE_HZ:
        raise AudioFileError(f"{path}: has {info.rate_hz} Hz; {MIN_RATE_HZ} to {MAX_RATE_HZ} Hz are understood")
    return info


def pieces(path: Path, piece_s: float = 0.02) -> Iterator[list[Samples]]:
    """Pieces of `piece_s` seconds, each a list with one int16 array per channel; the last piece may be shorter.

    Sixteen-bit files come through unchanged; others are scaled to 16 bits and clipped at full scale.
    Raises `AudioFileError` when the file breaks off in the middle.
    """
    try:
        with soundfile.SoundFile(path) as file:
            n_piece = max(1, round(piece_s * file.samplerate))
            while True:
                # Read as float: libsndfile does not scale float and compressed files when asked for integers.
                block = file.read(n_piece, dtype="float32", always_2d=True)
                if not len(block):
                    return
                full = np.clip(np.nan_to_num(block, posinf=1.0, neginf=-1.0), -1.0, 1.0) * 32768.0
                scaled = np.clip(np.rint(full), -32768, 32767).astype(np.int16)
                yield [np.ascontiguousarray(scaled[:, channel]) for channel in range(scaled.shape[1])]
    except (soundfile.SoundFileError, OSError) as error:
        raise AudioFileError(f"{path}: breaks off while reading ({_plain(error)})") from None


def _plain(error: Exception) -> str:
    """The library's own words without the file name, which our message already has."""
    return str(error).rsplit(": ", maxsplit=1)[-1].rstrip(".")
