"""A model folder from a trained ear: ONNX, checked against torch and chunk by chunk against the whole file."""

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from voicerisk.scoring import contract
from voicerisk.scoring.model import load_model
from voicerisk.scoring.model_file import ModelFile, StateSpec, Thresholds, Window, write_model_folder
from voicerisk.training import corpora
from voicerisk.training.data import Progress
from voicerisk.training.description import card_text
from voicerisk.training.evaluation.corpus_out import RANKED, CorpusOut, measure_left_out, write_corpus_out
from voicerisk.training.graph import checked, to_onnx
from voicerisk.training.network import EMOTIONS, STATES, WINDOW_CHUNKS
from voicerisk.training.placing import red_placed
from voicerisk.training.train import CURVES_FILE, Trained

CHECKED_CLIPS: Final = 12


def export(
    trained: Trained,
    folder: Path,
    root: Path | None = None,
    report: Progress = lambda *_: None,
    *,
    workers: int = 1,
) -> ModelFile:
    """Write the model folder of a trained ear, with its word on the corpora that were left out; return its model.toml.

    Red begins where the settings say, or else where the budget of false alarms is kept by ears that never heard the
    callers (`placing`).

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
    difference = checked(
        trained.ear, graph, some, f"{folder}: not written, for its graph does not do what the network does"
    )
    spec = _spec(trained, difference, settings.thresholds or Thresholds(enter=0.5, leave=0.4, hold_s=1.0))
    if settings.thresholds is None:
        spec = msgspec.structs.replace(spec, thresholds=red_placed(trained, spec, root, report, workers))
    written = write_model_folder(folder, graph, spec, card_text(settings, everything))
    load_model(folder)
    shutil.copyfile(trained.folder / CURVES_FILE, folder / CURVES_FILE)
    write_corpus_out(folder, _corpora_out(trained, folder, spec, root, report, workers))
    return written


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
