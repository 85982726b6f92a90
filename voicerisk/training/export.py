"""A model folder from a trained ear: ONNX, checked against torch and chunk by chunk against the whole file."""

import io
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn

from voicerisk.scoring import contract
from voicerisk.scoring.model import load_model
from voicerisk.scoring.model_file import ModelError, ModelFile, StateSpec, Thresholds, Window, write_model_folder
from voicerisk.training import corpora
from voicerisk.training.batch_proof import batch_proof
from voicerisk.training.corpora.clip import Audio
from voicerisk.training.data import Progress, n_chunks
from voicerisk.training.description import card_text
from voicerisk.training.evaluation.calls import shipped_settings
from voicerisk.training.evaluation.corpus_out import RANKED, CorpusOut, measure_left_out, write_corpus_out
from voicerisk.training.network import EMOTIONS, STATES, WINDOW_CHUNKS, Ear, first_states
from voicerisk.training.train import CURVES_FILE, Trained
from voicerisk.training.tune import outcomes_of_simulation, tune

OUTPUTS: Final = contract.CHUNK_OUTPUTS + contract.WINDOW_OUTPUTS + contract.WHOLE_OUTPUTS
OPSET: Final = 17
LARGEST_DIFFERENCE: Final = 1e-4
CHECKED_CLIPS: Final = 12


class ExportError(ModelError):
    """The exported graph does not do what the trained network does; the text says by how much."""


class _Flat(nn.Module):
    """The ear with its states as positional inputs and outputs, as ONNX wants them."""

    def __init__(self, ear: Ear) -> None:
        super().__init__()
        self.ear = ear

    def forward(self, audio: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        scores = self.ear(audio, dict(zip(STATES, states, strict=True)))
        return (*(scores.outputs[name] for name in OUTPUTS), *(scores.states[name] for name in STATES))


def to_onnx(ear: Ear) -> bytes:
    """The graph as a serialised ONNX model that keeps `voicerisk.scoring.contract`."""
    n_rows = 4
    inputs = ["audio", *STATES]
    outputs = [*OUTPUTS, *(name + contract.STATE_SUFFIX for name in STATES)]
    states = first_states(n_rows)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The TorchScript exporter is the one whose operators stay those that were measured row by row.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Flat(ear).eval(), (torch.zeros(n_rows, contract.CHUNK_SAMPLES), *states.values()), buffer,
            input_names=inputs, output_names=outputs, opset_version=OPSET, dynamo=False,
            dynamic_axes={name: {0: "batch"} for name in inputs + outputs},
        )  # fmt: skip
    return batch_proof(buffer.getvalue())


