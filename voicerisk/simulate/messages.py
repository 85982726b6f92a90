"""A call's wire messages, made from an audio file, with the media time at which a gateway would send each."""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from voicerisk.audiofile import AudioFileError, pieces, probe, roles_of
from voicerisk.events import Role
from voicerisk.gateways.codec import Message
from voicerisk.media.g711 import encode_ulaw


class SimulatedCall(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway would know about the call that the file holds.

    `roles` names the file's channels in order; None means mono = customer, stereo = customer and agent.
    """

    path: Path
    call_id: str
    roles: tuple[Role, ...] | None = None
    packet_s: float = 0.02
    labels: Mapping[str, str] = {}


TimedMessage = tuple[float, Message]
MessageSource = Callable[[SimulatedCall], Iterator[TimedMessage]]


def twilio(call: SimulatedCall) -> Iterator[TimedMessage]:
    """Twilio Media Streams of a `<Start><Stream track="both_tracks">` fork: one shared chunk counter and clock.

    Inbound is the customer, outbound the agent. The file must have a rate of 8 kHz, as a telephone line has.
    Raises `AudioFileError`.
    """
    info, roles = _known(call)
    if info != 8000:
        raise AudioFileError(f"{call.path}: Twilio carries 8000 Hz, the file has {info}")
    tracks = ["inbound" if role is Role.CUSTOMER else "outbound" for role in roles]
    stream_sid = "MZ" + hashlib.md5(call.call_id.encode(), usedforsecurity=False).hexdigest()
    yield 0.0, json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})
    start = {
        "accountSid": "AC" + "0" * 32,
        "streamSid": stream_sid,
        "callSid": "CA" + stream_sid[2:],
        "tracks": tracks,
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": {"callId": call.call_id, **call.labels},
    }
    yield 0.0, json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": stream_sid, "start": start})
    sequence, chunk, at_samples = 1, 0, 0
    for piece in pieces(call.path, call.packet_s):
        at_ms = at_samples * 1000 // 8000
        at_samples += len(piece[0])
        for track, samples in zip(tracks, piece, strict=True):
            sequence, chunk = sequence + 1, chunk + 1
            payload = base64.b64encode(encode_ulaw(samples).tobytes()).decode()
            media = {"track": track, "chunk": str(chunk), "timestamp": str(at_ms), "payload": payload}
            # A packet leaves when its last sample has been spoken.
            yield (
                at_samples / 8000,
                json.dumps(
                    {"event": "media", "sequenceNumber": str(sequence), "streamSid": stream_sid, "media": media},
                    separators=(",", ":"),
                ),
            )
    stop = {"accountSid": "AC" + "0" * 32, "callSid": "CA" + stream_sid[2:]}
    yield (
        at_samples / 8000,
        json.dumps({"event": "stop", "sequenceNumber": str(sequence + 1), "streamSid": stream_sid, "stop": stop}),
    )


def l16(call: SimulatedCall) -> Iterator[TimedMessage]:
    """FreeSWITCH mod_audio_fork: the metadata as first text, then interleaved 16-bit little-endian samples.

    Raises `AudioFileError`.
    """
    rate_hz, roles = _known(call)
    metadata = {
        "callId": call.call_id,
        "sampleRate": rate_hz,
        "mixType": "stereo" if len(roles) == 2 else "mono",
        "channels": [str(role) for role in roles],
        **call.labels,
    }
    yield 0.0, json.dumps(metadata)
    at_samples = 0
    for piece in pieces(call.path, call.packet_s):
        at_samples += len(piece[0])
        yield at_samples / rate_hz, np.stack(piece, axis=1).astype("<i2").tobytes()


PROTOCOLS: Mapping[str, MessageSource] = {"twilio": twilio, "l16": l16}


def _known(call: SimulatedCall) -> tuple[int, Sequence[Role]]:
    info = probe(call.path)
    return info.rate_hz, roles_of(call.path, info, call.roles)
