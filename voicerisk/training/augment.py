"""What a telephone may do to a training clip, drawn at random: so that the model learns the voice and not the line.

Wider than the degradations that the card reports on (`channel`), and drawn anew for every copy of a clip.
"""

import io
from typing import Final

import msgspec
import numpy as np
import soundfile

from voicerisk.scoring.contract import RATE_HZ
from voicerisk.training import channel
from voicerisk.training.corpora.clip import Audio

REFERENCE_DB: Final = -20.0


class LineSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often a line does what, as probabilities, and how much.

    Attributes:
        level_db: Active speech level, drawn evenly between the two, dBFS.
        tilt_share: How often the microphone tilts the spectrum ...
        tilt_db_per_octave: ... by at most so much either way.
        bump_share: How often it has a resonance or a hole ...
        bump_db: ... of at most so much either way.
        narrow_share: How often the band is 300-3400 Hz or near it, rather than all of 0-4 kHz.
        noise_share: How often there is noise ...
        snr_db: ... drawn evenly between the two below the speech.
        babble_share: Share of the noises that are another voice of the corpora, as in an office or on a mixed leg.
        echo_share: How often the other side's voice comes back as an echo ...
        echo_db: ... drawn evenly between the two below the speech.
        gain_control_share: How often an automatic gain control levels the voice.
        overdrive_share: How often the voice is clipped.
        loss_share: How often packets are lost ...
        max_loss: ... at most so many of them.
        gsm_share: How often a GSM full-rate codec lies in the path.
        opus_share: How often a low-rate Opus codec lies in the path.
        g711_share: How often the line ends in G.711, either law.
    """

    level_db: tuple[float, float] = (-45.0, -3.0)
    tilt_share: float = 0.5
    tilt_db_per_octave: float = 2.0
    bump_share: float = 0.4
    bump_db: float = 5.0
    narrow_share: float = 0.5
    noise_share: float = 0.6
    snr_db: tuple[float, float] = (5.0, 40.0)
    babble_share: float = 0.2
    echo_share: float = 0.1
    echo_db: tuple[float, float] = (18.0, 35.0)
    gain_control_share: float = 0.15
    overdrive_share: float = 0.12
    loss_share: float = 0.2
    max_loss: float = 0.06
    gsm_share: float = 0.12
    opus_share: float = 0.06
    g711_share: float = 0.75


def through_a_line(
    audio: Audio, other: Audio, noise: Audio, settings: LineSettings, random: np.random.Generator
) -> Audio:
    """Return the clip as a telephone line drawn at random would deliver it; same length.

    The same state of `random` draws the same line, whatever the clip's length.

    Args:
        audio: The clip, 8 kHz.
        other: Another clip: the voice in the background where babble is drawn, the other side where an echo is.
        noise: Noise of any length.
        settings: How often, how much.
        random: Where chance comes from.
    """
    loss_seed = int(random.integers(2**32))

    def happens(share: float) -> bool:
        return bool(random.random() < share)

    voice = channel.at_level(audio, REFERENCE_DB)
    voice = _equalised(voice, settings, random)
    if happens(settings.gain_control_share):
        voice = levelled(voice, strength=float(random.uniform(0.3, 0.9)))
    if happens(settings.narrow_share):
        voice = channel.telephone_band(voice, float(random.uniform(200, 350)), float(random.uniform(3200, 3600)))
    if happens(settings.noise_share):
        background = other if happens(settings.babble_share) else noise
        voice = channel.with_noise(voice, background, float(random.uniform(*settings.snr_db)))
    if happens(settings.echo_share):
        echo = channel.telephone_band(other)
        voice = channel.with_noise(voice, echo, float(random.uniform(*settings.echo_db)))
    if happens(settings.overdrive_share):
        limit = float(np.abs(voice).max(initial=1e-3) * random.uniform(0.15, 0.6))
        voice = np.clip(voice, -limit, limit)
    voice = channel.at_level(voice, float(random.uniform(*settings.level_db)))
    if happens(settings.gsm_share):
        voice = gsm(voice)
    if happens(settings.opus_share):
        voice = low_rate_opus(voice)
    if happens(settings.loss_share):
        losses = np.random.default_rng([loss_seed, len(voice)])
        voice = channel.with_loss(voice, float(random.uniform(0.005, settings.max_loss)), losses)
    if happens(settings.g711_share):
        voice = channel.g711(voice, "ulaw" if happens(0.5) else "alaw")
    return voice


def _equalised(audio: Audio, settings: LineSettings, random: np.random.Generator) -> Audio:
    """Return the audio as another microphone would have heard it: a tilt and a smooth bump over the spectrum."""
    is_tilted, is_bumpy = random.random(2) < (settings.tilt_share, settings.bump_share)
    if not audio.size or not (is_tilted or is_bumpy):
        return audio
    n_fft = -(-len(audio) // RATE_HZ) * RATE_HZ
    frequency_hz = np.maximum(np.fft.rfftfreq(n_fft, 1 / RATE_HZ), 50.0)
    gain_db = np.zeros_like(frequency_hz)
    if is_tilted:
        gain_db += random.uniform(-1, 1) * settings.tilt_db_per_octave * np.log2(frequency_hz / 800.0)
    if is_bumpy:
        distance = (frequency_hz - random.uniform(300, 3300)) / random.uniform(150, 900)
        gain_db += random.uniform(-1, 1) * settings.bump_db * np.exp(-(distance**2))
    return np.fft.irfft(np.fft.rfft(audio, n_fft) * 10 ** (gain_db / 20), n_fft)[: len(audio)].astype(np.float32)


def levelled(audio: Audio, *, strength: float, release_s: float = 0.4) -> Audio:
    """Return the audio after an automatic gain control that evens out its loudness by `strength` (1 = completely)."""
    levels_db = channel.frame_levels_db(audio)
    if not levels_db.size:
        return audio
    target_db = channel.speech_level_db(audio)
    keep = np.exp(-channel.FRAME / RATE_HZ / release_s)
    heard_db, gains_db = target_db, np.empty(len(levels_db))
    for index, level_db in enumerate(levels_db):
        if level_db > target_db - 30.0:  # in pauses the gain stays where it was
            heard_db = max(float(level_db), keep * heard_db + (1 - keep) * float(level_db))
        gains_db[index] = strength * np.clip(target_db - heard_db, -20.0, 20.0)
    at = np.arange(len(audio)) / channel.FRAME - 0.5
    gain = 10 ** (np.interp(at, np.arange(len(gains_db)), gains_db) / 20)
    return np.clip(audio * gain, -1, 1).astype(np.float32)


def gsm(audio: Audio) -> Audio:
    """Return the audio after GSM full-rate coding (13 kbit/s)."""
    return _coded(audio, "WAV", "GSM610", 0.0)


def low_rate_opus(audio: Audio) -> Audio:
    """Return the audio after Opus at the lowest rate that libsndfile offers (about 6 kbit/s)."""
    return _coded(audio, "OGG", "OPUS", 1.0)


def _coded(audio: Audio, container: str, subtype: str, compression: float) -> Audio:
    if len(audio) < channel.FRAME:
        return audio
    file = io.BytesIO()
    soundfile.write(
        file, np.clip(audio, -1, 1), RATE_HZ, format=container, subtype=subtype, compression_level=compression or None
    )
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    # A codec pads its last block: the length is cut back, or filled where it lost some.
    return np.pad(decoded[: len(audio)], (0, max(0, len(audio) - len(decoded))))
