"""Streams of noise and what a timeline makes of them, for the tests."""

from collections.abc import Sequence

import numpy as np

from voicerisk.events import Role
from voicerisk.gateways.codec import Channel
from voicerisk.media.block import Block
from voicerisk.media.timeline import Timeline

CUSTOMER = Channel(Role.CUSTOMER, 8000)
AGENT = Channel(Role.AGENT, 8000)
SECOND = 8000


def speech(n_samples: int, seed: int = 0) -> np.ndarray:
    """Noise of which no sample is zero."""
    return np.random.default_rng(seed).integers(1, 30000, n_samples, np.int16)


def joined(blocks: Sequence[Block], role: Role) -> np.ndarray:
    """The samples of a role, block after block; the blocks must follow on each other."""
    assert [block.index for block in blocks] == list(range(blocks[0].index, blocks[0].index + len(blocks)))
    parts = [block.roles[role] for block in blocks if role in block.roles]
    return np.concatenate([part.samples[: part.n_valid] for part in parts])


def n_missing(blocks: Sequence[Block], role: Role) -> int:
    """How much of a role's samples is silence put in."""
    return sum(block.roles[role].n_missing for block in blocks if role in block.roles)


def seams(blocks: Sequence[Block], role: Role) -> list[int]:
    """The blocks in which a role's audio does not follow on what was before."""
    return [block.index for block in blocks if role in block.roles and block.roles[role].seam]


def opened(*channels: Channel) -> Timeline:
    """A timeline with one open stream, "s"."""
    timeline = Timeline()
    timeline.open_stream("s", channels)
    return timeline
