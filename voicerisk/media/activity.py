"""Whether somebody speaks, from loudness alone: for the agent's channel and for talk-over. Says nothing about how."""

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from voicerisk.media.block import BLOCK_SAMPLES, Samples
from voicerisk.scoring.contract import RATE_HZ, SILENT_DB

FRAME_SAMPLES: Final = 160
"""20 ms at 8 kHz: what a share counts."""

N_FRAMES: Final = BLOCK_SAMPLES // FRAME_SAMPLES

_BLOCK_S: Final = BLOCK_SAMPLES / RATE_HZ
_FULL_SCALE: Final = 32768.0


class ActivitySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What counts as speech, in dB below full scale and dB."""

    above_floor_db: float = 10.0
    """How much louder than the channel's noise a frame must be."""
    min_level_db: float = -50.0
    """Quieter than this is never speech."""
    start_floor_db: float = -55.0
    """The noise that is assumed before anything was heard."""
    max_floor_db: float = -35.0
    """Louder than this is never taken for noise."""
    floor_rise_db_per_s: float = 2.0
    """How fast the noise estimate follows upwards. Downwards it follows at once: pauses show the noise."""


class Activity(msgspec.Struct, frozen=True):
    """One channel's 240 ms.

    `frames` is bool of shape (12,): which 20 ms were active; `share` is their part, 0..1. `level_db` is the level of
    the active frames in dBFS, -100 if there are none.
    """

    frames: npt.NDArray[np.bool_]
    share: float
    level_db: float


class ActivityDetector:
    """Follows one channel's noise floor from block to block; looks at the past only."""

    __slots__ = ("_floor_db", "_settings")

    def __init__(self, settings: ActivitySettings | None = None) -> None:
        self._settings = settings or ActivitySettings()
        self._floor_db = self._settings.start_floor_db

    def measure(self, samples: Samples) -> Activity:
        """The activity of the next block, int16 of shape (1920,) at 8 kHz."""
        settings = self._settings
        # In integers, so that the sum does not depend on the order in which a processor adds.
        frames = samples.reshape(N_FRAMES, FRAME_SAMPLES).astype(np.int64)
        energy = np.einsum("ij,ij->i", frames, frames) / (FRAME_SAMPLES * _FULL_SCALE**2)
        sounding = energy > 0.0  # zeros are silence put in for lost audio, or a digital gap: they show no noise
        levels_db = 10.0 * np.log10(np.maximum(energy, 10.0 ** (SILENT_DB / 10.0)))
        if sounding.any():
            risen_db = self._floor_db + settings.floor_rise_db_per_s * _BLOCK_S
            self._floor_db = min(risen_db, float(levels_db[sounding].min()), settings.max_floor_db)
        active = levels_db > max(self._floor_db + settings.above_floor_db, settings.min_level_db)
        n_active = int(active.sum())
        if not n_active:
            return Activity(active, 0.0, SILENT_DB)
        level_db = 10.0 * np.log10(float(energy[active].mean()))
        return Activity(active, n_active / N_FRAMES, round(float(level_db), 4))


def overlap(customer: Activity, agent: Activity) -> float:
    """Share of the block's 20 ms frames in which both speak, 0..1."""
    return int((customer.frames & agent.frames).sum()) / N_FRAMES
