"""A site's own marks teach a model: who learns, who judges, and what the new folder says of itself."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
import soundfile
import torch
from onnx import numpy_helper
from typer.testing import CliRunner, Result

from tests.scoring.toy import toy_model, toy_spec
from voicerisk.cli_training import COPIES_HELP, LEARNING_RATE_HELP, STEPS_HELP, app
from voicerisk.scoring.model import Model, load_model
from voicerisk.scoring.model_file import StateSpec, write_model_folder
from voicerisk.training import lessons
from voicerisk.training.augment import LineSettings
from voicerisk.training.calibrate import fit_platt, fit_platt_of_few
from voicerisk.training.committee import Committee
from voicerisk.training.corpora.clip import Clip, CorpusError
from voicerisk.training.corpora.marks import clips_of, read_marks
from voicerisk.training.data import chunk_sums, pooled_forms
from voicerisk.training.finetune import FinetuneSettings, finetune, pieces
from voicerisk.training.graph import ExportError, to_onnx
from voicerisk.training.network import EMOTIONS, N_KNOWN_INPUTS, N_OUTPUTS, N_SPEECH_INPUTS, STATES, Ear
from voicerisk.training.pooling import FUNCTIONALS
from voicerisk.training.reopen import ear_of
from voicerisk.training.settings import BaselineSettings
from voicerisk.training.split import divide, draw
from voicerisk.training.taught import Taught

QUICK = FinetuneSettings(copies=0, steps=120, learning_rate=5e-3)
ANY = FinetuneSettings(copies=0, steps=10)
CARD = "# tiny\n\n## What it was trained on\n\n| corpus | licence |\n|---|---|\n| emodb | CC0 |\n\n## Figures\n"


def voice(caller: int, is_tense: bool, number: int) -> np.ndarray:
    """A second and a half of syllables: who is tense sounds brighter, but some callers sound bright all day."""
    random = np.random.default_rng([caller, is_tense, number])
    fall = 1.2 + 0.25 * (7 * caller % 10) - 0.7 * is_tense
    time_s = np.arange(12000) / 8000
    f0_hz = random.uniform(110, 190)
    phase = 2 * np.pi * np.cumsum(f0_hz * (1 + 0.05 * np.sin(4 * np.pi * time_s))) / 8000
    buzz = sum(k ** -random.normal(fall, 0.1) * np.sin(k * phase) for k in range(1, int(3500 / f0_hz)))
    loud = np.clip(np.sin(2 * np.pi * random.uniform(2.5, 3.5) * time_s) + 0.6, 0, None)
    return np.asarray(0.05 * buzz * loud + 1e-4 * random.standard_normal(len(time_s)), dtype=np.float32)


def marked(folder: Path, callers: Sequence[int], n_tense: int = 6, n_calm: int = 12) -> Path:
    """A marks file of so many pieces of each caller."""
    lines = ["path,start_s,end_s,label,speaker"]
    for caller in callers:
        for label, n in (("tense", n_tense), ("calm", n_calm)):
            for number in range(n):
                name = f"{caller}-{label}-{number}.wav"
                soundfile.write(folder / name, voice(caller, label == "tense", number), 8000)
                lines.append(f"{name},0,,{label},{caller}")
    file = folder / "marks.csv"
    file.write_text("\n".join(lines) + "\n")
    return file


@pytest.fixture(scope="module")
def marks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten callers with six tense and twelve calm pieces each."""
    return marked(tmp_path_factory.mktemp("calls"), range(10))


def heard(file: Path) -> tuple[list[Clip], lessons.Forms]:
    """The marked pieces, as recorded."""
    clips = [piece for clip in clips_of(read_marks(file)) for piece in pieces(clip)]
    return clips, pooled_forms(chunk_sums(clips, {"marks"}, 0, LineSettings(), 0, lambda *_: None), len(clips), 0)


