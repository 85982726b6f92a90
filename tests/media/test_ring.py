"""The last seconds of a call's sound."""

from pathlib import Path

import numpy as np
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.events import Role
from voicerisk.media import g711
from voicerisk.media.block import BLOCK_SAMPLES, Block, BlockAudio
from voicerisk.media.ring import Ring

SOURCE = Path(__file__).parents[2] / "streams" / "source" / "call0_escalates.flac"
ROLES = (Role.CUSTOMER, Role.AGENT)


def _audio(samples: np.ndarray, n_missing: int = 0, *, seam: bool = False) -> BlockAudio:
    return BlockAudio(samples, n_missing=n_missing, n_valid=BLOCK_SAMPLES, seam=seam)


def _call(n_blocks: int) -> list[Block]:
    said, _ = soundfile.read(SOURCE, dtype="int16")
    blocks = []
    for index in range(n_blocks):
        at = index % (len(said) // BLOCK_SAMPLES) * BLOCK_SAMPLES
        parts = {role: said[at : at + BLOCK_SAMPLES, number].copy() for number, role in enumerate(ROLES)}
        blocks.append(Block(index, {role: _audio(samples) for role, samples in parts.items()}))
    return blocks


def test_blocks_come_back_as_they_went_in() -> None:
    """What is taken out is the mu-law of what was put in, with its index, gaps and seams."""
    ring = Ring(1.0)
    speech = _call(4)[3].roles[Role.CUSTOMER].samples
    ring.append(Block(7, {Role.MIXED: _audio(speech, 12, seam=True)}))
    ring.append(Block(8, {}))
    mixed, empty = ring.since(0)
    assert np.array_equal(mixed.roles[Role.MIXED].samples, g711.decode_ulaw(g711.encode_ulaw(speech).tobytes()))
    assert (mixed.index, mixed.roles[Role.MIXED].n_missing, mixed.roles[Role.MIXED].seam) == (7, 12, True)
    assert (empty.index, dict(empty.roles)) == (8, {})


def test_only_the_last_seconds_are_kept() -> None:
    """Older blocks go as new ones come, and both ways of asking give the oldest first."""
    ring = Ring(2.4)
    for block in _call(25):
        ring.append(block)
    assert [block.index for block in ring.since(0)] == list(range(15, 25))
    assert [block.index for block in ring.since(22)] == [22, 23, 24]
    assert [block.index for block in ring.last(0.48)] == [23, 24]
    assert [block.index for block in ring.last(60)] == list(range(15, 25))
    assert ring.last(0) == []
    assert ring.since(25) == []


def test_a_cut_stays_as_it_is() -> None:
    """The seconds before a moment can be taken out, and do not change when the ring goes on."""
    ring = Ring(2.4)
    for block in _call(12):
        ring.append(block)
    before, newest, early = ring.cut(0.72, 2.16), ring.cut(0.48), ring.cut(0.72, 1.0)
    for block in _call(12):
        ring.append(block)
    assert [block.index for block in before.blocks()] == [6, 7, 8]
    assert [block.index for block in newest.blocks()] == [10, 11]
    assert [block.index for block in early.blocks()] == [2, 3, 4]
    assert [block.index for block in ring.cut(60, 1.2).blocks()] == [2, 3, 4]
    assert (before.seconds, Ring(1.0).cut(8.0, 3.0).seconds) == (0.72, 0.0)


def test_half_a_minute_of_speech_is_under_190_kb_per_party() -> None:
    """Thirty seconds of a noisy call, both parties, take under 190 kB for each party; plain mu-law would take 240."""
    ring = Ring(30.0)
    for block in _call(200):
        ring.append(block)
    assert len(ring.since(0)) == 125
    assert ring.n_bytes < 2 * 190_000


@given(st.binary(min_size=2, max_size=2 * BLOCK_SAMPLES))
def test_any_sound_can_be_kept(sound: bytes) -> None:
    """Noise of any kind, which cannot be packed, is kept as well and costs hardly more than mu-law."""
    samples = np.resize(np.frombuffer(sound[: len(sound) // 2 * 2], np.int16), BLOCK_SAMPLES)
    ring = Ring(0.24)
    ring.append(Block(0, {Role.CUSTOMER: _audio(samples)}))
    kept = ring.last(1)[0].roles[Role.CUSTOMER].samples
    assert np.array_equal(kept, g711.decode_ulaw(g711.encode_ulaw(samples).tobytes()))
    assert ring.n_bytes <= BLOCK_SAMPLES + 16
