"""A block: 240 ms of one call, every role on the same samples of the call's clock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from voicerisk.events import Role
from voicerisk.scoring.contract import CHUNK_SAMPLES, RATE_HZ

BLOCK_SAMPLES: Final = CHUNK_SAMPLES
"""Samples per role in a block: the model's chunk."""

Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class BlockAudio:
    """One role's part of a block.

    `samples` is int16 of shape (1920,) at 8 kHz. The first `n_valid` lie within the call: fewer than 1920 in a call's
    last block only, the rest is zero. `n_missing` of them are silence put in for audio that never came. `seam` tells
    that in this block the role's audio does not follow on what was before it: a new stream took over, the peer's clock
    jumped, or a pause ended.
    """

    samples: Samples
    n_missing: int
    n_valid: int
    seam: bool


@dataclass(frozen=True, slots=True)
class Block:
    """The 240 ms with number `index` since the call's media began; roles that had no stream then are not in it."""

    index: int
    roles: Mapping[Role, BlockAudio]

    @property
    def start_s(self) -> float:
        """Media time of the first sample, in seconds."""
        return self.index * BLOCK_SAMPLES / RATE_HZ

    @property
    def end_s(self) -> float:
        """Media time just after the last sample that lies within the call, in seconds."""
        n_valid = max((audio.n_valid for audio in self.roles.values()), default=BLOCK_SAMPLES)
        return (self.index * BLOCK_SAMPLES + n_valid) / RATE_HZ
