"""What a telephone line does to a voice."""

import numpy as np
import pytest

from voicerisk.training import callsounds, channel
from voicerisk.training.corpora.clip import Audio


@pytest.fixture
def voice() -> Audio:
    """Two seconds that come and go like speech: a buzz of 150 Hz in bursts, with silence between."""
    time_s = np.arange(16000) / 8000
    buzz = np.sign(np.sin(2 * np.pi * 150 * time_s)) * 0.1
    return (buzz * (np.sin(2 * np.pi * 2 * time_s) > 0)).astype(np.float32)


@pytest.mark.parametrize("level_db", [-35.0, -24.0, -12.0])
def test_level_is_that_of_the_speech(voice: Audio, level_db: float) -> None:
    """Setting a level sets the level of the active frames, whatever silence lies around them."""
    assert channel.speech_level_db(channel.at_level(voice, level_db)) == pytest.approx(level_db, abs=0.05)
    padded = np.concatenate([np.zeros(40000, dtype=np.float32), voice])
    assert channel.speech_level_db(padded) == pytest.approx(channel.speech_level_db(voice), abs=0.05)


@pytest.mark.parametrize("audio", [np.zeros(0, dtype=np.float32), np.zeros(100, dtype=np.float32)])
def test_silence_and_nothing_pass_through(audio: Audio) -> None:
    """Empty and silent audio come back as they are from every step."""
    random = np.random.default_rng(0)
    for step in (
        channel.at_level(audio, -20),
        channel.telephone_band(audio),
        channel.with_noise(audio, audio, 10),
        channel.with_loss(audio, 0.5, random),
    ):
        assert np.array_equal(step, audio)


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_g711_keeps_the_voice(voice: Audio, law: channel.Law) -> None:
    """Coding by either law leaves 35 dB or more between the voice and the error, and only 256 distinct values."""
    coded = channel.g711(voice, law)
    error = float(np.mean((coded - voice) ** 2))
    assert 10 * np.log10(float(np.mean(voice**2)) / error) > 30
    ramp = channel.g711(np.linspace(-1, 1, 40000, dtype=np.float32), law)
    assert len(np.unique(ramp)) <= 256


def test_noise_lies_the_asked_distance_below(voice: Audio) -> None:
    """With 10 dB asked for, what was added has a power 10 dB below the active speech."""
    hiss = callsounds.noise("white", 1.0, np.random.default_rng(1))
    added = channel.with_noise(voice, hiss, 10) - voice
    power_db = 10 * np.log10(float(np.mean(added.astype(np.float64) ** 2)))
    assert power_db == pytest.approx(channel.speech_level_db(voice) - 10, abs=0.2)


@pytest.mark.parametrize("share", [0.03, 0.2])
def test_loss_takes_whole_packets_in_the_asked_share(share: float) -> None:
    """About the asked share of 20 ms packets is silent, and each packet is lost whole or not at all."""
    audio = np.ones(160 * 20000, dtype=np.float32)
    lost = channel.with_loss(audio, share, np.random.default_rng(3)).reshape(-1, 160).mean(axis=1)
    assert set(np.unique(lost)) == {0.0, 1.0}
    assert float(np.mean(lost == 0)) == pytest.approx(share, rel=0.15)


def test_band_keeps_the_middle_and_cuts_the_ends() -> None:
    """A tone of 1 kHz passes within half a decibel; 100 Hz and 3.9 kHz lose 20 dB or more."""
    time_s = np.arange(8000) / 8000

    def loss_db(frequency_hz: float) -> float:
        tone = np.sin(2 * np.pi * frequency_hz * time_s).astype(np.float32)
        return float(-10 * np.log10(np.mean(channel.telephone_band(tone) ** 2) / np.mean(tone**2)))

    assert abs(loss_db(1000)) < 0.5
    assert loss_db(100) > 20
    assert loss_db(3900) > 12