@pytest.fixture(scope="module")
def parent(marks: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A model that knows the scale of its inputs and nothing else."""
    clips, forms = heard(marks)
    weights = torch.ones(1, len(clips))
    alone = lessons.tone_lesson(clips, forms, weights)
    beside = lessons.known_lesson(clips, forms, weights, BaselineSettings(), 0)
    torch.manual_seed(1)
    shapes = ((len(FUNCTIONALS), N_OUTPUTS), (N_KNOWN_INPUTS, N_OUTPUTS), (len(FUNCTIONALS), N_OUTPUTS))
    committees = [Committee(*shape, 2, 8, 0.0) for shape in (*shapes, (N_SPEECH_INPUTS, 1))]
    for committee in committees:
        for bias in committee.biases:
            torch.nn.init.normal_(bias, std=0.1)  # the exporter merges equal tensors, as zeros would be
    for committee, lesson in zip(committees, (alone, beside, alone), strict=False):
        committee.standardise(lesson.inputs.flatten(0, 1))
    graph = to_onnx(Ear(*committees).eval())
    spec = msgspec.structs.replace(
        toy_spec("tiny"),
        emotions=EMOTIONS,
        state=tuple(StateSpec(name, shape) for name, shape in STATES.items()),
        calibration={"method": "the parent's", "slope": 3.0, "offset": 1.0},
        training={"corpora": ["emodb"], "chunk_max_abs_diff": 0.5},
    )
    folder = tmp_path_factory.mktemp("parent") / "tiny"
    write_model_folder(folder, graph, spec, CARD)
    return load_model(folder)


@pytest.fixture(scope="module")
def taught(parent: Model, marks: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Taught]:
    """The model taught by the marks, and what came of it."""
    folder = tmp_path_factory.mktemp("models") / "ours"
    _, outcome = finetune(parent, marks, folder, QUICK)
    return load_model(folder), outcome


def test_callers_either_teach_or_judge(taught: tuple[Model, Taught]) -> None:
    """No caller is on both sides, none is lost, and judged ones are told best beside their own calm speech."""
    outcome = taught[1]
    assert outcome.taught.callers + outcome.judged.callers == 10
    assert (outcome.taught.tense + outcome.judged.tense, outcome.taught.calm + outcome.judged.calm) == (60, 120)
    assert outcome.alone is not None
    assert outcome.known is not None
    assert (outcome.alone.n, outcome.known.n) == (outcome.judged.pieces, outcome.judged.pieces)
    assert outcome.alone.after > outcome.alone.before
    assert outcome.known.after > max(outcome.known.before, outcome.alone.after, 0.95)
    assert outcome.cautions("tiny") == []


def test_known_callers_are_judged_beside_their_own_calm_speech(taught: tuple[Model, Taught], marks: Path) -> None:
    """What the graph says of judged callers beside real calm baselines, drawn anew, is calibrated."""
    clips, forms = heard(marks)
    parts = divide(clips, draw(clips))
    judges = {clip.speaker for clip in (*parts["dev"], *parts["test"])}
    weights = torch.tensor([[float(clip.speaker in judges) for clip in clips]])
    lesson = lessons.known_lesson(clips, forms[:3], weights, BaselineSettings(calm_share=1.0), 99)
    rows = (lesson.weights[0] > 0).nonzero()[:, 0]
    assert len(rows) == 18 * 4
    with torch.inference_mode():
        tension = torch.sigmoid(ear_of(taught[0]).known(lesson.inputs[0, rows])[:, 0]).numpy()
    truth = lesson.scales[rows, 0].numpy()
    assert abs(tension.mean() - truth.mean()) < 0.03
    assert tension[truth == 1].mean() > 0.75
    assert tension[truth == 0].mean() < 0.15


def test_model_file_tells_what_is_its_own(taught: tuple[Model, Taught], parent: Model) -> None:
    """Calibration and exactness are the new graph's own; what is still the parent's is said to be so."""
    (model, outcome), training = taught, taught[0].spec.training
    assert outcome.alone is not None
    assert outcome.known is not None
    fitted = (model.spec.calibration["slope"], model.spec.calibration["known_slope"])
    assert fitted == pytest.approx((outcome.alone.calibration.slope, outcome.known.calibration.slope), abs=1e-6)
    assert f"{outcome.judged.pieces} marked pieces of 4 callers" in model.spec.calibration["method"]
    assert training["chunk_max_abs_diff"] <= 1e-4
    assert training["started_from"] == {"name": "tiny", "version": parent.spec.version, "sha256": parent.spec.sha256}
    assert training["corpora"] == ["emodb"]
    assert training["finetuning"]["auc_after"] == round(outcome.alone.after, 4)
    assert training["finetuning"]["steps"] == QUICK.steps
    assert (model.spec.name, model.spec.thresholds) == ("ours", parent.spec.thresholds)
    assert "tiny" in training["thresholds"]


def test_card_tells_origin_figures_and_licences(taught: tuple[Model, Taught]) -> None:
    """The card names the parent, repeats its table of licences, and holds the figures and where to go on."""
    card = (taught[0].folder / "CARD.md").read_text()
    gain = taught[1].alone
    assert gain is not None
    assert f"| by the voice alone | {gain.n} | {gain.before:.3f} | {gain.after:.3f} |" in card
    for said in (
        "`tiny` (version",
        "| emodb | CC0 |",
        "| that judged it | 24 | 48 | 4 |",
        "where 33% of",
        "voicerisk tune",
    ):
        assert said in card


def test_taught_again_into_its_folder(taught: tuple[Model, Taught], parent: Model, marks: Path) -> None:
    """A fine-tuned model may be replaced, by a higher version; one started from it still names the first of all."""
    model = taught[0]
    spec, _ = finetune(parent, marks, model.folder, ANY)
    assert spec.version == "2"
    second, _ = finetune(load_model(model.folder), marks, model.folder.parent / "second", ANY)
    assert second.training["started_from"]["started_from"]["name"] == "tiny"
    card = (model.folder.parent / "second" / "CARD.md").read_text()
    assert card.count("| emodb | CC0 |") == 1
    assert card.count("Before that") == 1


def test_nobody_left_to_judge(parent: Model, tmp_path: Path) -> None:
    """Two callers both teach; that nothing was measured or calibrated is said in words and in model.toml."""
    spec, outcome = finetune(parent, marked(tmp_path, (4, 9), n_tense=12), tmp_path / "few", ANY)
    assert (outcome.judged.pieces, outcome.alone, outcome.known) == (0, None, None)
    assert "No callers were left to judge by" in outcome.cautions("tiny")[0]
    assert "slope" not in spec.calibration
    assert "not its own" in spec.calibration["method"]
    assert "No callers were left to judge by" in (tmp_path / "few" / "CARD.md").read_text()


def test_few_pieces_told_apart_perfectly_do_not_make_it_boundlessly_sure() -> None:
    """The calibration of a handful of judged pieces stays below what Platt's targets allow."""
    raw, truth = np.array([-1.0] * 10 + [1.0] * 10), np.array([0.0] * 10 + [1.0] * 10)
    few = fit_platt_of_few(raw, truth)
    assert few.slope == pytest.approx(np.log(11 / 1), abs=0.05)
    assert few.offset == pytest.approx(0.0, abs=0.01)
    assert fit_platt(raw, truth, ["all"] * 20).slope > 2 * few.slope


@pytest.mark.parametrize(("name", "said"), [("Ours", "lower-case letters"), ("tiny", "not to be overwritten")])
def test_folders_not_to_be_had(parent: Model, marks: Path, name: str, said: str) -> None:
    """A folder whose name can be no model's, and one that holds a model that was not fine-tuned, are refused."""
    before = (parent.folder / "model.toml").read_bytes()
    with pytest.raises(CorpusError, match=said):
        finetune(parent, marks, parent.folder.parent / name, ANY)
    assert (parent.folder / "model.toml").read_bytes() == before


def test_model_of_another_make_is_refused(marks: Path, tmp_path: Path) -> None:
    """A graph without this package's networks inside cannot be taught, which is said."""
    with pytest.raises(ExportError, match="no trainable ear"):
        finetune(toy_model(tmp_path), marks, tmp_path / "ours", ANY)


def test_model_that_hears_otherwise_is_refused(parent: Model, marks: Path, tmp_path: Path) -> None:
    """A graph with the right weights whose scores are not this package's is refused before anything is taught."""
    graph = onnx.load_from_string((parent.folder / "model.onnx").read_bytes())
    for constant in graph.graph.initializer:
        if constant.name.startswith("/ear/") and constant.name.endswith("/ones"):
            constant.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(constant) * np.float32(1.1), constant.name))
    write_model_folder(tmp_path / "odd", graph.SerializeToString(), parent.spec, CARD)
    with pytest.raises(ExportError, match="not made by this version"):
        finetune(load_model(tmp_path / "odd"), marks, tmp_path / "ours", ANY)


