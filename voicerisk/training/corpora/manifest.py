"""From a corpus' folder to its clips: by `manifest.csv` where there is one, else by its owners' layout."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final, cast

import soundfile

from voicerisk.training.corpora.clip import EMOTIONS, GENDERS, Clip, Corpus, CorpusError, Emotion

MANIFEST: Final = "manifest.csv"
COLUMNS: Final = frozenset(
    {"path", "speaker", "gender", "emotion", "label_raw", "intensity", "sentence", "duration_s", "flag"}
)
SUFFIXES: Final = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3"})


def read_manifest(corpus: Corpus, folder: Path) -> list[Clip]:
    """Return the clips that `folder/manifest.csv` lists, in its order.

    Columns: path (relative to the folder), speaker, gender (f, m or empty), emotion, label_raw, intensity, sentence,
    duration_s, flag (several apart by `;`); others are ignored. Raises `CorpusError` naming the file and the line.
    """
    file = folder / MANIFEST
    with file.open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines)
        missing = COLUMNS - set(rows.fieldnames or ())
        if missing:
            raise CorpusError(f"{file}: no column {', '.join(sorted(missing))}")
        return [_clip(corpus, folder, row, f"{file}: line {rows.line_num}") for row in rows]


def _clip(corpus: Corpus, folder: Path, row: dict[str, str], where: str) -> Clip:
    path = Path(row["path"])
    if not row["path"] or path.is_absolute() or ".." in path.parts:
        raise CorpusError(f"{where}: path {row['path']!r} does not lie inside the corpus' folder")
    if row["emotion"] not in EMOTIONS:
        raise CorpusError(f"{where}: emotion {row['emotion']!r} is none of {', '.join(sorted(EMOTIONS))}")
    if row["gender"] not in GENDERS:
        raise CorpusError(f"{where}: gender {row['gender']!r} is neither f, m nor empty")
    try:
        duration_s = float(row["duration_s"])
    except ValueError:
        raise CorpusError(f"{where}: duration_s {row['duration_s']!r} is not a number") from None
    labels = corpus.parse(path)
    flags = {flag.strip() for flag in row["flag"].split(";") if flag.strip()}
    return Clip(
        corpus=corpus.name,
        path=folder / path,
        speaker=row["speaker"] or (labels.speaker if labels else ""),
        gender=row["gender"],
        emotion=cast(Emotion, row["emotion"]),
        label_raw=row["label_raw"],
        intensity=row["intensity"],
        language=corpus.language,
        sentence=row["sentence"],
        duration_s=duration_s,
        licence_class=corpus.licence_class,
        flags=frozenset(flags) | (labels.flags if labels else frozenset()),
        name=labels.name if labels else "",
    )


def read_official(corpus: Corpus, folder: Path) -> list[Clip]:
    """Return the clips found under `folder` by the owners' file names, in the order of their paths.

    Raises `CorpusError` where no file looks like the corpus', naming the layout that was expected.
    """
    genders = corpus.genders(folder)
    clips: list[Clip] = []
    for path in _sound_files(folder):
        labels = corpus.parse(path.relative_to(folder))
        if labels is None:
            continue
        clips.append(
            Clip(
                corpus=corpus.name,
                path=path,
                speaker=labels.speaker,
                gender=labels.gender or genders.get(labels.speaker, ""),
                emotion=labels.emotion,
                label_raw=labels.label_raw,
                intensity=labels.intensity,
                language=corpus.language,
                sentence=labels.sentence,
                duration_s=_duration_s(path),
                licence_class=corpus.licence_class,
                flags=labels.flags,
                name=labels.name,
            )
        )
    if not clips:
        raise CorpusError(f"{folder}: neither {MANIFEST} nor a file as in {corpus.layout}; get it from {corpus.url}")
    sexes = _sex_by_speaker(clips)
    return [replace(clip, gender=sexes[clip.speaker]) for clip in clips]


def _sex_by_speaker(clips: list[Clip]) -> dict[str, str]:
    # Some owners mistyped the sex in a few file names; a speaker has the one that most of the names say.
    votes: dict[str, Counter[str]] = {}
    for clip in clips:
        votes.setdefault(clip.speaker, Counter())[clip.gender] += 1
    return {speaker: counts.most_common(1)[0][0] for speaker, counts in votes.items()}


def _sound_files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES and path.is_file())


def _duration_s(path: Path) -> float:
    try:
        return float(soundfile.info(str(path)).duration)
    except (soundfile.LibsndfileError, OSError) as error:
        raise CorpusError(f"{path}: cannot be read as sound: {error}") from error
