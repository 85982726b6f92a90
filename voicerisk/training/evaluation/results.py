"""All that evaluation found out about a model, as it stands in `models/<name>/evaluation.json`."""

from pathlib import Path
from typing import Final

import msgspec

from voicerisk.scoring.model_file import Thresholds
from voicerisk.training.baseline import BaselineResult
from voicerisk.training.corpora.clip import CorpusError
from voicerisk.training.evaluation.calibration import Calibration
from voicerisk.training.evaluation.call_tables import CallRow, CurvePoint
from voicerisk.training.evaluation.clip_tables import ClipRow, LevelShift, LineRow
from voicerisk.training.evaluation.corpus_out import CorpusOut
from voicerisk.training.evaluation.cost import Cost, Invariance
from voicerisk.training.evaluation.speech import SpeechResult

FILE: Final = "evaluation.json"


class SoundRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the chain made of a sound without a caller."""

    name: str
    minutes: float
    alerts: int
    highest_level: float


class CallResult(msgspec.Struct, frozen=True, kw_only=True):
    """Whole calls at the shipped settings, and what other places for red to begin at would have given."""

    thresholds: Thresholds
    rows: tuple[CallRow, ...]
    """First all calls; then by kind of customer and line."""
    curve: tuple[CurvePoint, ...]
    sounds: tuple[SoundRow, ...]


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything measured on one model; `sha256` is the graph's, `quick` says that it was a smoke run."""

    model: str
    version: str
    sha256: str
    trained_on: tuple[str, ...]
    quick: bool
    clips: tuple[ClipRow, ...]
    lines: tuple[LineRow, ...]
    level: LevelShift
    calibration: Calibration
    corpus_out: tuple[CorpusOut, ...]
    speech: SpeechResult
    calls: CallResult
    baseline: BaselineResult | None
    cost: Cost
    invariance: Invariance


def write_evaluation(folder: Path, result: Evaluation) -> None:
    """Write the result beside the model."""
    (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")


def read_evaluation(folder: Path) -> Evaluation:
    """Return the result that lies beside a model. Raises `CorpusError` where there is none or it cannot be read."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=Evaluation)
    except (OSError, msgspec.DecodeError) as error:
        raise CorpusError(f"{folder / FILE}: {error}; run `voicerisk evaluate`") from error
