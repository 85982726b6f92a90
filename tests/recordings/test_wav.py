import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cryptography.fernet import Fernet, MultiFernet
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.recordings.vault import add_part, find_parts
from voicerisk.recordings.wav import RangeError, parse_range, wav_bytes, wav_piece

_KEYS = MultiFernet([Fernet(Fernet.generate_key())])


def test_every_piece_is_a_piece_of_the_whole(tmp_path: Path) -> None:
    """The whole file is a WAV of the sound, and any range of bytes is that range of it."""
    path = tmp_path / "x"
    sound = np.random.default_rng(1).integers(-9000, 9000, (150, 2)).astype(np.int16)
    for part in (sound[:100], sound[100:]):
        add_part(path, part, _KEYS)
    parts = find_parts(path)
    n_bytes = wav_bytes(parts)
    whole = b"".join(wav_piece(path, parts, 0, n_bytes, _KEYS))
    assert len(whole) == n_bytes
    read, rate_hz = soundfile.read(io.BytesIO(whole), dtype="int16")
    assert (rate_hz, read.tolist()) == (8000, sound.tolist())
    spans = [(0, 1), (0, 44), (43, 45), (44, 48), (45, 47), (440, 450), (443, n_bytes), (n_bytes - 1, n_bytes)]
    for first, last in spans:
        assert b"".join(wav_piece(path, parts, first, last, _KEYS)) == whole[first:last]


@pytest.mark.parametrize(
    ("header", "span"),
    [
        (None, None),
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=90-500", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-500", (0, 100)),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=9-3", None),
        ("bytes=a-b", None),
        ("bytes=-", None),
    ],
)
def test_ranges_as_the_standard_has_them(header: str | None, span: tuple[int, int] | None) -> None:
    """Ranges as RFC 9110 says; what is none, or more than one, asks for the whole."""
    assert parse_range(header, 100) == span


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_is_refused(header: str) -> None:
    """What lies behind the end cannot be given."""
    with pytest.raises(RangeError):
        parse_range(header, 100)


@given(st.text(max_size=30), st.integers(0, 10**6))
def test_no_header_breaks_the_reader(text: str, n_bytes: int) -> None:
    """Whatever is sent as a range gives a range inside the file, none, or a clear refusal."""
    try:
        span = parse_range("bytes=" + text, n_bytes)
    except RangeError:
        return
    if span is not None:
        assert 0 <= span[0] < span[1] <= n_bytes or (n_bytes == 0 and span == (0, 0))
