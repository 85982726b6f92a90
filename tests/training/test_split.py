"""Who trains and who judges."""

import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from voicerisk.training.corpora import CORPORA, Clip, CorpusError
from voicerisk.training.split import PARTS, SPLIT_FILE, add_corpus, check_apart, divide, draw, read_split


def make(speaker: str, number: int = 0, **change: object) -> Clip:
    """One clip of a speaker."""
    clip = Clip(
        corpus="emodb",
        path=Path(f"/corpora/emodb/{speaker}{number}.wav"),
        speaker=speaker,
        gender="f",
        emotion="neutral",
        label_raw="",
        intensity="",
        language="de",
        sentence="",
        duration_s=1.0,
        licence_class="open",
    )
    return replace(clip, **change)  # type: ignore[arg-type]


def test_committed_split_keeps_every_speaker_in_one_part() -> None:
    """The committed file names 785 speakers of the thirteen corpora, each once: no voice is on both sides."""
    lines = SPLIT_FILE.read_text(encoding="utf-8").splitlines()[1:]
    speakers = [line.split(",")[1] for line in lines]
    split = read_split()
    assert len(lines) == len(set(speakers)) == len(split) == 785
    assert {line.split(",")[0] for line in lines} == CORPORA.keys()
    assert Counter(split.values()) == {"train": 513, "dev": 118, "test": 154}


def test_committed_split_tests_no_unknown_speaker() -> None:
    """Clips of unknown speakers only ever train."""
    assert read_split()["emospeech_unknown"] == "train"


def test_divide_follows_the_committed_file() -> None:
    """Clips land in the part of their speaker; a speaker that the file does not know trains."""
    parts = divide([make("emodb_03"), make("emodb_11"), make("emodb_15"), make("emodb_99")])
    assert {part: [clip.speaker for clip in clips] for part, clips in parts.items()} == {
        "train": ["emodb_15", "emodb_99"],
        "dev": ["emodb_11"],
        "test": ["emodb_03"],
    }


@pytest.mark.parametrize(
    ("train", "test", "said"),
    [
        (make("a"), make("a", 1), "speaker a stands in both"),
        (make("a"), make("b", path=make("a").path), "stands in both train and test"),
        (make("a"), make("b", flags=frozenset({"unknown_speaker"})), "may only train"),
    ],
)
def test_overlap_is_refused(train: Clip, test: Clip, said: str) -> None:
    """A speaker or a recording in two parts, or an unknown speaker in a test set, is an error that names it."""
    with pytest.raises(CorpusError, match=said):
        check_apart({"train": [train], "dev": [], "test": [test]})


def test_draw_is_the_same_in_any_order_and_keeps_the_sexes() -> None:
    """The same clips shuffled give the same split, and each part of a large corpus has women and men."""
    clips = [make(f"s{i}", n, gender="f" if i % 3 else "m") for i in range(30) for n in range(4)]
    shuffled = clips.copy()
    random.Random(1).shuffle(shuffled)
    split = draw(clips)
    assert split == draw(shuffled)
    parts = divide(clips, split)
    assert {part: {clip.gender for clip in parts[part]} for part in PARTS} == {part: {"f", "m"} for part in PARTS}
    assert 18 <= sum(part == "train" for part in split.values()) <= 21


def test_draw_sends_the_unknown_the_young_and_the_dominant_to_train() -> None:
    """Unknown speakers, children and whoever holds over a tenth of a large corpus are never tested on."""
    clips = [make(f"s{i}", n) for i in range(40) for n in range(2)]
    clips += [make("big", n) for n in range(20)]
    clips += [make("child", n, flags=frozenset({"child_age5"})) for n in range(3)]
    clips += [make("nobody", n, flags=frozenset({"unknown_speaker"})) for n in range(3)]
    split = draw(clips)
    assert [split[name] for name in ("big", "child", "nobody")] == ["train"] * 3
    assert set(split.values()) == set(PARTS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("corpus,speaker,part\nemodb,a,train\nemodb,a,test\n", "a stands there twice"),
        ("corpus,speaker,part\nemodb,a,exam\n", "line 2"),
        ("speaker,part\na,train\n", "header"),
    ],
)
def test_faulty_split_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A speaker named twice, an unknown part or a wrong header is refused."""
    file = tmp_path / "split.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CorpusError, match=said):
        read_split(file)


def test_a_new_corpus_is_drawn_and_nobody_else_moves(tmp_path: Path) -> None:
    """Adding a corpus leaves every line of the committed split as it is, and gives each new speaker a part."""
    file = tmp_path / "split.csv"
    file.write_bytes(SPLIT_FILE.read_bytes())
    clips = [make(f"zz_{i}", n, corpus="zz") for i in range(20) for n in range(3)]
    added = add_corpus(clips, file)
    before = SPLIT_FILE.read_text(encoding="utf-8")
    assert file.read_text(encoding="utf-8").startswith(before)
    assert read_split(file) == read_split() | added
    assert added.keys() == {clip.speaker for clip in clips}
    assert set(added.values()) == set(PARTS)


@pytest.mark.parametrize(
    ("new", "said"),
    [
        (make("emodb_17"), "has the speakers of emodb already"),
        (make("emodb_03", corpus="zz"), "emodb_03: another corpus has a speaker of this name"),
    ],
)
def test_nobody_is_drawn_twice(tmp_path: Path, new: Clip, said: str) -> None:
    """A corpus that was drawn before, or a speaker's name that is taken, is refused and the file left as it was."""
    file = tmp_path / "split.csv"
    file.write_bytes(SPLIT_FILE.read_bytes())
    with pytest.raises(CorpusError, match=said):
        add_corpus([new], file)
    assert file.read_bytes() == SPLIT_FILE.read_bytes()
