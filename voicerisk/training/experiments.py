"""What was tried on the way to a model and what came of it: `experiments.csv` of its folder as a table for its card."""

import csv
from pathlib import Path
from typing import Final

from voicerisk.training.corpora.clip import CorpusError

FILE: Final = "experiments.csv"
COLUMNS: Final = (
    "stage", "what", "corpus_out_auc_rest", "corpus_out_auc_calm", "corpus_out_auc_arousal", "kept",
)  # fmt: skip
HEAD: Final = ("what was changed", "angry / rest", "angry / neutral, calm, sad", "arousal", "kept")


def experiments(folder: Path) -> dict[str, list[tuple[str, ...]]]:
    """Return the experiments of a model's folder, by stage, in the order of `HEAD`; none where it keeps no table.

    Raises `CorpusError` that names the file and line at fault.
    """
    file = folder / FILE
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.reader(lines)
        if tuple(next(rows, ())) != COLUMNS:
            raise CorpusError(f"{file}: the first line must be {','.join(COLUMNS)}")
        stages: dict[str, list[tuple[str, ...]]] = {}
        for row in rows:
            if len(row) != len(COLUMNS):
                raise CorpusError(f"{file}, line {rows.line_num}: has {len(row)} fields instead of {len(COLUMNS)}")
            stages.setdefault(row[0], []).append(tuple(row[1:]))
    return stages
