"""The whole evaluation, small."""

import shutil
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.training.made import clip, made_clips, write_emodb
from voicerisk.scoring.model import find_model, load_model
from voicerisk.scoring.model_file import CARD_FILE, GRAPH_FILE, TYPED_FILE
from voicerisk.training.corpora import CorpusError
from voicerisk.training.evaluate import check, evaluate, measure
from voicerisk.training.evaluation.effort import FULL, QUICK
from voicerisk.training.evaluation.results import FILE, Evaluation, read_evaluation, write_evaluation
from voicerisk.training.evaluation.stages import HALF, HALF_DEGRADED

TINY = replace(QUICK, escalating=2, calm=2, speech_calls=1, sound_minutes=0.6, cost_s=0.02, resamples=10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model as export leaves it, without what other runs have measured."""
    copy = tmp_path_factory.mktemp("models") / "tension"
    copy.mkdir()
    for name in (GRAPH_FILE, TYPED_FILE, CARD_FILE):
        shutil.copy(find_model("tension") / name, copy)
    return copy


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory, folder: Path) -> tuple[Evaluation, list[str]]:
    """That model, measured on a made-up corpus, and the stages that were told of."""
    stages: list[str] = []
    root = write_emodb(tmp_path_factory.mktemp("corpora"), ("03", "09", "15"), n=4)
    model = load_model(folder)
    result = measure(model, root, effort=TINY, workers=1, report=lambda stage, done, total: stages.append(stage))
    return result, list(dict.fromkeys(stages))


def test_every_part_is_measured(measured: tuple[Evaluation, list[str]]) -> None:
    """One run gives clips, lines, speech, calls, sounds, cost and sameness, on test speakers alone."""
    result, stages = measured
    assert stages == ["reading", "clips", "callers", "lines", "speech", "calls", "sounds", "cost"]
    assert result.quick
    everyone = result.clips[0]
    assert (everyone.n, everyone.n_speakers) == (24, 2)  # 03 and 09 are test speakers, 15 trains
    assert everyone.auc_rest.value is not None
    assert [row.name for row in result.lines][:2] == ["as recorded", "G.711 at -35 dBFS"]
    assert len(result.lines) == 8
    calls = {row.name: row for row in result.calls.rows}
    assert calls["all calls"].n_escalating == 2
    before, after = calls[HALF], calls[HALF_DEGRADED]
    assert (before.n_escalating, before.n_calm, before.calm_hours) == (1, 1, after.calm_hours)
    assert result.speech.n_callers == 1
    assert {row.name for row in result.calls.sounds} == {"hold music", "ringback", "keys", "noise"}
    assert set(result.cost.ms_per_s) == {1, 100}
    assert all(value > 0 for value in result.cost.ms_per_s.values())


def test_neighbours_make_no_difference(measured: tuple[Evaluation, list[str]]) -> None:
    """The shipped model's scores of a clip are the same alone and among 24 others, to the last bit."""
    assert measured[0].invariance.neighbours == 0.0


def test_result_reads_back(measured: tuple[Evaluation, list[str]], tmp_path: Path) -> None:
    """What is written beside the model is read back the same; a missing or broken file says what to run."""
    with pytest.raises(CorpusError, match="voicerisk evaluate"):
        read_evaluation(tmp_path)
    write_evaluation(tmp_path, measured[0])
    assert read_evaluation(tmp_path) == measured[0]
    (tmp_path / FILE).write_text("{}", encoding="utf-8")
    with pytest.raises(CorpusError, match=FILE):
        read_evaluation(tmp_path)


def test_full_measure_of_some_corpora_is_refused(folder: Path, corpora_root: Path) -> None:
    """Figures of fewer test speakers than the split has would not compare; the corpora that lack some are named."""
    with pytest.raises(CorpusError, match=r"13 of ased, .* of turev") as refused:
        measure(load_model(folder), corpora_root, effort=FULL)
    assert "emodb" not in str(refused.value)  # both its test speakers are there


def test_clips_that_are_not_sound_are_named(corpora_root: Path) -> None:
    """A clip without a file and a speaker of two sexes stop the evaluation; of many faults the first ones are named."""
    clips = made_clips(corpora_root)
    check(clips, whole=False)
    gone = [clip("emodb_03", "angry", number) for number in range(9)]
    with pytest.raises(CorpusError, match=r"no file /made/emodb_03-angry-0\.wav.*and 5 more"):
        check([*clips, *gone], whole=False)


@pytest.mark.train_extra
def test_pictures_lie_beside_the_figures(
    folder: Path, corpora_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`evaluate` writes the figures and both pictures into the folder that it is given."""
    monkeypatch.setattr("voicerisk.training.evaluate.QUICK", TINY)
    result = evaluate(folder, corpora_root, out=tmp_path, quick=True, workers=1)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["calls.png", FILE, "reliability.png"]
    assert msgspec.json.decode((tmp_path / FILE).read_bytes(), type=Evaluation) == result
