"""A site's own marked calls: `marks.csv`, as quality reviewers write it, to fine-tune and to tune on.

One line per marked stretch of a call, UTF-8, comma-separated, with a header:

| column | must | meaning |
|---|---|---|
| `path` | yes | the recording, relative to the marks file or absolute; any rate, wav/flac/ogg/mp3 |
| `start_s`, `end_s` | yes | the stretch in seconds from the recording's start; `end_s` empty means to its end |
| `label` | yes | `tense` (this caller is upset with us) or `calm` (this caller is not) |
| `channel` | no | the channel that holds the customer, from 0; default 0 |
| `call` | no | the call's id, where one call has several recordings; default: the path |
| `speaker` | no | who called, any text that is the same for the same person; default: the call |
| `language` | no | two letters; default empty |
| `gender` | no | `f`, `m` or empty |

Other columns are ignored. Stretches of one recording may not overlap where their labels differ. Names and phone numbers
do not belong here: `call` and `speaker` can be any pseudonym.
"""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import soundfile

from voicerisk.training.corpora.clip import GENDERS, Clip, CorpusError

CORPUS_NAME: Final = "marks"
REQUIRED: Final = ("path", "start_s", "end_s", "label")
OPTIONAL: Final = ("channel", "call", "speaker", "language", "gender")
MAX_STRETCH_S: Final = 4 * 3600.0
MAX_PROBLEMS: Final = 50

Label = Literal["tense", "calm"]


@dataclass(frozen=True, slots=True)
class Mark:
    """One marked stretch of one recording; times in seconds from the recording's start, `end_s` after `start_s`."""

    path: Path
    start_s: float
    end_s: float
    label: Label
    channel: int
    call: str
    speaker: str
    language: str
    gender: str


def read_marks(file: Path) -> list[Mark]:
    """Return the marks in a file, in its order.

    Raises `CorpusError` that lists the lines at fault (the first fifty), what is wrong and what would be right.
    """
    marks: list[Mark] = []
    problems: list[str] = []
    lengths_s: dict[Path, tuple[float, int]] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines)
            missing = [name for name in REQUIRED if name not in (rows.fieldnames or ())]
            if missing:
                raise CorpusError(f"{file}: no column {', '.join(missing)}; the header must name {', '.join(REQUIRED)}")
            for row in rows:
                try:
                    marks.append(_mark(row, file.parent, lengths_s))
                except CorpusError as error:
                    problems.append(f"{file}: line {rows.line_num}: {error}")
    except FileNotFoundError:
        columns = f"{', '.join(REQUIRED)} (tense or calm); optional {', '.join(OPTIONAL)}"
        raise CorpusError(f"{file}: no such file; it is to be a CSV file with the columns {columns}") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise CorpusError(f"{file}: cannot be read as a CSV file: {why}") from error
    problems += [f"{file}: {problem}" for problem in _contradictions(marks)]
    if problems:
        more = f"\n... and {len(problems) - MAX_PROBLEMS} more" if len(problems) > MAX_PROBLEMS else ""
        raise CorpusError("\n".join(problems[:MAX_PROBLEMS]) + more)
    if not marks:
        raise CorpusError(f"{file}: holds no marks")
    return marks


def clips_of(marks: list[Mark]) -> list[Clip]:
    """Return the marks as clips of the corpus `marks` (emotion `tense` or `calm`, licence class `own`) to train on."""
    return [
        Clip(
            corpus=CORPUS_NAME,
            path=mark.path,
            speaker=f"{CORPUS_NAME}_{mark.speaker}",
            gender=mark.gender,
            emotion=mark.label,
            label_raw=mark.label,
            intensity="",
            language=mark.language,
            sentence="",
            duration_s=mark.end_s - mark.start_s,
            licence_class="own",
            channel=mark.channel,
            start_s=mark.start_s,
            end_s=mark.end_s,
        )
        for mark in marks
    ]


def _mark(row: dict[str, str | None], folder: Path, lengths_s: dict[Path, tuple[float, int]]) -> Mark:
    def text(name: str) -> str:
        return (row.get(name) or "").strip()

    path = folder / text("path")  # an absolute path replaces the folder
    if path not in lengths_s:
        lengths_s[path] = _length(path, text("path"))
    length_s, n_channels = lengths_s[path]
    start_s = _seconds(text("start_s") or "0", "start_s")
    end_s = _seconds(text("end_s"), "end_s") if text("end_s") else length_s
    if not start_s < end_s <= length_s + 0.5:
        raise CorpusError(f"start_s {start_s:g} to end_s {end_s:g} does not lie in the recording's {length_s:.2f} s")
    label = text("label").lower()
    if label not in ("tense", "calm"):
        raise CorpusError(f"label {label!r}; write tense or calm")
    channel = text("channel") or "0"
    if not channel.isascii() or not channel.isdigit() or int(channel[:9]) >= n_channels:
        raise CorpusError(f"channel {channel!r}; {text('path')} has channels 0 to {n_channels - 1}")
    if text("gender") not in GENDERS:
        raise CorpusError(f"gender {text('gender')!r}; write f, m or nothing")
    call = text("call") or text("path")
    return Mark(
        path=path,
        start_s=start_s,
        end_s=min(end_s, length_s),
        label="tense" if label == "tense" else "calm",
        channel=int(channel),
        call=call,
        speaker=text("speaker") or call,
        language=text("language"),
        gender=text("gender"),
    )


def _length(path: Path, name: str) -> tuple[float, int]:
    if not name:
        raise CorpusError("path is empty")
    try:
        info = soundfile.info(str(path))
    except (soundfile.LibsndfileError, OSError) as error:
        raise CorpusError(f"path {name!r} cannot be read as sound: {error}") from error
    return float(info.duration), int(info.channels)


def _seconds(text: str, column: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise CorpusError(f"{column} {text!r} is not a number of seconds") from None
    if not 0 <= value <= MAX_STRETCH_S:  # false for nan as well
        raise CorpusError(f"{column} {text!r}; expected 0 to {MAX_STRETCH_S:g} seconds")
    return value


def _contradictions(marks: list[Mark]) -> list[str]:
    found: list[str] = []
    ordered = sorted(marks, key=lambda mark: (str(mark.path), mark.channel, mark.start_s))
    for index, mark in enumerate(ordered):
        for later in ordered[index + 1 :]:
            if (later.path, later.channel) != (mark.path, mark.channel) or later.start_s >= mark.end_s:
                break
            if later.label != mark.label:
                found.append(
                    f"{mark.path.name}: {mark.start_s:g}-{mark.end_s:g} s is {mark.label}, "
                    f"{later.start_s:g}-{later.end_s:g} s is {later.label}, and they overlap"
                )
    return found