def test_too_few_marks_are_refused(parent: Model, tmp_path: Path) -> None:
    """Marks of one label only teach nothing; the error says how many there are and how many are needed."""
    file = marked(tmp_path, (5,), n_tense=1)
    with pytest.raises(CorpusError, match="1 pieces of 4 s with a voice in them are marked tense; at least 20"):
        finetune(parent, file, tmp_path / "own")
    assert not (tmp_path / "own").exists()


def command(*arguments: str | Path) -> Result:
    """`voicerisk train` with these arguments."""
    return CliRunner().invoke(app, ["train", *map(str, arguments)], env={"COLUMNS": "200"})


def test_command_says_what_came_of_it(parent: Model, marks: Path, tmp_path: Path) -> None:
    """It prints who taught and who judged, the areas before and after, and the next step with the right folder."""
    folder = tmp_path / "ours"
    done = command("--init", parent.folder, "--data", marks, "--to", folder, "--steps", "10", "--copies", "0")
    assert done.exit_code == 0, done.output
    teaching = load_model(folder).spec.training["finetuning"]
    assert (teaching["steps"], teaching["copies"]) == (10, 0)
    before, after = teaching["auc_before"], teaching["auc_after"]
    for said in (
        "Taught by 108 pieces (36 tense) of 6 callers; judged by 72 pieces (24 tense) of 4 callers who taught nothing",
        f"by the voice alone, area under the ROC curve: {before:.3f} -> {after:.3f} (72 pieces)",
        "beside own calm speech, area under the ROC curve: ",
        f"voicerisk tune --model {folder} --data {marks} --budget 2/h",
    ):
        assert said in done.stdout


