"""Speech beside Silero VAD, and where nobody speaks."""

from pathlib import Path

import numpy as np
import pytest

from tests.training.made import buzz
from voicerisk.scoring.model import Model
from voicerisk.training.corpora.audio import read_file
from voicerisk.training.evaluation import speech
from voicerisk.training.evaluation.speech import silero_chunks, silero_path, speech_result

FIXTURES = Path(__file__).parents[2] / "fixtures"


def bursts() -> tuple[np.ndarray, list[tuple[float, float]]]:
    """Sound from 2.4 to 4.8 s and from 7.2 to 9.6 s of twelve seconds."""
    said = [(2.4, 4.8), (7.2, 9.6)]
    audio = np.zeros(96000, np.float32)
    for start_s, end_s in said:
        audio[round(start_s * 8000) : round(end_s * 8000)] = buzz(end_s - start_s, 0.2)
    return audio, said


def test_speech_is_judged_where_it_was(loudness: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that takes sound for speech is right where the caller sounded, and wrong all through loud music."""
    monkeypatch.setattr(speech, "silero_path", lambda: None)
    audio, said = bursts()
    sounds = {"music": buzz(4.8, 0.3), "silence": np.zeros(19200, np.float32)}
    found = speech_result(loudness, [(who, audio, said) for who in "abc"], sounds, resamples=20)
    assert found.against_truth.value == 1.0
    assert (found.n_chunks, found.n_callers) == (150, 3)
    assert found.false_s_per_min == {"music": 60.0, "silence": 0.0}
    assert (found.against_silero, found.agreement, found.silero_false_s_per_min) == (None, None, {})


def test_shifted_truth_is_noticed(loudness: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the caller said to have spoken elsewhere, the figure would fall: the measure can fail."""
    monkeypatch.setattr(speech, "silero_path", lambda: None)
    audio, said = bursts()
    elsewhere = [(start_s - 2.4, end_s - 2.4) for start_s, end_s in said]
    found = speech_result(loudness, [("a", audio, elsewhere)], {}, resamples=0)
    assert found.against_truth.value is not None
    assert found.against_truth.value < 0.5


def test_what_the_reference_gets_wrong_does_not_count_where_both_must_agree(
    loudness: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reference that hears speech after the last word lowers the figure against it, not the one where it is right."""
    audio, said = bursts()
    word = np.array([float(any(start <= (i + 0.5) * 0.24 < end for start, end in said)) for i in range(50)])
    word[45:] = 1.0
    monkeypatch.setattr(speech, "silero_path", lambda: Path("silero.onnx"))
    monkeypatch.setattr(speech, "silero_chunks", lambda path, audios: [word for _ in audios])
    found = speech_result(loudness, [(who, audio, said) for who in "abc"], {}, resamples=0)
    assert found.against_silero is not None
    assert found.against_silero.value is not None
    assert found.against_silero.value < 0.95
    assert found.against_agreed is not None
    assert found.against_agreed.value == 1.0


@pytest.mark.train_extra
def test_silero_hears_a_voice_and_not_silence() -> None:
    """Silero's graph, fed as its authors feed it, takes a recorded voice for speech and silence for none."""
    path = silero_path()
    assert path is not None
    voice = read_file(FIXTURES / "calm.flac")
    heard, nothing = silero_chunks(path, [voice, np.zeros(24000, np.float32)])
    assert float(np.mean(heard > 0.5)) > 0.8
    assert float(nothing.max()) < 0.2
    assert len(heard) == -(-len(voice) // 1920)


@pytest.mark.train_extra
def test_silero_hears_each_sound_as_if_alone() -> None:
    """Sounds of all lengths side by side, in any order, are judged as each is by itself."""
    path = silero_path()
    assert path is not None
    voice = read_file(FIXTURES / "calm.flac")
    sounds = [voice[:4000], voice, np.zeros(100, np.float32), voice[9000:30000]]
    for together, sound in zip(silero_chunks(path, sounds), sounds, strict=True):
        assert together == pytest.approx(silero_chunks(path, [sound])[0], abs=1e-4)
