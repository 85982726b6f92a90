"""A whole training run on a made-up corpus whose angry voices are pressed and high, from settings to a served model."""

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
import torch

from voicerisk.scoring.model import Model, load_model
from voicerisk.training.corpora.clip import CorpusError
from voicerisk.training.export import export
from voicerisk.training.reopen import ear_of
from voicerisk.training.train import Trained, train

SETTINGS = """
name = "tiny"
version = "1"
corpora = ["emodb"]
judged_corpora = []
copies = 1
streams = 8
tone = {members = 2, hidden = 8, steps = 120, batch = 64, learning_rate = 1e-2}
known = {members = 2, hidden = 8, steps = 60, batch = 64}
mood = {members = 2, hidden = 8, steps = 60, batch = 64}
speech = {members = 1, hidden = 8, steps = 60, batch = 128}
thresholds = {enter = 0.5, leave = 0.4, hold_s = 1.0}
"""
MOODS = {"N": (2.2, 1.0), "W": (0.9, 1.5), "T": (2.5, 0.95)}
"""EmoDB's letter, how fast the harmonics fall, and what the pitch is multiplied by."""


def voice(speaker: int, letter: str, number: int) -> np.ndarray:
    """A second and a half of syllables."""
    random = np.random.default_rng([speaker, ord(letter), number])
    fall, higher = MOODS[letter]
    t = np.arange(12000) / 8000
    f0_hz = (100 + 7 * speaker) * higher * random.uniform(0.95, 1.05)
    phase = 2 * np.pi * np.cumsum(f0_hz * (1 + 0.05 * np.sin(2 * np.pi * 2 * t))) / 8000
    buzz = sum(k ** -random.normal(fall, 0.1) * np.sin(k * phase) for k in range(1, int(3500 / f0_hz)))
    loud = np.clip(np.sin(2 * np.pi * random.uniform(2.5, 3.5) * t) + 0.6, 0, None)
    return (0.05 * buzz * loud + 1e-4 * random.standard_normal(len(t))).astype(np.float32)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus in EmoDB's layout: ten speakers, three moods, eight clips of each."""
    root = tmp_path_factory.mktemp("corpora")
    (root / "emodb" / "wav").mkdir(parents=True)
    for speaker in (3, 8, 9, 10, 11, 12, 13, 14, 15, 16):
        for letter in MOODS:
            for number in range(6):
                file = root / "emodb" / "wav" / f"{speaker:02d}a0{number}{letter}a.wav"
                soundfile.write(file, voice(speaker, letter, number), 8000)
    return root


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings of a run that takes seconds."""
    file = tmp_path_factory.mktemp("config") / "train.toml"
    file.write_text(SETTINGS)
    return file


@pytest.fixture(scope="module")
def trained(root: Path, config: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """What came of the run."""
    return train(config, tmp_path_factory.mktemp("run"), root)


@pytest.fixture(scope="module")
def exported(trained: Trained, root: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The run's model, exported and loaded."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    export(trained, folder, root)
    return load_model(folder)


def test_learns_to_tell_anger(trained: Trained) -> None:
    """Development speakers, whom the judging committee never heard, are told apart."""
    (development,) = trained.metrics.left_out
    assert development.rest is not None
    assert development.rest > 0.9


def test_leaves_a_run_folder(trained: Trained) -> None:
    """Log, curves, metrics, checkpoints and the settings used lie in the run folder."""
    for name in ("train.log", "curves.png", "metrics.json", "front.npz", "detector.pt", "ears.pt", "train.toml"):
        assert (trained.folder / name).stat().st_size > 0
    # The made voices are buzz, so how well the detector tells them means nothing; whose figure it is does.
    measured = torch.load(trained.folder / "detector.pt", weights_only=True)["auc"]
    assert trained.metrics.detector == round(measured, 4)


def test_goes_on_where_it_stopped_and_comes_out_the_same(trained: Trained, config: Path, root: Path) -> None:
    """A run cut short before its committees goes on from the front end's file, and gives the same metrics."""
    front = (trained.folder / "front.npz").stat().st_mtime_ns
    for name in ("tone.pt", "ears.pt", "metrics.json"):
        (trained.folder / name).unlink()
    again = train(config, trained.folder, root)
    assert again.metrics == trained.metrics
    assert (trained.folder / "front.npz").stat().st_mtime_ns == front


def test_refuses_a_folder_of_another_run(trained: Trained, tmp_path: Path, root: Path) -> None:
    """Other settings in the same run folder are an error, not a mixture."""
    other = tmp_path / "train.toml"
    other.write_text(SETTINGS.replace('version = "1"', 'version = "2"'))
    with pytest.raises(CorpusError, match="other settings"):
        train(other, trained.folder, root)


def test_refuses_to_go_on_with_other_clips(trained: Trained, config: Path, root: Path, tmp_path: Path) -> None:
    """A run folder whose front end heard other clips than the corpora hold now is an error, not a mixture."""
    shutil.copytree(root, tmp_path / "less")
    next((tmp_path / "less" / "emodb" / "wav").iterdir()).unlink()
    with pytest.raises(CorpusError, match=r"front\.npz: made of other clips"):
        train(config, trained.folder, tmp_path / "less")


def test_places_red_or_says_why_not(trained: Trained, root: Path, tmp_path: Path) -> None:
    """Without thresholds in the settings export simulates calls; where nobody can play one, it says who could."""
    placing = replace(trained, settings=msgspec.structs.replace(trained.settings, thresholds=None))
    for file in (root / "emodb" / "wav").glob("??a??Wa.wav"):
        shutil.copy(file, tmp_path)
    (tmp_path / "emodb" / "wav").mkdir(parents=True)
    for file in tmp_path.glob("*.wav"):
        file.rename(tmp_path / "emodb" / "wav" / file.name)
    with pytest.raises(CorpusError, match="of no speaker are there both calm and angry clips"):
        export(placing, tmp_path / "model", tmp_path)


def test_says_what_is_wrong_with_settings(tmp_path: Path, root: Path) -> None:
    """A misspelt key is named, with the file it stands in."""
    file = tmp_path / "train.toml"
    file.write_text(SETTINGS + "\n[line]\nlevel = 3\n")
    with pytest.raises(CorpusError, match=r"train\.toml.*level"):
        train(file, tmp_path / "run", root)


def test_exports_and_can_be_taught_further(exported: Model, trained: Trained) -> None:
    """The exported folder serves, and every weight can be had back from its graph."""
    assert exported.spec.training["chunk_max_abs_diff"] <= 1e-4
    again = ear_of(exported).state_dict()
    assert all(torch.equal(again[name], value) for name, value in trained.ear.state_dict().items())
