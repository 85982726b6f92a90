"""The model's contract: what goes into the graph and what comes out, shared by serving, training and tests.

A model is a folder `models/<name>/` with `model.onnx`, `model.toml` and `CARD.md`. The graph takes one 240 ms chunk of
every channel in the batch and the state that the previous chunk left behind, and gives scores and the next state:

| input | shape | meaning |
|---|---|---|
| `audio` | float32 (batch, 1920) | 8 kHz, full scale = 1.0 |
| each `[[state]]` of model.toml | float32 (batch, *shape) | zeros at the start of a call |

| output | shape | meaning |
|---|---|---|
| `speech` | (batch,) | probability that a person speaks in this chunk (not music, ringing, keys, noise) |
| `voiced` | (batch,) | share of the chunk's frames that are voiced, 0..1 |
| `level_db` | (batch,) | level of the voiced frames, dBFS; -100 where there are none |
| `pitch_st` | (batch,) | mean pitch of the voiced frames in semitones above 55 Hz; 0 where there are none |
| `tension stress arousal valence` | (batch,) | calibrated 0..1, over the rolling window (the last 3 s of speech) |
| `emotion` | (batch, n_labels) | posteriors over model.toml's `emotions`, over the rolling window; sums to 1 |
| `window_speech_s` | (batch,) | seconds of speech in the rolling window; 0 = the scores above mean nothing yet |
| `all_tension` ... `all_emotion all_speech_s` | as above | the same six pooled over all speech so far |
| `<state>_next` | as the state | what to put in with the next chunk |

Rows of a batch are independent: a row's outputs never depend on its neighbours. The window heads lie off the path
from `audio` to the states, so an overloaded engine may fetch the states alone.
"""

from typing import Final

RATE_HZ: Final = 8000
CHUNK_SAMPLES: Final = 1920
CHUNK_S: Final = CHUNK_SAMPLES / RATE_HZ

PITCH_REFERENCE_HZ: Final = 55.0
SILENT_DB: Final = -100.0

CHUNK_OUTPUTS: Final = ("speech", "voiced", "level_db", "pitch_st")
WINDOW_OUTPUTS: Final = ("tension", "stress", "arousal", "valence", "emotion", "window_speech_s")
WHOLE_OUTPUTS: Final = ("all_tension", "all_stress", "all_arousal", "all_valence", "all_emotion", "all_speech_s")
STATE_SUFFIX: Final = "_next"

DECIMALS: Final = 4
"""Scores are rounded to this before anything decides on them, so that the last bits of a float never raise an alert."""
