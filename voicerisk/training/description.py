"""The words of a model's card; its figures are written between marks by `evaluate`."""

import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from voicerisk.scoring.contract import CHUNK_S
from voicerisk.training.augment import LineSettings
from voicerisk.training.card import CARD_MARKS
from voicerisk.training.committee import CommitteeSettings
from voicerisk.training.corpora import CORPORA, Clip, Corpus
from voicerisk.training.features import NAMES
from voicerisk.training.markdown import table
from voicerisk.training.network import BASELINE_FRAMES, WINDOW_CHUNKS
from voicerisk.training.pooling import FUNCTIONALS
from voicerisk.training.settings import TrainSettings
from voicerisk.training.split import divide

SHARE_ALIKE_ADVICE: Final = "https://creativecommons.org/using-cc-licensed-works-for-ai-training-2/"
WIDTH: Final = 120

_CLASSES: Final = {
    "open": "commercial use, with credit",
    "unclear": "public, but no licence stated",
    "nc": "research or non-commercial use only",
    "own": "your own recordings",
}


def card_text(settings: TrainSettings, clips: Sequence[Clip] = ()) -> str:
    """Return the card of a model trained by these settings, in Markdown, with marks where its tables belong.

    Args:
        settings: Of the run.
        clips: All clips of the run's corpora, of which the card then says how much taught; empty: it does not say.
    """
    parts = (
        f"# {settings.name}",
        settings.about,
        "Hears from about three seconds of a caller's speech whether the caller sounds angry, from how it is said and "
        "not from what is said. 8 kHz telephone audio in, one 240 ms chunk a step.",
        *_hearing(settings),
        "## What it was trained on",
        speech_learned(settings.corpora, settings.speech_corpora, clips),
        "All are acted, elicited or read, and hardly any are telephone calls: real calls will be harder than the "
        "figures below.",
        *_training(settings),
        *_limits(settings),
        f"## Figures\n\n{CARD_MARKS[0]}\n{CARD_MARKS[1]}",
    )
    return _wrapped("\n\n".join(part for part in parts if part)) + "\n"


def _wrapped(text: str) -> str:
    """The text with long lines broken, but for those of tables."""
    return "\n".join(line if line.startswith("|") else _filled(line) for line in text.split("\n"))