def largest_difference(ear: Ear, graph: bytes, audios: Sequence[Audio]) -> float:
    """The largest difference of any score between torch over whole files and ONNX Runtime over 240 ms chunks."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    worst = 0.0
    for audio in audios:
        padded = np.zeros((4, n_chunks(audio) * contract.CHUNK_SAMPLES), dtype=np.float32)
        padded[:, : len(audio)] = audio
        states = {name: state.numpy() for name, state in first_states(4).items()}
        torch_states = first_states(4)
        with torch.inference_mode():
            sums = ear.front.whole(torch.from_numpy(padded))
            for chunk in range(n_chunks(audio)):
                part = padded[:, chunk * contract.CHUNK_SAMPLES : (chunk + 1) * contract.CHUNK_SAMPLES]
                got = dict(zip(names, session.run(None, {"audio": part, **states}), strict=True))
                states = {name: got[name + contract.STATE_SUFFIX] for name in STATES}
                wanted, pooled = ear.pooled(sums[:, chunk], torch_states)
                torch_states |= pooled
                worst = max(worst, *(float(np.abs(got[name] - value.numpy()).max()) for name, value in wanted.items()))
    return worst


def export(
    trained: Trained,
    folder: Path,
    root: Path | None = None,
    report: Progress = lambda *_: None,
    *,
    workers: int = 1,
) -> ModelFile:
    """Write the model folder of a trained ear, with its word on the corpora that were left out; return its model.toml.

    Red begins where the settings say, or else where a like ear that never heard the development speakers keeps the
    budget of false alarms on simulated calls of theirs.

    Args:
        trained: What `train` returned.
        folder: `models/<name>`; its `CARD.md` is written anew, the tables in it by `evaluate`.
        root: Folder of the corpora, as for `train`.
        report: Told of progress.
        workers: Processes that replay calls and score clips.

    Raises:
        ExportError: The graph differs from the network by more than 1e-4 somewhere.
        CorpusError: No calls can be simulated to place red by, or none keeps the budget.
    """
    settings = trained.settings
    everything = corpora.load(root, dict.fromkeys((*settings.corpora, *settings.speech_corpora)))
    clips = [clip for clip in everything if clip.corpus in settings.corpora and clip.emotion != "noise"]
    random = np.random.default_rng(settings.seed)
    some = [corpora.read_audio(clips[i]) for i in random.permutation(len(clips))[:CHECKED_CLIPS]]
    graph = to_onnx(trained.ear)
    difference = largest_difference(trained.ear, graph, some)
    if difference > LARGEST_DIFFERENCE:
        raise ExportError(f"the graph's scores differ by up to {difference:.2g} from the network's over whole files")
    thresholds = settings.thresholds or _red_placed(trained, root, report, workers)
    spec = _spec(trained, difference, thresholds)
    written = write_model_folder(folder, graph, spec, card_text(settings, everything))
    load_model(folder)
    shutil.copyfile(trained.folder / CURVES_FILE, folder / CURVES_FILE)
    write_corpus_out(folder, _corpora_out(trained, folder, spec, root, report, workers))
    return written


def _red_placed(trained: Trained, root: Path | None, report: Progress, workers: int) -> Thresholds:
    """Where red begins for the settings' budget, by development speakers and the ear that never heard them."""
    done = 0

    def advance(n: int) -> None:
        nonlocal done
        done += n
        report("placing red: calls", done, done)

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        spec = _spec(trained, 0.0, Thresholds(enter=0.5, leave=0.4, hold_s=1.0))
        write_model_folder(folder, to_onnx(trained.unheard), spec, "# without the development speakers\n")
        settings = shipped_settings(folder)
        outcomes = outcomes_of_simulation(folder, settings, root, workers=workers, advance=advance)
    return tune(outcomes, settings.tension.boundaries, trained.settings.false_alarms_per_hour).thresholds


def _corpora_out(
    trained: Trained, folder: Path, spec: ModelFile, root: Path | None, report: Progress, workers: int
) -> list[CorpusOut]:
    """What is said of all of each ranked corpus by an ear that never heard it: the shipped one, where it did not."""
    names = [name for name in RANKED if name in trained.left_out or name not in trained.settings.corpora]
    names = [name for name in names if (corpora.find_root(root) / name).is_dir()]
    clips = corpora.load(root, names) if names else []
    entries = []
    for name in names:
        others = [corpus for corpus in trained.settings.corpora if corpus != name]
        with tempfile.TemporaryDirectory() as temporary:
            if name in trained.left_out:
                write_model_folder(Path(temporary), to_onnx(trained.left_out[name]), spec, f"# without {name}\n")
            model = load_model(Path(temporary) if name in trained.left_out else folder)
            progress = partial(report, f"left out: {name}")
            entries.append(measure_left_out(model, clips, name, others, workers=workers, progress=progress))
    return entries


def _spec(trained: Trained, difference: float, thresholds: Thresholds) -> ModelFile:
    settings, metrics = trained.settings, trained.metrics
    platt = metrics.calibration["tone_tension"]
    return ModelFile(
        name=settings.name,
        version=settings.version,
        sha256="0" * 64,
        rate_hz=contract.RATE_HZ,
        chunk_samples=contract.CHUNK_SAMPLES,
        emotions=EMOTIONS,
        state=tuple(StateSpec(name, shape) for name, shape in STATES.items()),
        window=Window(speech_s=round(WINDOW_CHUNKS * contract.CHUNK_S, 2)),
        thresholds=thresholds,
        calibration={
            "method": "Platt scaling, by clips that the judging committee never heard and of no test speaker",
            "slope": round(platt.slope, 6),
            "offset": round(platt.offset, 6),
        },
        training={
            "corpora": list(settings.corpora),
            "speech_corpora": list(settings.speech_corpora),
            "seed": settings.seed,
            "chunk_max_abs_diff": difference,
            "detector_auc": metrics.detector,
        },
    )
