"""A site's own marked calls."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voicerisk.training.corpora import CorpusError, read_audio
from voicerisk.training.corpora.marks import clips_of, read_marks

HEADER = "path,start_s,end_s,label,channel,speaker\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one recording of ten seconds: a tone left, silence right."""
    tone = 0.5 * np.sin(np.arange(80000) * 0.3)
    soundfile.write(tmp_path / "call.wav", np.stack([tone, np.zeros(80000)], axis=1), 8000)
    return tmp_path


def write(folder: Path, lines: str) -> Path:
    """Write a marks file of these lines under the header."""
    file = folder / "marks.csv"
    file.write_text(HEADER + lines, encoding="utf-8")
    return file


def test_marks_become_clips_of_their_stretch_and_channel(folder: Path) -> None:
    """Each mark gives a clip of exactly its seconds of the channel it names; an open end means the recording's end."""
    marks = read_marks(write(folder, "call.wav,2,5.5,calm,0,anna\ncall.wav,6,,tense,1,anna\n"))
    calm, tense = clips_of(marks)
    assert (calm.emotion, calm.speaker, calm.licence_class) == ("calm", "marks_anna", "own")
    assert len(read_audio(calm)) == 28000
    assert np.abs(read_audio(calm)).max() > 0.4
    assert (tense.emotion, len(read_audio(tense))) == ("tense", 32000)
    assert np.abs(read_audio(tense)).max() == 0
    assert calm.id != tense.id


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("call.wav,2,5,angry,0,", "label 'angry'; write tense or calm"),
        ("call.wav,5,2,calm,0,", "does not lie in the recording's 10.00 s"),
        ("call.wav,2,50,calm,0,", "does not lie in the recording's 10.00 s"),
        ("call.wav,nan,5,calm,0,", "start_s 'nan'"),
        ("call.wav,x,5,calm,0,", "start_s 'x' is not a number"),
        ("call.wav,1,5,calm,2,", "channels 0 to 1"),
        ("gone.wav,1,5,calm,0,", "'gone.wav' cannot be read"),
        (",1,5,calm,0,", "path is empty"),
    ],
)
def test_faulty_mark_names_its_line(folder: Path, line: str, said: str) -> None:
    """A mark that cannot be used is refused with its line and what would be right."""
    with pytest.raises(CorpusError) as refused:
        read_marks(write(folder, f"call.wav,0,1,calm,0,\n{line}\n"))
    assert "line 3" in str(refused.value)
    assert said in str(refused.value)


def test_contradicting_marks_are_refused(folder: Path) -> None:
    """Overlapping stretches with different labels are refused; with the same label they stand."""
    assert len(read_marks(write(folder, "call.wav,0,5,calm,0,\ncall.wav,4,8,calm,0,\n"))) == 2
    with pytest.raises(CorpusError, match="overlap"):
        read_marks(write(folder, "call.wav,0,5,calm,0,\ncall.wav,4,8,tense,0,\n"))


def test_missing_columns_and_empty_files_are_told(folder: Path) -> None:
    """A header without a needed column is refused by the column's name, a file without marks as empty."""
    (folder / "marks.csv").write_text("path,label\ncall.wav,calm\n", encoding="utf-8")
    with pytest.raises(CorpusError, match="no column start_s, end_s"):
        read_marks(folder / "marks.csv")
    with pytest.raises(CorpusError, match="holds no marks"):
        read_marks(write(folder, ""))
    with pytest.raises(CorpusError, match=r"gone\.csv: no such file; .* columns path, start_s, end_s, label"):
        read_marks(folder / "gone.csv")
    with pytest.raises(CorpusError, match="cannot be read as a CSV file: Is a directory"):
        read_marks(folder)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: (HEADER + text).encode())))
def test_any_bytes_give_marks_or_our_error(folder: Path, content: bytes) -> None:
    """Whatever stands in the file, reading it gives marks or a CorpusError and nothing else."""
    file = folder / "any.csv"
    file.write_bytes(content)
    try:
        marks = read_marks(file)
    except CorpusError:
        return
    assert all(0 <= mark.start_s < mark.end_s for mark in marks)
