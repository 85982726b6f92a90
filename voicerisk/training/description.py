"""The words of a model's card; its figures are written between marks by `evaluate`."""

from collections.abc import Sequence
from typing import Final

from voicerisk.scoring.contract import CHUNK_S
from voicerisk.training.card import CARD_MARKS
from voicerisk.training.corpora import CORPORA
from voicerisk.training.features import NAMES
from voicerisk.training.network import WINDOW_CHUNKS
from voicerisk.training.pooling import FUNCTIONALS
from voicerisk.training.settings import TrainSettings

_CLASSES: Final = {
    "open": "clearly usable commercially",
    "unclear": "public, but no licence stated",
    "nc": "research or non-commercial use only",
    "own": "your own recordings",
}


def card_text(settings: TrainSettings) -> str:
    """Return the card of a model trained by these settings, in Markdown, with marks where its tables belong."""
    return f"""# {settings.name}

{settings.about}

Hears from about three seconds of a caller's speech whether the caller sounds angry, from how it is said and not from
what is said. 8 kHz telephone audio in, one 240 ms chunk a step.

## How it hears

Every 10 ms a 40 ms frame gives {len(NAMES)} values that describe the voice (loudness, alpha ratio, Hammarberg index,
spectral slopes, pitch, harmonics-to-noise ratio, five cepstral coefficients and so on). Sums over voiced frames give
{len(FUNCTIONALS)} functionals, all independent of the line's gain, for the last {WINDOW_CHUNKS * CHUNK_S:.1f} s of
speech and for the whole call. Committees of small networks judge them. Tension is judged by one that sees the voice
alone and, once there is more of the caller than the window holds, for up to three quarters by one that also sees how
the voice differs from the caller's own first ten seconds of speech; both were kept from knowing which corpus they hear.
Stress, arousal, valence and emotion come from a third that was left free. What tells calm speakers apart was made small
for the first and the third before they learned. All of it is one ONNX graph.

## What it was trained on

{speech_learned(settings.corpora, settings.speech_corpora)}

All are acted, elicited or read, and hardly any are telephone calls: real calls will be harder than the figures below.

## What it is not for

- Judging a person, employees least of all: the agent's voice never reaches it, and must not.
- Deciding anything without a human who listens first.
- Words: an insult in a calm voice goes unnoticed. Irony too.
- Voices unlike those it was trained on (children, hoarse or disordered voices): nothing was measured.
- Loud joy, fear and surprise sound much like anger to it; the tables say how much.

## Figures

{CARD_MARKS[0]}
{CARD_MARKS[1]}
"""


def speech_learned(corpora: Sequence[str], speech_corpora: Sequence[str]) -> str:
    """Return the table of the corpora that a model learned from, their licences, and what these mean, in Markdown."""
    rows = []
    for name in (*corpora, *speech_corpora):
        corpus = CORPORA[name]
        use = "tone and speech" if name in corpora else "speech detection only"
        rows.append(f"| {name} | {corpus.language} | {corpus.licence} | {_CLASSES[corpus.licence_class]} | {use} |")
    classes = {CORPORA[name].licence_class for name in (*corpora, *speech_corpora)}
    meaning = (
        "All of it may be used commercially under the terms named above; give the attributions they ask for."
        if classes <= {"open", "own"}
        else "**Some of it is for research or non-commercial use only, or states no licence. Whether a model trained "
        "on such speech may be used commercially is unsettled law: ask your own counsel, or use `tension-open`, which "
        "learned from corpora with clearly open licences only.**"
    )
    return f"""| corpus | language | licence as stated | which means | used for |
|---|---|---|---|---|
{chr(10).join(rows)}

{meaning}"""
