"""Cuts the recorded sessions in this folder out of full ones: python streams/cut.py FULL_SESSIONS.

Keeps everything that is not audio, and the audio of a few seconds. What was cut away is said in each header's note.
"""

import base64
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
    ("asterisk/websocket-json.customer.jsonl.gz", "asterisk-websocket-json.customer.jsonl", 3.0, 9.0),
    ("asterisk/websocket-json.agent.jsonl.gz", "asterisk-websocket-json.agent.jsonl", 3.0, 9.0),
    ("asterisk/websocket-text.customer.jsonl.gz", "asterisk-websocket-text.customer.jsonl", 3.0, 9.0),
    ("asterisk/websocket-text.agent.jsonl.gz", "asterisk-websocket-text.agent.jsonl", 3.0, 9.0),
    ("asterisk/websocket-abrupt.customer.jsonl.gz", "asterisk-websocket-abrupt.customer.jsonl", 26.0, 32.0),
    ("asterisk/websocket-abrupt.agent.jsonl.gz", "asterisk-websocket-abrupt.agent.jsonl", 26.0, 32.0),
    ("asterisk/websocket-stall.customer.jsonl.gz", "asterisk-stall.customer.jsonl", 26.0, 33.5),
    ("asterisk/websocket-stall.agent.jsonl.gz", "asterisk-stall.agent.jsonl", 26.0, 33.5),
    ("asterisk/websocket-inline.jsonl.gz", "asterisk-websocket-inline.jsonl", 30.0, 42.0),
    ("asterisk/audiosocket.customer.jsonl.gz", "asterisk-audiosocket.customer.jsonl", 3.0, 9.0),
    ("asterisk/audiosocket.agent.jsonl.gz", "asterisk-audiosocket.agent.jsonl", 3.0, 9.0),
    ("asterisk/audiosocket-inline.jsonl.gz", "asterisk-audiosocket-inline.jsonl", 30.0, 42.0),
    ("audiohook/stereo.jsonl.gz", "audiohook-stereo.jsonl", 3.0, 9.0),
    ("audiohook/pause.jsonl.gz", "audiohook-pause.jsonl", 12.0, 26.0),
    ("audiohook/client-pause.jsonl.gz", "audiohook-client-pause.jsonl", 22.0, 34.0),
    ("audiohook/probe.jsonl.gz", "audiohook-probe.jsonl", 0.0, 1.0),
)
SOURCE = ("source/call0_escalates.flac", "source/call0_escalates.wav", 36.0)
AUDIOSOCKET_AUDIO = range(0x10, 0x19)


def media_s(protocol: str, entry: dict[str, Any]) -> float | None:
    """When an entry's audio belongs, in seconds; None for an entry that is not audio."""
    if "b64" in entry:
        if protocol == "audiosocket" and base64.b64decode(entry["b64"])[0] not in AUDIOSOCKET_AUDIO:
            return None
        return float(entry["t"])
    if protocol == "twilio" and "text" in entry:
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
        at_s = media_s(header["protocol"], entry)
        if at_s is None or start_s <= at_s < stop_s:
            kept.append(entry)
    text = "".join(json.dumps(entry) + "\n" for entry in kept)
    to.parent.mkdir(exist_ok=True)
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
