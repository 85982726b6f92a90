"""A recorded call, sent in packets of another size, gives the same blocks: the same samples at the same media time."""

import base64
import json
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, repeat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.gateways.codec import Audio, Message, StreamStarted
from voicerisk.gateways.recording import Wire, open_recording
from voicerisk.gateways.routes import codec_maker
from voicerisk.media.block import Block
from voicerisk.media.timeline import Timeline

STREAMS = Path(__file__).parents[2] / "streams"


def _messages(name: str) -> list[Message]:
    with open_recording(STREAMS / name) as recording:
        return [entry.message for entry in recording if isinstance(entry, Wire)]


def _blocks(name: str, messages: Iterable[Message]) -> list[object]:
    with open_recording(STREAMS / name) as recording:
        codec, timeline = codec_maker(recording.protocol)(recording.handshake), Timeline()
    blocks: list[Block] = []
    for message in messages:
        for event in codec.receive(message):
            if isinstance(event, Audio):
                timeline.push("s", event.channel, event.samples, event.start)
            elif isinstance(event, StreamStarted):
                timeline.open_stream("s", event.channels)
        blocks += timeline.blocks()
    blocks += timeline.finish()
    return [
        (block.index, {role: (a.samples.tobytes(), a.n_missing, a.n_valid, a.seam) for role, a in block.roles.items()})
        for block in blocks
    ]


@pytest.mark.parametrize(
    "name",
    [
        "freeswitch/audio-fork.jsonl.gz",
        "freeswitch/audio-stream.jsonl.gz",
        "asterisk/websocket-json.customer.jsonl.gz",
        "asterisk/websocket-text.agent.jsonl.gz",
        "audiohook/stereo.jsonl.gz",
    ],
)
@settings(max_examples=8, deadline=None)
@given(sizes=st.lists(st.integers(1, 6400), min_size=1, max_size=6))
def test_binary_audio_cut_anywhere(name: str, sizes: Sequence[int]) -> None:
    """A gateway's bytes, cut at any byte into messages of any length up to 100 ms and more, give the same blocks."""
    messages = _messages(name)
    sizes = [*sizes, 640]  # one size of a byte would make a quarter of a million messages
    audio = b"".join(message for message in messages if isinstance(message, bytes))
    edges = list(accumulate(chain.from_iterable(repeat(sizes, len(audio) // sum(sizes) + 1))))
    cut = [audio[a:b] for a, b in zip([0, *edges], edges, strict=False)]
    assert b"".join(cut) == audio
    assert _blocks(name, [messages[0], *cut]) == _blocks(name, messages)


@settings(max_examples=8, deadline=None)
@given(sizes=st.lists(st.integers(1, 6400), min_size=1, max_size=6))
def test_tcp_cut_anywhere(sizes: Sequence[int]) -> None:
    """AudioSocket's byte stream, cut anywhere into reads of any length, gives the same blocks."""
    name = "asterisk/audiosocket.customer.jsonl.gz"
    messages = _messages(name)
    whole = b"".join(message for message in messages if isinstance(message, bytes))
    edges = list(accumulate(chain.from_iterable(repeat([*sizes, 640], len(whole)))))
    reads = [whole[a:b] for a, b in zip([0, *edges], edges, strict=False) if a < len(whole)]
    assert b"".join(reads) == whole
    assert _blocks(name, reads) == _blocks(name, messages)


@pytest.mark.parametrize("packet_ms", [60, 100, 200])
def test_twilio_with_longer_packets(packet_ms: int) -> None:
    """Twilio's 20 ms packets, joined into longer ones of each track, give the same blocks."""
    name = "twilio/fork.jsonl.gz"
    messages = _messages(name)
    joined: list[Message] = []
    waiting: dict[str, list[dict[str, str]]] = {}
    for message in messages:
        data = json.loads(message)
        if data["event"] == "stop":
            joined += [_joined(parts) for parts in waiting.values() if parts]
        if data["event"] != "media":
            joined.append(message)
            continue
        parts = waiting.setdefault(data["media"]["track"], [])
        parts.append(data["media"])
        if len(parts) * 20 == packet_ms:
            joined.append(_joined(parts))
            parts.clear()
    assert len(joined) < len(messages) / 2
    assert _blocks(name, joined) == _blocks(name, messages)


def _joined(parts: Sequence[dict[str, str]]) -> str:
    payload = b"".join(base64.b64decode(part["payload"]) for part in parts)
    return json.dumps({"event": "media", "media": {**parts[0], "payload": base64.b64encode(payload).decode()}})
