"""Cuts the recorded sessions in this folder out of full ones: python streams/cut.py FULL_SESSIONS.

Keeps everything that is not audio, and the audio of a few seconds. What was cut away is said in each header's note.
"""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import soundfile

HERE = Path(__file__).parent

# Where it goes, what it is cut from, and the seconds that are kept: by the media timestamp for Twilio, else by arrival.
CUTS = (
    ("twilio/fork.jsonl.gz", "twilio-fork.jsonl", 3.0, 9.0),
    ("twilio/fork-lossy.jsonl.gz", "twilio-fork-lossy.jsonl", 3.0, 9.0),
    ("freeswitch/audio-fork.jsonl.gz", "freeswitch-audio-fork.jsonl", 1.5, 9.0),
    ("freeswitch/audio-stream.jsonl.gz", "freeswitch-audio-stream.jsonl", 1.5, 9.0),
    ("vonage/wsbridge.jsonl.gz", "vonage-wsbridge.jsonl", 24.0, 28.5),
)
SOURCE = ("source/call0_escalates.flac", "source/call0_escalates.wav", 27.0)


def media_s(entry: dict[str, Any]) -> float | None:
    """When an entry's audio belongs, in seconds; None for an entry that is not audio."""
    if "b64" in entry:
        return float(entry["t"])
    if "text" in entry:
        message = json.loads(entry["text"])
        if message.get("event") == "media":
            return int(message["media"]["timestamp"]) / 1000
    return None


def cut(full: Path, to: Path, start_s: float, stop_s: float) -> None:
    """Write the entries of `full` whose audio lies within [start_s, stop_s), and all that are not audio."""
    header, *entries = [json.loads(line) for line in full.read_text().splitlines()]
    header["note"] += f" CUT to {start_s} .. {stop_s} s."
    kept = [header]
    for entry in entries:
        at_s = media_s(entry)
        if at_s is None or start_s <= at_s < stop_s:
            kept.append(entry)
    text = "".join(json.dumps(entry) + "\n" for entry in kept)
    to.write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def main(full: Path) -> None:
    """Cut all of them."""
    for to, name, start_s, stop_s in CUTS:
        cut(full / name, HERE / to, start_s, stop_s)
    to, name, seconds = SOURCE
    samples, rate_hz = soundfile.read(full / name, dtype="int16")
    soundfile.write(HERE / to, samples[: int(seconds * rate_hz)], rate_hz)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
