"""The whole evaluation, small."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.training.made import write_emodb
from voicerisk.scoring.model import load_model
from voicerisk.training.corpora import CorpusError
from voicerisk.training.evaluate import QUICK, evaluate, measure
from voicerisk.training.evaluation.results import FILE, Evaluation, read_evaluation, write_evaluation

TINY = replace(QUICK, escalating=2, calm=2, harsh=1, speech_calls=1, sound_minutes=0.6, cost_s=0.02, resamples=10)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evaluation, list[str]]:
    """The shipped model, measured on a made-up corpus, and the stages that were told of."""
    stages: list[str] = []
    root = write_emodb(tmp_path_factory.mktemp("corpora"), ("03", "09", "15"), n=4)
    model = load_model("tension")
    result = measure(model, root, effort=TINY, workers=1, report=lambda stage, done, total: stages.append(stage))
    return result, list(dict.fromkeys(stages))


def test_every_part_is_measured(measured: tuple[Evaluation, list[str]]) -> None:
    """One run gives clips, lines, speech, calls, sounds, cost and sameness, on test speakers alone."""
    result, stages = measured
    assert stages == ["reading", "clips", "lines", "speech", "calls", "sounds"]
    assert result.quick
    everyone = result.clips[0]
    assert (everyone.n, everyone.n_speakers) == (24, 2)  # 03 and 09 are test speakers, 15 trains
    assert everyone.auc_rest.value is not None
    assert [row.name for row in result.lines][:2] == ["as recorded", "G.711 at -35 dBFS"]
    assert len(result.lines) == 8
    assert sum(row.n_escalating for row in result.calls.rows if row.name == "all calls") == 2
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


@pytest.mark.train_extra
def test_pictures_lie_beside_the_figures(corpora_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`evaluate` writes the figures and both pictures into the folder that it is given."""
    monkeypatch.setattr("voicerisk.training.evaluate.QUICK", TINY)
    result = evaluate("tension", corpora_root, out=tmp_path, quick=True, workers=1)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["calls.png", FILE, "reliability.png"]
    assert msgspec.json.decode((tmp_path / FILE).read_bytes(), type=Evaluation) == result