def test_command_warns_where_nobody_judged(parent: Model, tmp_path: Path) -> None:
    """With two callers there is no figure to print, and a warning in its place."""
    marks = marked(tmp_path, (4, 9), n_tense=12)
    done = command("--init", parent.folder, "--data", marks, "--to", tmp_path / "few", "--steps", "10", "--copies", "0")
    assert done.exit_code == 0, done.output
    assert "->" not in done.stdout
    assert "Caution: No callers were left to judge by" in done.stderr


def test_command_ends_in_one_line_where_it_cannot(parent: Model, marks: Path, tmp_path: Path) -> None:
    """No marks file, a model of another make, a model that is not there: one plain line each, and exit code 1."""
    toy = toy_model(tmp_path).folder
    for init, data, said in (
        (parent.folder, tmp_path / "none.csv", "none.csv: no such file; it is to be a CSV file with the columns path"),
        (toy, marks, "holds no trainable ear of this package"),
        (tmp_path / "nowhere", marks, "no such model folder"),
    ):
        done = command("--init", init, "--data", data, "--to", tmp_path / "ours")
        assert done.exit_code == 1
        assert said in done.stderr
        assert "\n" not in done.stderr.strip()
        assert isinstance(done.exception, SystemExit)


def test_help_tells_the_defaults_that_hold() -> None:
    """The defaults that --help names are those of the settings."""
    defaults = FinetuneSettings()
    assert f"{defaults.steps} unless told" in STEPS_HELP
    assert f"{defaults.learning_rate} unless told" in LEARNING_RATE_HELP
    assert f"{defaults.copies} unless told" in COPIES_HELP
    shown = command("--help").stdout
    assert all(option in shown for option in ("--steps", "--learning-rate", "--copies"))


def test_options_that_do_not_go_together(parent: Model, marks: Path, tmp_path: Path) -> None:
    """What tells fine-tuning how is refused beside --config, and a run folder beside --init."""
    assert command("--config", tmp_path / "train.toml", "--steps", "20").exit_code == 2
    assert command("--init", parent.folder, "--data", marks, "--to", tmp_path, "--run", tmp_path).exit_code == 2
