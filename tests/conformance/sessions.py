"""Where the recorded sessions are: short ones in `streams/`, whole ones in the folder named by VOICERISK_STREAMS."""

import gzip
import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

STREAMS = Path(__file__).parents[2] / "streams"
WHOLE_FOLDER = Path(os.environ["VOICERISK_STREAMS"]) if "VOICERISK_STREAMS" in os.environ else None


def whole(*names: str) -> list[Path]:
    """The whole sessions of these names, none if there are none."""
    return [WHOLE_FOLDER / name for name in names] if WHOLE_FOLDER else []


@cache
def said(path: Path) -> np.ndarray:
    """What was said on the call that a session is of, shape (n, 2) at 8 kHz: customer, agent."""
    call = "call0_calm" if "calm" in path.name else "call0_escalates"
    source = path.parent / "source" / f"{call}.wav"
    samples, rate_hz = soundfile.read(source if source.exists() else STREAMS / "source" / f"{call}.flac", dtype="int16")
    assert rate_hz == 8000
    return samples


def answered(path: Path) -> list[dict[str, Any]]:
    """What was answered when the session was recorded: the lines that went out, in order."""
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    lines = [json.loads(line) for line in text.splitlines()[1:]]
    return [line for line in lines if line["dir"] == "out"]
