"""Tests of voicerisk.score: the model's own word on files."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tests.scoring.toy import toy_model
from tests.sounds import tone, write
from voicerisk.audiofile import AudioFileError
from voicerisk.events import Role
from voicerisk.score import FileScore, score_files
from voicerisk.scoring.model import Model
from voicerisk.scoring.scores import ScoringError

FIXTURES = Path(__file__).parent / "fixtures"
SCALES = ("tension", "stress", "arousal", "valence")


def scored(model: Model, *paths: Path, roles: tuple[Role, ...] | None = None) -> list[FileScore]:
    """Everything that is said of them."""
    return list(score_files(paths, model, roles=roles))


def judge(pooled: dict[str, Any], labels: tuple[str, ...]) -> None:
    """Checks one set of pooled scores: all there, all within 0..1, emotions adding up to 1."""
    assert all(0.0 <= pooled[scale] <= 1.0 for scale in SCALES)
    assert tuple(pooled["emotion"]) == labels
    assert sum(pooled["emotion"].values()) == pytest.approx(1.0, abs=1e-3)


def test_the_schema_to_the_letter(ear: Model) -> None:
    """The shipped model's word has just the promised keys; windows follow each other from 0 to the end of the file."""
    (score,) = map(msgspec.to_builtins, scored(ear, FIXTURES / "angry.flac"))
    assert list(score) == ["file", "duration_s", "speech_s", "summary", "windows"]
    assert score["file"] == str(FIXTURES / "angry.flac")
    assert set(score["summary"]) == {*SCALES, "emotion"}
    judge(score["summary"], ear.spec.emotions)
    assert 1.0 < score["speech_s"] <= score["duration_s"]
    assert [window["start_s"] for window in score["windows"]] == [
        round(0.24 * number, 2) for number in range(len(score["windows"]))
    ]
    assert score["windows"][-1]["end_s"] == round(score["duration_s"], 2)
    for before, window in zip(score["windows"], score["windows"][1:], strict=False):
        assert before["end_s"] == window["start_s"]
    for window in score["windows"]:
        assert set(window) == {"start_s", "end_s", "speech", *SCALES, "emotion"}
        assert 0.0 <= window["speech"] <= 1.0
        judge(window, ear.spec.emotions)


def test_angry_is_not_calm(ear: Model) -> None:
    """The same man saying the same sentences: angry scores above calm (these voices may have been in training)."""
    calm, angry = scored(ear, FIXTURES / "calm.flac", FIXTURES / "angry.flac")
    assert angry.summary["tension"] > calm.summary["tension"] + 0.2


def test_silence_is_no_speech(ear: Model, tmp_path: Path) -> None:
    """Three seconds of nothing give windows without speech and no second of it."""
    (score,) = scored(ear, write(tmp_path / "s.wav", np.zeros(24000, np.int16)))
    assert (score.duration_s, score.speech_s) == (3.0, 0.0)
    assert len(score.windows) == 13
    assert max(window["speech"] for window in score.windows) < 0.5


def test_a_file_without_a_sample(ear: Model, tmp_path: Path) -> None:
    """Zero length: no window, no speech, every score 0."""
    (score,) = scored(ear, write(tmp_path / "e.wav", np.zeros(0, np.int16)))
    assert (score.duration_s, score.speech_s, score.windows) == (0.0, 0.0, [])
    assert {score.summary[scale] for scale in SCALES} | set(score.summary["emotion"].values()) == {0.0}


def test_many_files_keep_their_order_and_their_scores(ear: Model, tmp_path: Path) -> None:
    """More files than are scored at a time, of all lengths: each is in its place with the score that it has alone."""
    rng = np.random.default_rng(2)
    lengths = [0, 1, 1919, 1920, 1921, *rng.integers(0, 16000, 65).tolist()]
    names = [f"{number}.wav" for number in range(len(lengths))]
    paths = [
        write(tmp_path / name, rng.integers(-9000, 9000, length, dtype=np.int16))
        for name, length in zip(names, lengths, strict=True)
    ]
    paths.insert(7, FIXTURES / "angry.flac")
    together = scored(ear, *paths)
    assert [score.file for score in together] == [str(path) for path in paths]
    for number in (0, 2, 4, 7, 40, 70):
        assert scored(ear, paths[number]) == [together[number]]


def test_the_customer_alone_is_scored(ear: Model, tmp_path: Path) -> None:
    """Of a stereo file the customer's channel counts, left unless told otherwise; an agent's file says nothing."""
    voice, other = tone(2.0, 0.3), np.zeros(16000, np.int16)
    mono = write(tmp_path / "m.wav", voice)
    left = write(tmp_path / "l.wav", voice, other)
    right = write(tmp_path / "r.wav", other, voice)
    (expected,) = scored(ear, mono)
    for path, roles in ((left, None), (right, (Role.AGENT, Role.CUSTOMER))):
        (score,) = scored(ear, path, roles=roles)
        assert (score.summary, score.windows) == (expected.summary, expected.windows)
    (agent,) = scored(ear, mono, roles=(Role.AGENT,))
    assert (agent.windows, agent.speech_s) == ([], 0.0)


def test_other_rates(ear: Model, tmp_path: Path) -> None:
    """16 and 48 kHz are brought to 8 kHz: as many windows, the same end."""
    for rate_hz in (16000, 48000):
        (score,) = scored(ear, write(tmp_path / "a.wav", tone(1.0, rate_hz=rate_hz), rate_hz=rate_hz))
        assert len(score.windows) == 5
        assert (score.duration_s, score.windows[-1]["end_s"]) == (1.0, 1.0)


def test_a_bad_file_is_named_after_the_good_ones(ear: Model, tmp_path: Path) -> None:
    """What cannot be read stops the scoring with its name."""
    bad = tmp_path / "bad.wav"
    bad.write_text("dear customer")
    with pytest.raises(AudioFileError, match=r"bad\.wav"):
        scored(ear, FIXTURES / "calm.flac", bad)


def test_a_file_that_breaks_the_model_is_named(tmp_path: Path) -> None:
    """The model's own error comes with the file's name."""
    trap = tone(1.0)
    trap[1920] = -32768
    with pytest.raises(ScoringError, match=r"t\.wav: the model raised"):
        scored(toy_model(tmp_path, faulty=True), write(tmp_path / "t.wav", trap))


def test_progress_is_told(ear: Model, tmp_path: Path) -> None:
    """Each file's progress reaches its last chunk."""
    told: dict[str, float] = {}
    path = write(tmp_path / "a.wav", tone(1.0))
    list(score_files([path], ear, progress=lambda name, at_s: told.update({name: at_s})))
    assert told == {str(path): pytest.approx(1.2)}
