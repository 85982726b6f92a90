"""G.711 mu-law and A-law by table lookup, both directions.

The tables are computed once from the formulas of ITU-T G.711 (11/88), tables 1a to 2b: eight segments per sign,
sixteen equal steps per segment, the step doubling from segment to segment. Linear values are 16-bit: G.711's 14-bit
(mu-law) and 13-bit (A-law) values shifted up to fill the range, as every telephone gateway does.
"""

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.int16]

ULAW_SILENCE = 0xFF
"""The mu-law code of a zero sample."""

_BIAS = 132  # mu-law's 33 on the 14-bit scale: makes the segment number the position of the highest set bit
_ULAW_CLIP = 32635
_INVERT_ULAW = 0xFF  # all bits are sent inverted, so that silence is all ones
_INVERT_ALAW = 0x55  # every other bit


def _ulaw_to_linear() -> Samples:
    code = np.arange(256) ^ _INVERT_ULAW
    segment, step = (code >> 4) & 7, code & 15
    magnitude = (((step << 3) + _BIAS) << segment) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _alaw_to_linear() -> Samples:
    code = np.arange(256) ^ _INVERT_ALAW
    segment, step = (code >> 4) & 7, code & 15
    # Segment 0 is as fine as segment 1, hence without the leading one (0x100) and not shifted. 8 is half a step.
    magnitude = np.where(segment == 0, (step << 4) + 8, ((step << 4) + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, magnitude, -magnitude).astype(np.int16)


def _highest_bit(value: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.frexp(value.astype(np.float64))[1].astype(np.int64) - 1


def _linear_values() -> npt.NDArray[np.int64]:
    """All 16-bit values in the order in which their bit patterns, read as unsigned, index a table."""
    return np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int64)


def _linear_to_ulaw() -> Codes:
    linear = _linear_values()
    magnitude = np.minimum(np.abs(linear), _ULAW_CLIP) + _BIAS
    segment = _highest_bit(magnitude) - 7
    step = (magnitude >> (segment + 3)) & 15
    sign = np.where(linear < 0, 0x80, 0)
    codes: Codes = ((sign | (segment << 4) | step) ^ _INVERT_ULAW).astype(np.uint8)
    return codes


def _linear_to_alaw() -> Codes:
    linear = _linear_values()
    magnitude = np.minimum(np.abs(linear), 32767)
    segment = np.maximum(_highest_bit(np.maximum(magnitude, 1)) - 7, 0)
    step = (magnitude >> (np.maximum(segment, 1) + 3)) & 15
    sign = np.where(linear < 0, 0, 0x80)
    codes: Codes = ((sign | (segment << 4) | step) ^ _INVERT_ALAW).astype(np.uint8)
    return codes


_ULAW_TO_LINEAR = _ulaw_to_linear()
_ALAW_TO_LINEAR = _alaw_to_linear()
_LINEAR_TO_ULAW = _linear_to_ulaw()
_LINEAR_TO_ALAW = _linear_to_alaw()


def decode_ulaw(payload: bytes) -> Samples:
    """Linear 16-bit samples of mu-law bytes, shape (len(payload),)."""
    return _ULAW_TO_LINEAR.take(np.frombuffer(payload, np.uint8))


def decode_alaw(payload: bytes) -> Samples:
    """Linear 16-bit samples of A-law bytes, shape (len(payload),)."""
    return _ALAW_TO_LINEAR.take(np.frombuffer(payload, np.uint8))


def encode_ulaw(samples: Samples) -> Codes:
    """Mu-law codes of int16 samples, same shape."""
    return _LINEAR_TO_ULAW.take(samples.view(np.uint16))


def encode_alaw(samples: Samples) -> Codes:
    """A-law codes of int16 samples, same shape."""
    return _LINEAR_TO_ALAW.take(samples.view(np.uint16))
