"""G.711 against libsndfile, which has its own tables."""

import io

import numpy as np
import pytest
import soundfile

from voicerisk.media import g711

CODES = bytes(range(256))
LINEAR = np.arange(-32768, 32768, dtype=np.int16)


def _reference_decode(payload: bytes, subtype: str) -> np.ndarray:
    samples, _ = soundfile.read(
        io.BytesIO(payload), channels=1, samplerate=8000, format="RAW", subtype=subtype, dtype="int16"
    )
    return samples


def _reference_encode(samples: np.ndarray, subtype: str) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, 8000, format="RAW", subtype=subtype)
    return file.getvalue()


def test_ulaw_decodes_as_libsndfile() -> None:
    """Every mu-law code gives the value that libsndfile gives."""
    assert np.array_equal(g711.decode_ulaw(CODES), _reference_decode(CODES, "ULAW"))


def test_alaw_decodes_as_libsndfile() -> None:
    """Every A-law code gives the value that libsndfile gives."""
    assert np.array_equal(g711.decode_alaw(CODES), _reference_decode(CODES, "ALAW"))


@pytest.mark.parametrize("law", ["ULAW", "ALAW"])
def test_encoding_is_as_exact_as_libsndfile(law: str) -> None:
    """For every 16-bit value the code that is chosen is never further off than libsndfile's by more than a rounding."""
    encode, decode = {"ULAW": (g711.encode_ulaw, g711.decode_ulaw), "ALAW": (g711.encode_alaw, g711.decode_alaw)}[law]
    ours = decode(encode(LINEAR).tobytes()).astype(int)
    theirs = _reference_decode(_reference_encode(LINEAR, law), law).astype(int)
    off_ours, off_theirs = np.abs(ours - LINEAR), np.abs(theirs - LINEAR)
    assert np.all(off_ours <= off_theirs + 16)
    assert off_ours.mean() <= off_theirs.mean() * 1.001


@pytest.mark.parametrize("law", ["ULAW", "ALAW"])
def test_a_code_survives_the_way_through_linear(law: str) -> None:
    """Decoding and encoding again gives the same code, but for mu-law's second zero."""
    if law == "ULAW":
        codes = g711.encode_ulaw(g711.decode_ulaw(CODES))
        assert codes[0x7F] == 0xFF
        codes[0x7F] = 0x7F
    else:
        codes = g711.encode_alaw(g711.decode_alaw(CODES))
    assert codes.tobytes() == CODES


def test_silence_is_all_ones_in_ulaw() -> None:
    """A zero sample is sent as 0xFF."""
    assert g711.encode_ulaw(np.zeros(3, np.int16)).tolist() == [g711.ULAW_SILENCE] * 3


def test_encoding_reads_a_channel_of_interleaved_samples() -> None:
    """Every second sample of an array encodes like a copy of them."""
    both = LINEAR[::7]
    assert np.array_equal(g711.encode_ulaw(both[1::2]), g711.encode_ulaw(both[1::2].copy()))
