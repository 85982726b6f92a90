"""Which speakers train the model, which choose between models, and which only ever judge one.

The split of the public corpora is fixed in `split.csv` beside this file and never redrawn: a number in a model card of
last year must still mean the same speakers. `draw` made it, and draws one for a site's own marked calls.
`python -m voicerisk.training.split NAME` adds the speakers of a corpus that is new to the project.
"""

import csv
import hashlib
import random
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal, get_args

import typer

from voicerisk.training.corpora import ROOT_VARIABLE, load
from voicerisk.training.corpora.clip import Clip, CorpusError

Part = Literal["train", "dev", "test"]
Split = dict[str, Part]
"""Speaker to part. A speaker's name is unique across corpora."""

PARTS: Final[tuple[Part, ...]] = get_args(Part)
SPLIT_FILE: Final = Path(__file__).with_name("split.csv")
HEADER: Final = ("corpus", "speaker", "part")
SEED: Final = 20
DEV_SHARE: Final = 0.15
TEST_SHARE: Final = 0.2
MANY_SPEAKERS: Final = 20
BIG_SPEAKER: Final = 0.1


def read_split(file: Path = SPLIT_FILE) -> Split:
    """Return the committed split. Raises `CorpusError` for a speaker in two parts, or a line that is not understood."""
    return {speaker: part for _, speaker, part in _read_rows(file)}


def missing_test_speakers(clips: Iterable[Clip], file: Path = SPLIT_FILE) -> dict[str, int]:
    """Return how many of its test speakers have no clip here, for each corpus where any has none."""
    there = {clip.speaker for clip in clips}
    return dict(Counter(corpus for corpus, who, part in _read_rows(file) if part == "test" and who not in there))


def add_corpus(clips: Iterable[Clip], file: Path = SPLIT_FILE) -> Split:
    """Draw the speakers of corpora that the file does not know yet, add them to it, and return who was added.

    Whoever stands in the file already stays where they are. Raises `CorpusError` for a corpus that the file knows, and
    for a speaker whose name another corpus has.
    """
    clips = list(clips)
    rows = _read_rows(file)
    corpora = {clip.speaker: clip.corpus for clip in clips}
    if again := sorted({corpus for corpus, _, _ in rows} & set(corpora.values())):
        raise CorpusError(f"{file}: has the speakers of {', '.join(again)} already; they are never drawn again")
    if taken := sorted({speaker for _, speaker, _ in rows} & corpora.keys()):
        raise CorpusError(f"{taken[0]}: another corpus has a speaker of this name; put the corpus' own before it")
    drawn = draw(clips)
    rows += [(corpora[speaker], speaker, part) for speaker, part in drawn.items()]
    rows.sort(key=lambda row: (row[0], PARTS.index(row[2]), row[1]))
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)
    return drawn


def _read_rows(file: Path) -> list[tuple[str, str, Part]]:
    """Corpus, speaker and part of each line."""
    found: dict[str, tuple[str, str, Part]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        if rows.fieldnames != list(HEADER):
            raise CorpusError(f"{file}: the header must be {','.join(HEADER)}")
        for row in rows:
            part = next((part for part in PARTS if part == row["part"]), None)
            if part is None or not row["speaker"]:
                raise CorpusError(f"{file}: line {rows.line_num}: expected corpus,speaker,{'|'.join(PARTS)}")
            if row["speaker"] in found:
                raise CorpusError(f"{file}: line {rows.line_num}: {row['speaker']} stands there twice")
            found[row["speaker"]] = (row["corpus"], row["speaker"], part)
    return list(found.values())


def divide(clips: Iterable[Clip], split: Split | None = None) -> dict[Part, list[Clip]]:
    """Return the clips of each part, in the order in which they came.

    A speaker that the split does not name (the owners' full corpus has more speakers than were drawn from) trains.
    Raises `CorpusError` where one speaker would stand in two parts, or an unknown speaker outside of train.
    """
    split = read_split() if split is None else split
    parts: dict[Part, list[Clip]] = {part: [] for part in PARTS}
    for clip in clips:
        parts[split.get(clip.speaker, "train")].append(clip)
    check_apart(parts)
    return parts


def check_apart(parts: dict[Part, list[Clip]]) -> None:
    """Raise `CorpusError` where a voice could be on both sides of the split.

    That is: a speaker in two parts, a clip of unknown speaker outside of train, or one recording in two parts.
    """
    speakers: dict[str, Part] = {}
    files: dict[Path, Part] = {}
    for part, clips in parts.items():
        for clip in clips:
            if part != "train" and not clip.has_known_speaker:
                raise CorpusError(f"{clip.id}: its speaker is unknown, so it may only train, not stand in {part}")
            if speakers.setdefault(clip.speaker, part) != part:
                raise CorpusError(f"speaker {clip.speaker} stands in both {speakers[clip.speaker]} and {part}")
            if files.setdefault(clip.path, part) != part:
                raise CorpusError(f"{clip.path} stands in both {files[clip.path]} and {part}")


def draw(clips: Iterable[Clip], *, seed: int = SEED) -> Split:
    """Return a new split by speaker: about 65 % train, 15 % dev, 20 % test of each corpus' women, men and unstated.

    Groups of one or two speakers train. So do unknown speakers, children, and, in corpora of many speakers, anyone who
    holds over a tenth of the clips: a test set that is half one person says little. The same clips and seed give the
    same split, whatever their order.
    """
    clips = list(clips)
    counts = Counter((clip.corpus, clip.speaker) for clip in clips)
    sizes = Counter(clip.corpus for clip in clips)
    n_speakers = Counter(corpus for corpus, _ in counts)
    split: Split = {}
    groups: dict[tuple[str, str], set[str]] = {}
    for clip in clips:
        share = counts[clip.corpus, clip.speaker] / sizes[clip.corpus]
        is_big = n_speakers[clip.corpus] > MANY_SPEAKERS and share > BIG_SPEAKER
        is_child = any(flag.startswith("child") for flag in clip.flags)
        if is_big or is_child or not clip.has_known_speaker:
            split[clip.speaker] = "train"
        else:
            groups.setdefault((clip.corpus, clip.gender), set()).add(clip.speaker)
    for (corpus, gender), speakers in groups.items():
        free = sorted(speakers - split.keys())
        random.Random(_number(f"{seed}/{corpus}/{gender}")).shuffle(free)
        n_test, n_dev = (max(1, round(share * len(free))) if len(free) > 2 else 0 for share in (TEST_SHARE, DEV_SHARE))
        for index, speaker in enumerate(free):
            split[speaker] = "test" if index < n_test else "dev" if index < n_test + n_dev else "train"
    return split


def _number(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


def main(
    name: Annotated[str, typer.Argument(help="Of the new corpus, as its module says.")],
    corpora: Annotated[Path | None, typer.Option(envvar=ROOT_VARIABLE, help="Folder that holds it.")] = None,
) -> None:
    """Add the speakers of a new corpus to the split."""
    try:
        counts = Counter(add_corpus(load(corpora, [name])).values())
    except CorpusError as error:
        raise SystemExit(str(error)) from None
    sys.stdout.write(f"{SPLIT_FILE}: added {', '.join(f'{counts[part]} {part}' for part in PARTS)}\n")


if __name__ == "__main__":
    typer.run(main)
