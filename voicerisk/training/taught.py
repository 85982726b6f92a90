"""What came of teaching a model a site's own marks: figures, what they leave open, and the new model's card."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from voicerisk.scoring.model_file import ModelFile
from voicerisk.training.calibrate import Platt
from voicerisk.training.card import CARD_MARKS
from voicerisk.training.markdown import table

STARTED_FROM: Final = "started_from"
"""Key of `[training]` in model.toml that only a model taught further has."""

TRAINED_ON: Final = "## What it was trained on"
"""Heading of the section of a card that names corpora and licences."""

BEFORE_THAT: Final = "Before that, the model that it was started from, by whose terms it is bound as well:"

Method = Mapping[str, float]
"""The settings of the teaching, by name."""


@dataclass(frozen=True, slots=True)
class Share:
    """Pieces of the marked stretches that teach, or that judge, and how many callers they are of."""

    tense: int
    calm: int
    callers: int

    @property
    def pieces(self) -> int:
        """Of either label."""
        return self.tense + self.calm

    def __str__(self) -> str:
        """In words, as "72 pieces (24 tense) of 4 callers"."""
        return f"{self.pieces} pieces ({self.tense} tense) of {self.callers} callers"


@dataclass(frozen=True, slots=True)
class Gain:
    """How well tension is told in `n` pieces of callers that taught nothing, by the parent and by what it became.

    Areas under the ROC curve, 0.5 being chance; `calibration` was fitted on the same pieces.
    """

    n: int
    before: float
    after: float
    calibration: Platt


@dataclass(frozen=True, slots=True)
class Taught:
    """What came of it.

    Attributes:
        taught: What the new model learned from.
        judged: Other callers, kept to judge it by.
        alone: How well the voice alone tells tension; None where too little was left to judge by.
        known: The same beside the caller's own calm speech; None, besides, where too little of it was marked.
        known_taught: Whether what judges a voice beside the caller's own calm speech was taught at all.
    """

    taught: Share
    judged: Share
    alone: Gain | None
    known: Gain | None
    known_taught: bool

    @property
    def tense_share(self) -> float | None:
        """Share of tense pieces that its levels are calibrated for; None where they are not its own."""
        return None if self.alone is None else self.judged.tense / self.judged.pieces

    def cautions(self, parent: str) -> list[str]:
        """What the figures leave open, in plain sentences; empty where there is nothing to warn of."""
        said = []
        if self.alone is None:
            said.append(
                "No callers were left to judge by, so nothing shows whether it became better or worse, and its "
                "calibration is not its own. Mark calls of more callers, some of them tense."
            )
        elif self.alone.after < self.alone.before:
            said.append(f"It judges these callers worse than {parent} does: do not use it.")
        if not self.known_taught:
            said.append(
                "Too few callers have tense and calm stretches marked for it to learn how a caller differs from their "
                f"own calm speech: that part is still {parent}'s."
            )
        elif self.alone is not None and self.known is None:
            said.append(
                "Too few of the judged callers have calm stretches enough to judge by a caller's own calm speech: that "
                "part was taught, but neither measured nor calibrated."
            )
        return said


def card_text(name: str, parent: ModelFile, parent_card: str, outcome: Taught, method: Method) -> str:
    """Return the card of the model `name`, in Markdown: what it was started from, what taught it, and the figures.

    What corpora its parent learned from, under which licences, is repeated from the parent's card.
    """
    shares = [["marked pieces", "tense", "calm", "callers"]]
    shares += [
        [kind, str(share.tense), str(share.calm), str(share.callers)]
        for kind, share in (("that taught it", outcome.taught), ("that judged it", outcome.judged))
    ]
    gains = [["tension, area under the ROC curve", "pieces", parent.name, name]]
    gains += [
        [kind, str(gain.n), f"{gain.before:.3f}", f"{gain.after:.3f}"]
        for kind, gain in (
            ("by the voice alone", outcome.alone),
            ("beside the caller's own calm speech", outcome.known),
        )
        if gain is not None
    ]
    figures = ""
    if len(gains) > 1:
        figures = f"On callers that taught it nothing; the same pieces calibrated it.\n\n{table(gains)}"
    cautions = "\n".join(f"- {caution}" for caution in outcome.cautions(f"`{parent.name}`"))
    settings = ", ".join(f"{key.replace('_', ' ')} {value:g}" for key, value in method.items())
    levels = ""
    if (share := outcome.tense_share) is not None:
        levels = f"Levels come true where {share:.0%} of what is said is tense, as in the pieces that judged it.\n"
    body = f"""# {name}

`{parent.name}` (version {parent.version}, graph {parent.sha256[:12]}) taught by stretches of a site's own calls that
were marked tense or calm. It hears as its parent does, and all that its parent's card says it is not for, it is not for
either. How tense a voice is was taught anew; stress, arousal, valence, emotion and what counts as speech are the
parent's, untouched.

## What taught it

{table(shares)}

Settings: {settings}.

The recordings are the site's own: it learned from its callers' voices, so the site decides who may have it.

## Figures

{figures}

{cautions}

{levels}Thresholds (`[thresholds]` in `model.toml`) are the parent's, not measured anew: `voicerisk tune --model DIR
--data MARKS --budget 2/h` finds a site's own, and should before the model serves.

{TRAINED_ON}

{BEFORE_THAT}

{_section(parent_card, TRAINED_ON).removeprefix(BEFORE_THAT).strip() or "Its card does not say."}

## Figures on public corpora

{CARD_MARKS[0]}
{CARD_MARKS[1]}
"""
    return re.sub("\n{3,}", "\n\n", body)


def _section(card: str, heading: str) -> str:
    """What stands below a heading, up to the next one; empty where there is none."""
    _, _, rest = card.partition(f"\n{heading}\n")
    return rest.partition("\n## ")[0].strip()


def model_file(
    name: str, version: str, parent: ModelFile, outcome: Taught, method: Method, difference: float
) -> ModelFile:
    """Return the model.toml of the model `name`; what is still the parent's is said to be the parent's.

    `difference` is the largest between the scores of its graph and of the network.
    """
    origin: dict[str, Any] = {"name": parent.name, "version": parent.version, "sha256": parent.sha256}
    if STARTED_FROM in parent.training:
        origin[STARTED_FROM] = parent.training[STARTED_FROM]
    calibration: dict[str, Any] = {
        "method": f"not its own: that of {parent.name} is still in the weights, which were taught on"
    }
    if outcome.alone is not None:
        calibration["method"] = (
            f"Platt scaling on {outcome.judged.pieces} marked pieces of {outcome.judged.callers} callers that taught "
            "it nothing, on top of the parent's"
        )
    teaching: dict[str, Any] = {
        "pieces_taught": outcome.taught.pieces,
        "callers_taught": outcome.taught.callers,
        "pieces_judged": outcome.judged.pieces,
        "callers_judged": outcome.judged.callers,
        **method,
    }
    for prefix, gain in (("", outcome.alone), ("known_", outcome.known)):
        if gain is not None:
            calibration[f"{prefix}slope"] = round(gain.calibration.slope, 6)
            calibration[f"{prefix}offset"] = round(gain.calibration.offset, 6)
            teaching[f"{prefix}auc_before"] = round(gain.before, 4)
            teaching[f"{prefix}auc_after"] = round(gain.after, 4)
    training: dict[str, Any] = {
        **parent.training,
        "chunk_max_abs_diff": difference,
        "thresholds": f"those of {parent.name}, not measured anew",
        STARTED_FROM: origin,
        "finetuning": teaching,
    }
    return msgspec.structs.replace(parent, name=name, version=version, calibration=calibration, training=training)
