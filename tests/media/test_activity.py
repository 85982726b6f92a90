"""Activity by loudness: speech against noise, talk-over, and nothing learnt from what was put in for lost audio."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from voicerisk.media.activity import ActivityDetector, ActivitySettings, overlap
from voicerisk.media.block import BLOCK_SAMPLES, Samples

SOURCE = Path(__file__).parents[2] / "streams" / "source" / "call0_escalates.flac"
CUSTOMER_SPEAKS_S = ((6.28, 8.7), (9.27, 11.05), (14.04, 15.43), (16.18, 18.54), (22.45, 24.24))


def _noise(level_db: float, n_blocks: int, seed: int = 0) -> list[Samples]:
    rms = 32768 * 10 ** (level_db / 20)
    noise = np.random.default_rng(seed).normal(0, rms, n_blocks * BLOCK_SAMPLES)
    return list(np.clip(np.rint(noise), -32768, 32767).astype(np.int16).reshape(-1, BLOCK_SAMPLES))


def test_real_speech_is_found_where_it_is() -> None:
    """In a recorded call, blocks within the customer's utterances are active and blocks between them are not."""
    samples, _ = soundfile.read(SOURCE, frames=27 * 8000, dtype="int16")
    detector = ActivityDetector()
    said, quiet = [], []
    for index in range(len(samples) // BLOCK_SAMPLES):
        block = np.ascontiguousarray(samples[index * BLOCK_SAMPLES : (index + 1) * BLOCK_SAMPLES, 0])
        share = detector.measure(block).share
        start_s, stop_s = index * 0.24, (index + 1) * 0.24
        if any(a < start_s and stop_s < b for a, b in CUSTOMER_SPEAKS_S):
            said.append(share)
        elif all(stop_s < a or b < start_s for a, b in ((1.0, 3.15), *CUSTOMER_SPEAKS_S)):
            quiet.append(share)
    assert np.mean(said) > 0.7
    assert len(quiet) > 30
    assert max(quiet) < 0.1


def test_the_level_is_that_of_the_active_frames() -> None:
    """A block that is loud in its second half has half a share and the level of that half."""
    block = np.concatenate([_noise(-70, 1)[0][:960], _noise(-20, 1)[0][:960]])
    activity = ActivityDetector().measure(block)
    assert activity.share == 0.5
    assert activity.frames.tolist() == [False] * 6 + [True] * 6
    assert activity.level_db == pytest.approx(-20, abs=0.5)


def test_steady_noise_stops_counting() -> None:
    """A noisy line is taken for noise after some seconds at the latest; speech above it still counts."""
    detector = ActivityDetector()
    shares = [detector.measure(block).share for block in _noise(-42, 60)]
    assert shares[-1] == 0.0
    assert detector.measure(_noise(-25, 1, seed=1)[0]).share == 1.0


def test_talking_without_a_pause_is_not_taken_for_noise() -> None:
    """Loud speech stays active for a minute, since nothing louder than -35 dB is ever called noise."""
    detector = ActivityDetector()
    shares = [detector.measure(block).share for block in _noise(-20, 250)]
    assert min(shares) == 1.0


def test_silence_put_in_teaches_nothing() -> None:
    """Zeros for lost audio leave the noise floor where it was, and are not speech."""
    noisy = _noise(-42, 60)
    with_gap, without = ActivityDetector(), ActivityDetector()
    for block in noisy:
        with_gap.measure(block)
        without.measure(block)
    silence = with_gap.measure(np.zeros(BLOCK_SAMPLES, np.int16))
    assert (silence.share, silence.level_db) == (0.0, -100.0)
    after = _noise(-36, 1, seed=2)[0]
    assert with_gap.measure(after).share == without.measure(after).share == 0.0


def test_overlap_counts_frames_in_which_both_speak() -> None:
    """Talk-over is the share of 20 ms frames in which both are active."""
    loud, quiet = _noise(-20, 1)[0], _noise(-70, 1)[0]
    customer = ActivityDetector().measure(np.concatenate([loud[:960], quiet[:960]]))
    agent = ActivityDetector().measure(np.concatenate([quiet[:480], loud[:1440]]))
    assert overlap(customer, agent) == 0.25
    assert overlap(customer, customer) == 0.5


def test_full_scale_does_not_overflow() -> None:
    """The loudest possible block is active at 0 dB."""
    activity = ActivityDetector(ActivitySettings()).measure(np.full(BLOCK_SAMPLES, -32768, np.int16))
    assert (activity.share, activity.level_db) == (1.0, 0.0)
