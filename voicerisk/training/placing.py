"""Where red begins in a model that ships: by calls of speakers, and of whole corpora, that the judging ear never heard.

A threshold that keeps a budget of false alarms on the speakers of the corpora that taught the ear does not keep it at
the next site. So the ears that were kept from a corpus hear its speakers too. Test speakers play no part.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from voicerisk.scoring.model_file import ModelFile, Thresholds, write_model_folder
from voicerisk.training import corpora
from voicerisk.training.data import Progress
from voicerisk.training.evaluation.calls import CORPORA, Outcome, shipped_settings
from voicerisk.training.evaluation.effort import counted
from voicerisk.training.graph import to_onnx
from voicerisk.training.network import Ear
from voicerisk.training.simulate import Voice, voices
from voicerisk.training.split import divide
from voicerisk.training.train import Trained
from voicerisk.training.tune import outcomes_of_simulation, tune

SPEAKERS_CALLS: Final = (80, 240)
"""Escalating and calm calls of development speakers."""
CORPUS_CALLS: Final = (20, 40)
"""The same of each corpus that some ear never heard."""


class _Panel(NamedTuple):
    ear: Ear
    callers: list[Voice]
    escalating: int
    calm: int


def red_placed(trained: Trained, spec: ModelFile, root: Path | None, report: Progress, workers: int) -> Thresholds:
    """Return where red begins for the settings' budget of false alarms.

    Args:
        trained: What `train` returned.
        spec: The model file to be, whatever its thresholds.
        root: Folder of the corpora, as for `train`.
        report: Told of progress.
        workers: Processes that replay calls.

    Raises:
        CorpusError: No calls can be simulated, or none keeps the budget.
    """
    panels = list(_panels(trained, root))
    advance = counted(report, "placing red: calls", sum(panel.escalating + panel.calm for panel in panels))
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for panel in panels:
            write_model_folder(folder, to_onnx(panel.ear), spec, "# to place red by\n")
            settings = shipped_settings(folder)
            outcomes += outcomes_of_simulation(
                folder,
                settings,
                panel.callers,
                escalating=panel.escalating,
                calm=panel.calm,
                workers=workers,
                advance=advance,
            )
        return tune(outcomes, settings.tension.boundaries, trained.settings.false_alarms_per_hour).thresholds


def _panels(trained: Trained, root: Path | None) -> Iterator[_Panel]:
    """Who hears whom: an ear kept from the development speakers hears those, an ear kept from a corpus hears that."""
    parts = divide(corpora.load(root))
    yield _Panel(trained.unheard, voices(parts["dev"]), *SPEAKERS_CALLS)
    for name in CORPORA:
        ear = trained.left_out.get(name, None if name in trained.settings.corpora else trained.ear)
        callers = voices(clip for part in (parts["train"], parts["dev"]) for clip in part if clip.corpus == name)
        if ear is not None and len(callers) > 1 and any(caller.has("tense") for caller in callers):
            yield _Panel(ear, callers, *CORPUS_CALLS)
