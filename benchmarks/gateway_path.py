"""What one 20 ms packet costs on its way from the wire message to the call's clock, without the websocket.

    python -m benchmarks.gateway_path

Prints microseconds of CPU per message for the codec alone and for codec and timeline together, the best of several
runs, beside what the standard library needs for the JSON and base64 of the same message; then the ring buffer's size
and cost.
"""

import base64
import gzip
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from voicerisk.gateways.codec import Audio, Handshake, Message, StreamStarted
from voicerisk.gateways.recording import Wire, open_recording
from voicerisk.gateways.routes import CodecMaker, codec_maker
from voicerisk.media.activity import ActivityDetector
from voicerisk.media.block import Block
from voicerisk.media.ring import Ring
from voicerisk.media.timeline import Timeline

STREAMS = Path(__file__).parents[1] / "streams"
SESSIONS = (
    ("twilio/fork.jsonl.gz", "Twilio, 20 ms of one track, mu-law"),
    ("freeswitch/audio-fork.jsonl.gz", "mod_audio_fork, 20 ms of both parties, 8 kHz"),
    ("freeswitch/audio-stream.jsonl.gz", "mod_audio_stream, 100 ms of both parties, 16 kHz"),
    ("vonage/wsbridge.jsonl.gz", "Vonage, 20 ms mixed, 16 kHz"),
)
N_RUNS = 15


def best_us(run: Callable[[], Any], n_messages: int) -> float:
    """Microseconds of CPU per message, the best of several runs."""
    best_s = float("inf")
    for _ in range(N_RUNS):
        start_s = time.process_time()
        run()
        best_s = min(best_s, time.process_time() - start_s)
    return best_s / n_messages * 1e6


def decode(make: CodecMaker, handshake: Handshake, messages: Sequence[Message]) -> None:
    """The codec alone."""
    codec = make(handshake)
    for message in messages:
        codec.receive(message)


def lay_out(make: CodecMaker, handshake: Handshake, messages: Sequence[Message]) -> list[Block]:
    """Codec and timeline, as a call does it."""
    codec, timeline, blocks = make(handshake), Timeline(), []
    for message in messages:
        for event in codec.receive(message):
            if isinstance(event, Audio):
                timeline.push("s", event.channel, event.samples, event.start)
            elif isinstance(event, StreamStarted):
                timeline.open_stream("s", event.channels)
        blocks += timeline.blocks()
    return blocks + timeline.finish()


def plain(messages: Sequence[Message]) -> None:
    """JSON and base64 by the standard library, for comparison."""
    for message in messages:
        data = json.loads(message)
        if "media" in data:
            base64.b64decode(data["media"]["payload"])


def main() -> None:
    """Measure and print."""
    for name, what in SESSIONS:
        with open_recording(STREAMS / name) as recording:
            messages = [entry.message for entry in recording if isinstance(entry, Wire)]
            make, handshake = codec_maker(recording.protocol), recording.handshake
        codec_us = best_us(lambda: decode(make, handshake, messages), len(messages))  # noqa: B023
        both_us = best_us(lambda: lay_out(make, handshake, messages), len(messages))  # noqa: B023
        print(f"{what}: codec {codec_us:.1f} us, codec and timeline {both_us:.1f} us per message")
        if name.startswith("twilio"):
            plain_us = best_us(lambda: plain(messages), len(messages))  # noqa: B023
            print(f"  json and base64 of the standard library alone: {plain_us:.1f} us")
            ring_and_activity(lay_out(make, handshake, messages))


def ring_and_activity(blocks: Sequence[Block]) -> None:
    """What the ring buffer holds and costs, and the activity of one channel."""
    ring = Ring(30.0)

    def fill() -> None:
        for _ in range(6):
            for block in blocks:
                ring.append(block)

    append_us = best_us(fill, 6 * len(blocks))
    raw = sum(len(audio.samples) for block in ring.last(30.0) for audio in block.roles.values())
    zipped = len(gzip.compress(b"".join(a.samples.tobytes() for b in ring.last(30.0) for a in b.roles.values()), 1))
    print(f"  ring of 30 s, both parties: {ring.n_bytes / 1000:.0f} kB (mu-law {raw / 1000:.0f} kB, ", end="")
    print(f"linear zipped {zipped / 1000:.0f} kB), {append_us:.0f} us per block of 240 ms")
    detector, samples = ActivityDetector(), [a.samples for b in blocks for a in b.roles.values()]
    print(f"  activity: {best_us(lambda: [detector.measure(s) for s in samples], len(samples)):.0f} us per block")


if __name__ == "__main__":
    main()
