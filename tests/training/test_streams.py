"""Streams that teach what speech is, and the sounds that are none."""

from collections.abc import Callable

import numpy as np
import pytest

from voicerisk.training import sounds
from voicerisk.training.augment import LineSettings
from voicerisk.training.streams import STREAM, STREAM_CHUNKS, spoken, stream

RATE_HZ = 8000


def voice() -> np.ndarray:
    """Half a second of silence, one of buzz, half of silence."""
    t = np.arange(RATE_HZ) / RATE_HZ
    buzz = 0.1 * np.sum([np.sin(2 * np.pi * 150 * k * t) / k for k in range(1, 20)], axis=0)
    return np.concatenate([np.zeros(4000), buzz, np.zeros(4000)]).astype(np.float32)


def test_truth_is_where_the_voice_is() -> None:
    """The buzz is spoken and the silence around it is not, but for a short hang."""
    truth = spoken(voice())
    assert truth[4200:11800].all()
    assert not truth[:2500].any()
    assert not truth[-2500:].any()


@pytest.mark.parametrize("n_samples", [0, 100, 161, 700])
def test_truth_of_very_short_clips(n_samples: int) -> None:
    """Clips shorter than a frame, and odd lengths, have a truth of their own length."""
    assert spoken(np.ones(n_samples, np.float32) * 0.1).shape == (n_samples,)


@pytest.mark.parametrize("seed", range(8))
def test_a_stream_and_its_truth(seed: int) -> None:
    """Any stream is of the fixed length, finite, within full scale, with a share of speech for each chunk."""
    made = stream([voice()], [], LineSettings(), np.random.default_rng(seed))
    audio, truth = made.audio, made.truth
    assert audio.shape == (STREAM,)
    assert made.clean is None or made.clean.shape == (STREAM,)
    assert truth.shape == (STREAM_CHUNKS,)
    assert np.isfinite(audio).all()
    assert np.abs(audio).max() <= 1.0
    assert ((truth >= 0) & (truth <= 1)).all()


def test_some_streams_hold_speech_and_some_do_not() -> None:
    """Both kinds are drawn, and a stream has clean voices where it has speech and only there."""
    made = [stream([voice()], [], LineSettings(), np.random.default_rng(seed)) for seed in range(30)]
    assert 5 < sum(one.truth.any() for one in made) < 28
    assert all((one.clean is not None) == one.truth.any() for one in made)


def test_a_line_sounds_between_voices_too() -> None:
    """Now and then there is more on a line without noise than the voices said, and that is no speech."""
    quiet = LineSettings(tilt_share=0, bump_share=0, narrow_share=0, noise_share=0, loss_share=0, g711_share=0)
    louder = 0
    for seed in range(12):
        made = stream([voice()], [], quiet, np.random.default_rng(seed))
        if made.clean is not None:
            silent = made.truth == 0
            levels = np.abs(made.audio.reshape(STREAM_CHUNKS, -1)).max(1)
            louder += bool((silent & (levels > 0.1 * levels.max())).any())
    assert louder > 2


@pytest.mark.parametrize("make", sorted(set(sounds.KINDS), key=lambda kind: kind.__name__))
def test_sounds_are_seeded_and_sane(make: Callable[[np.random.Generator, int], sounds.Samples]) -> None:
    """Each kind of sound is of the asked length, finite, not clipped flat, and the same for the same seed."""
    first, again, other = (make(np.random.default_rng(seed), 3 * RATE_HZ) for seed in (2, 2, 3))
    assert first.shape == (3 * RATE_HZ,)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.abs(first).max() <= 2.0
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_keys_are_two_tones() -> None:
    """Keys hold nothing outside the eight frequencies of DTMF."""
    power = np.abs(np.fft.rfft(sounds.keys(np.random.default_rng(0), 4 * RATE_HZ))) ** 2
    hz = np.fft.rfftfreq(4 * RATE_HZ, 1 / RATE_HZ)
    tones = np.array([697, 770, 852, 941, 1209, 1336, 1477, 1633])
    near = (np.abs(hz[:, None] - tones) < 40).any(1)
    assert power[near].sum() / power.sum() > 0.9
