"""What every model that comes with the project must hold, measured on the real graphs."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

from voicerisk.scoring.contract import CHUNK_SAMPLES
from voicerisk.scoring.engine import ScoringEngine
from voicerisk.scoring.model import Model, load_model
from voicerisk.scoring.scores import ChunkScore, ScoringError

MODELS = sorted(path.parent for path in (Path(__file__).parents[2] / "models").glob("*/model.toml"))
FIXTURES = Path(__file__).parents[1] / "fixtures"
N_CHANNELS = 33
N_CHUNKS = 16


@pytest.fixture(scope="module", params=MODELS, ids=lambda folder: folder.name)
def model(request: pytest.FixtureRequest) -> Model:
    """Each shipped model in turn."""
    return load_model(request.param)


@pytest.fixture(scope="module")
def audio() -> npt.NDArray[np.int16]:
    """(16, 33, 1920): a real voice, calm and angry, from ever later places of the recording and ever quieter."""
    rng = np.random.default_rng(5)
    spoken = np.concatenate(
        [soundfile.read(FIXTURES / f"{name}.flac", dtype="float32")[0] for name in ("calm", "angry")]
    )
    n_samples = N_CHUNKS * CHUNK_SAMPLES
    voices = [
        10 ** (-i / 20) * np.roll(spoken, -i * len(spoken) // N_CHANNELS)[:n_samples]
        + rng.standard_normal(n_samples) * 10 ** (-i / 20) * 1e-3
        for i in range(N_CHANNELS)
    ]
    samples = np.clip(np.stack(voices) * 32768, -32768, 32767).astype(np.int16)
    return samples.reshape(N_CHANNELS, N_CHUNKS, CHUNK_SAMPLES).transpose(1, 0, 2)


def run(model: Model, audio: npt.NDArray[np.int16], batch: int) -> list[list[ChunkScore | ScoringError]]:
    """Scores by chunk and channel, at most `batch` channels in one run."""
    n = audio.shape[1]
    engine = ScoringEngine(model, n, batch)
    slots = [engine.open() for _ in range(n)]
    return [
        [
            score
            for at in range(0, n, batch)
            for score in engine.run(slots[at : at + batch], chunk[at : at + batch]).rows()
        ]
        for chunk in audio
    ]


def test_there_is_one() -> None:
    """The project comes with a model named `tension`."""
    assert "tension" in [folder.name for folder in MODELS]


def test_hears_speech(model: Model, audio: npt.NDArray[np.int16]) -> None:
    """The voices make windows with speech in them, so that the tests below compare scores that mean something."""
    last = run(model, audio, N_CHANNELS)[-1]
    with_speech = [s for s in last if isinstance(s, ChunkScore) and s.window and s.window.speech_s > 0.5]
    assert len(with_speech) > 10
    assert len({s.window.tension for s in with_speech if s.window}) > 5


def test_batch_size_moves_nothing(model: Model, audio: npt.NDArray[np.int16]) -> None:
    """Alone, in batches of every awkward size, or all together: the scores are exactly the same."""
    together = run(model, audio, N_CHANNELS)
    for batch in (1, 2, 3, 5, 7, 8, 16, 31):
        assert run(model, audio, batch) == together, f"batches of {batch}"


def test_order_moves_nothing(model: Model, audio: npt.NDArray[np.int16]) -> None:
    """The place of a channel in the batch does not matter."""
    together = run(model, audio, N_CHANNELS)
    order = np.random.default_rng(1).permutation(N_CHANNELS)
    shuffled = run(model, audio[:, order], N_CHANNELS)
    for chunk, original in zip(shuffled, together, strict=True):
        assert chunk == [original[i] for i in order]


def test_silence_and_full_scale(model: Model) -> None:
    """Silence for half a minute, a full-scale square wave and clipping noise all give finite scores in range."""
    rng = np.random.default_rng(0)
    square = np.where(np.arange(CHUNK_SAMPLES) // 20 % 2, 32767, -32768)
    chunk = np.stack([np.zeros(CHUNK_SAMPLES), square, rng.choice([-32768, 32767], CHUNK_SAMPLES)]).astype(np.int16)
    engine = ScoringEngine(model, 3, 3)
    slots = [engine.open() for _ in range(3)]
    for _ in range(125):
        scores = engine.run(slots, chunk)
        assert not scores.failures
    for name in ("speech", "voiced", "tension", "stress", "arousal", "valence", "all_tension"):
        assert ((scores.column(name) >= 0) & (scores.column(name) <= 1)).all(), name
    assert np.allclose(scores.column("emotion").sum(axis=1), 1.0, atol=1e-3)
    assert scores.column("window_speech_s")[0] == 0.0