def _filled(line: str) -> str:
    indent = "  " if line.startswith(("- ", "  ")) else ""
    return textwrap.fill(line, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _hearing(settings: TrainSettings) -> Iterable[str]:
    yield "## How it hears"
    yield (
        f"Every 10 ms a 40 ms frame gives {len(NAMES)} values that describe the voice (loudness, alpha ratio, "
        "Hammarberg index, spectral slopes, pitch, harmonics-to-noise ratio, five cepstral coefficients and so on). "
        f"Sums over voiced frames give {len(FUNCTIONALS)} functionals, independent of the line's gain while the "
        f"voice stays above about -70 dBFS, for the last {WINDOW_CHUNKS * CHUNK_S:.1f} s of speech and for the whole "
        "call. Committees of small networks judge them:"
    )
    yield "\n".join((
        f"- **Tension**: {_size(settings.tone)} that see the voice alone and, once there is more of the caller than "
        f"the window holds, for up to three quarters {_size(settings.known)} that also see how the voice differs from "
        f"the caller's own first {BASELINE_FRAMES / 100:.0f} s of speech.",
        f"- **Stress, arousal, valence, emotion**: {_size(settings.mood)}.",
        f"- **Speech**, whether the caller speaks at all: {_size(settings.speech)}, on the chunk and the last moments.",
    ))  # fmt: skip
    if names := _those(settings, lambda committee: committee.adversary > 0):
        yield f"Kept from knowing which corpus they hear: {names}."
    if names := _those(settings, lambda committee: committee.calm_shrink > 0):
        yield f"What tells calm speakers apart was made small before they learned: {names}."
    yield "All of it is one ONNX graph, which carries its state from chunk to chunk."


def _size(committee: CommitteeSettings) -> str:
    many = "one network" if committee.members == 1 else f"{committee.members} networks"
    return f"{many} of {committee.hidden} units"


def _those(settings: TrainSettings, which: Callable[[CommitteeSettings], bool]) -> str:
    committees = {
        "tension by the voice alone": settings.tone,
        "tension beside the caller's own speech": settings.known,
        "stress to emotion": settings.mood,
    }
    return ", ".join(name for name, committee in committees.items() if which(committee))


def speech_learned(corpora: Sequence[str], speech_corpora: Sequence[str], clips: Iterable[Clip] = ()) -> str:
    """Return what is said of the corpora that a model learned from: licences and what they mean, credits, cautions.

    In Markdown. `clips` as for `card_text`. Raises KeyError for a corpus that the project does not know.
    """
    used = [CORPORA[name] for name in (*corpora, *speech_corpora)]
    # Noise has no speaker, so all of it stands behind voices of every part.
    taught = [
        clip for part, some in divide(clips).items() for clip in some if part != "test" or clip.emotion == "noise"
    ]
    rows = [["corpus", "language", "licence as stated", "which allows", "used for", "of which taught"]]
    for corpus in used:
        use = "tone and speech" if corpus.name in corpora else "speech detection only"
        use = "behind voices, and as what is no speech" if corpus.language == "noise" else use
        allows = _CLASSES[corpus.licence_class] + (", share-alike" if corpus.is_share_alike else "")
        rows.append([corpus.name, corpus.language, corpus.licence, allows, use, _amount(corpus, taught)])
    makers = "\n".join(
        f"- **{corpus.name}**: [{corpus.title}]({corpus.url}), by {corpus.credit}. *{'; '.join(corpus.cautions)}.*"
        for corpus in used
    )
    parts = (
        table(rows if taught else [row[:-1] for row in rows]),
        *_terms(used),
        "Who made them (pass these credits on with the model), and what to beware of:",
        makers,
    )
    return _wrapped("\n\n".join(parts))


def _amount(corpus: Corpus, taught: Iterable[Clip]) -> str:
    own = [clip for clip in taught if clip.corpus == corpus.name]
    hours = sum(clip.duration_s for clip in own) / 3600
    return f"{len(own)} clips, {len({clip.speaker for clip in own})} speakers, {hours:.1f} h"


def _terms(used: Sequence[Corpus]) -> Iterable[str]:
    if {corpus.licence_class for corpus in used} <= {"open", "own"}:
        yield "All of it may be used commercially under the terms named above."
    else:
        yield (
            "**Some of it is for research or non-commercial use only, or states no licence. Whether a model trained "
            "on such speech may be used commercially is unsettled law: ask your own counsel, or use `tension-open`, "
            "which learned from corpora with clearly open licences only.**"
        )
    if alike := [corpus.name for corpus in used if corpus.is_share_alike]:
        yield (
            f"Share-alike ({', '.join(alike)}) means: who passes on something adapted from the recordings must do so "
            "under the same licence. Whether a trained model is such a thing is unsettled; Creative Commons' "
            f"[most cautious reading]({SHARE_ALIKE_ADVICE}) treats a model that is given to the public as one. Running "
            "a model asks for nothing of the kind. Who wants to be sure takes the corpus out of `train.toml` and "
            "trains anew."
        )


def _training(settings: TrainSettings) -> Iterable[str]:
    line = settings.line
    yield "## How it was trained"
    yield (
        "By its `train.toml`, as `docs/training.md` tells. Speakers, not clips, are split, once and for all "
        "(`voicerisk/training/split.csv`): those of the parts `train` and `dev` taught the model that ships, those "
        "of `test` only judge."
    )
    yield (
        f"Each clip was heard as recorded and {settings.copies} times over a line drawn at random. A line may have: "
        f"{_levels(line)}; another microphone; 300-3400 Hz or wider; noise or another voice (an office, a mixed leg) "
        f"from {line.snr_db[0]:g} dB below the speech on; echo of the other side from {line.echo_db[0]:g} dB below on; "
        "gain control; overdrive; GSM full rate; Opus at about 6 kbit/s; G.711 of either law; up to "
        f"{line.max_loss:.0%} of its packets lost, as silence."
    )
    judged = f" and, of {', '.join(settings.judged_corpora)}, all but test speakers" if settings.judged_corpora else ""
    yield f"Calibrated by what ears that had not heard them said of development speakers{judged}."
    yield (
        "Speech detection learned from streams put together of voices, music, ringing, keys and noise; what in them is "
        "speech was told by Silero VAD, which heard the voices before the line."
    )
    yield (
        "Where red begins (`thresholds` in `model.toml`) was found on simulated calls of development speakers and of "
        "speakers of corpora never heard, each by an ear that was kept from them, for "
        f"{settings.false_alarms_per_hour:g} false alarms an hour of calm calls. Test speakers had no part in it."
        if settings.thresholds is None
        else "Where red begins was set by hand, in `train.toml`."
    )


def _levels(line: LineSettings) -> str:
    return f"a level from {line.level_db[0]:g} to {line.level_db[1]:g} dBFS"


def _limits(settings: TrainSettings) -> Iterable[str]:
    languages = sorted({CORPORA[name].language for name in settings.corpora} - {"nonverbal"})
    yield f"""## What it is not for

- Judging a person, employees least of all: the agent's voice never reaches it, and must not.
- Deciding anything without a human who listens first.
- Words: an insult in a calm voice goes unnoticed. Irony too.
- Telling anger from loud joy, fear or surprise: they sound much alike to it; the tables say how much.

## What was not measured

Of what a line may do, only what the tables name was measured. In particular these were not:

- **Real calls**, of any site. Mark some of your own (`docs/training.md`) and measure.
- **AMR, AMR-WB, EVS, G.729**: not in training either. GSM and low-rate Opus were trained with.
- **Packet loss that is concealed**: a lost packet is silence in training and in the tables. A gateway that repeats or
  fades what came before sounds otherwise.
- **Echo and mixed legs** by themselves: some simulated calls have an echo, 35 dB below the agent. A leg on which the
  agent is as loud as the caller is in no table.
- **The babble of a real floor**: in the tables it is six clips mixed, in training one other voice at a time.
- **Children, the old, hoarse or disordered voices, synthetic voices**: where a corpus has children among its speakers,
  no figure is of them alone.
- **Other languages** than those in the tables. Tone was taught in: {", ".join(languages)}.
- **Age, accent, origin**: hardly any corpus states them. Sex was measured where it is stated."""
