"""The Twilio family as it sends: Twilio, SignalWire, Telnyx, Plivo, Exotel and Bandwidth, each in its own words.

The forms are those of the platforms' documentation (see `gateways.twilio`); tracks are named from the customer's leg.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from voicerisk.events import Role
from voicerisk.gateways.codec import Samples
from voicerisk.media.g711 import encode_alaw, encode_ulaw
from voicerisk.scoring.contract import RATE_HZ
from voicerisk.simulate.call import SimulatedCall, TimedMessage, packets
from voicerisk.simulate.line import delayed

Encode = Callable[[Samples], bytes]

EXOTEL_PACKET_S: Final = 0.1
_ACCOUNT: Final = "AC" + "0" * 32


class _Media(NamedTuple):
    """One track's part of a packet, ready to be told. `chunk` is counted over all tracks, as is their clock."""

    leaves_s: float
    track: str
    chunk: int
    at_ms: int
    payload: str


def twilio(call: SimulatedCall) -> Iterator[TimedMessage]:
    """Twilio Media Streams of a `<Start><Stream track="both_tracks">` fork: one shared chunk counter and clock.

    Inbound is the customer, outbound the agent. Raises `AudioFileError`.
    """
    stream_sid = "MZ" + _name(call)
    call_sid = "CA" + stream_sid[2:]
    yield 0.0, json.dumps({"event": "connected", "protocol": "Call", "version": "1.0.0"})
    start = {
        "accountSid": _ACCOUNT,
        "streamSid": stream_sid,
        "callSid": call_sid,
        "tracks": _tracks(call),
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": RATE_HZ, "channels": 1},
        "customParameters": {"callId": call.call_id, **call.labels},
    }
    yield 0.0, json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": stream_sid, "start": start})
    leaves_s, number = 0.0, 1
    for number, heard in enumerate(_media(call, _ulaw), 2):
        media = {
            "track": heard.track,
            "chunk": str(heard.chunk),
            "timestamp": str(heard.at_ms),
            "payload": heard.payload,
        }
        leaves_s = heard.leaves_s
        yield leaves_s, _packed(event="media", sequenceNumber=str(number), streamSid=stream_sid, media=media)
    if not call.line.abrupt:
        stop = {"accountSid": _ACCOUNT, "callSid": call_sid}
        yield (
            leaves_s,
            json.dumps({"event": "stop", "sequenceNumber": str(number + 1), "streamSid": stream_sid, "stop": stop}),
        )


def telnyx(call: SimulatedCall) -> Iterator[TimedMessage]:
    """Telnyx: snake_case, A-law as on a European leg, and no promise about the order of its frames.

    Raises `AudioFileError`.
    """
    stream_id = _name(call)
    yield 0.0, json.dumps({"event": "connected", "version": "1.0.0"})
    start = {
        "user_id": "00000000-0000-0000-0000-000000000000",
        "call_control_id": call.call_id,
        "call_session_id": stream_id,
        "client_state": None,
        "custom_parameters": dict(call.labels),
        "tracks": _tracks(call),
        "media_format": {"encoding": "PCMA", "sample_rate": RATE_HZ, "channels": 1},
    }
    yield 0.0, json.dumps({"event": "start", "sequence_number": "1", "stream_id": stream_id, "start": start})

    def frames() -> Iterator[TimedMessage]:
        for number, heard in enumerate(_media(call, _alaw), 2):
            media = {
                "track": heard.track,
                "chunk": str(heard.chunk),
                "timestamp": str(heard.at_ms),
                "payload": heard.payload,
            }
            yield (
                heard.leaves_s,
                _packed(event="media", sequence_number=str(number), stream_id=stream_id, media=media),
            )

    leaves_s, n_frames = 0.0, 0
    in_time = delayed(frames(), call.line, call.length_s, stream_id, overtake=True)
    for leaves_s, message in in_time:
        n_frames += 1
        yield leaves_s, message
    if not call.line.abrupt:
        stop = {"user_id": start["user_id"], "call_control_id": call.call_id}
        yield (
            leaves_s,
            json.dumps({"event": "stop", "sequence_number": str(n_frames + 2), "stream_id": stream_id, "stop": stop}),
        )


def plivo(call: SimulatedCall) -> Iterator[TimedMessage]:
    """Plivo `<Stream audioTrack="both" contentType="audio/x-mulaw;rate=8000">`: numbers that are numbers.

    Raises `AudioFileError`.
    """
    stream_id = _name(call)
    headers = ";".join(f"{name}={value}" for name, value in call.labels.items())
    start = {
        "callId": call.call_id,
        "streamId": stream_id,
        "accountId": "MA" + "0" * 18,
        "tracks": _tracks(call),
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": RATE_HZ},
    }
    yield 0.0, json.dumps({"sequenceNumber": 0, "event": "start", "start": start, "extra_headers": headers})
    leaves_s, number = 0.0, 0
    for number, heard in enumerate(_media(call, _ulaw), 1):
        media = {"track": heard.track, "timestamp": str(heard.at_ms), "chunk": heard.chunk, "payload": heard.payload}
        leaves_s = heard.leaves_s
        yield leaves_s, _packed(sequenceNumber=number, streamId=stream_id, event="media", media=media)
    if not call.line.abrupt:
        yield leaves_s, json.dumps({"sequenceNumber": number + 1, "event": "stop", "stop": {"callId": call.call_id}})


def exotel(call: SimulatedCall) -> Iterator[TimedMessage]:
    """Exotel: the caller alone, linear samples, and "base64" in the place of the encoding.

    Raises `AudioFileError`.
    """
    stream_sid = _name(call)
    yield 0.0, json.dumps({"event": "connected"})
    start = {
        "stream_sid": stream_sid,
        "call_sid": call.call_id,
        "account_sid": "simulated",
        "custom_parameters": dict(call.labels),
        "media_format": {"encoding": "base64", "sample_rate": str(RATE_HZ), "bit_rate": "128kbps"},
    }
    yield (
        0.0,
        json.dumps({"event": "start", "sequence_number": "1", "stream_sid": stream_sid, "start": start}),
    )
    leaves_s, number = 0.0, 1
    for number, heard in enumerate(_media(call, _l16, only="inbound"), 2):
        media = {"chunk": str(heard.chunk), "timestamp": str(heard.at_ms), "payload": heard.payload}
        leaves_s = heard.leaves_s
        yield leaves_s, _packed(event="media", sequence_number=number, stream_sid=stream_sid, media=media)
    if not call.line.abrupt:
        stop = {"call_sid": call.call_id, "account_sid": "simulated", "reason": "callended"}
        yield (
            leaves_s,
            json.dumps({"event": "stop", "sequence_number": number + 1, "stream_sid": stream_sid, "stop": stop}),
        )


def bandwidth(call: SimulatedCall) -> Iterator[TimedMessage]:
    """Bandwidth StartStream: `eventType`, tracks with a format of their own, no clock. Raises `AudioFileError`."""
    pcmu = {"encoding": "audio/PCMU", "sampleRate": RATE_HZ}
    metadata = {
        "accountId": "5500000",
        "callId": call.call_id,
        "streamId": "s-" + _name(call),
        "streamName": "simulated",
        "tracks": [{"name": track, "mediaFormat": pcmu} for track in _tracks(call)],
    }
    parameters: Mapping[str, str] = dict(call.labels)
    yield 0.0, json.dumps({"eventType": "start", "metadata": metadata, "streamParams": parameters})
    leaves_s = 0.0
    # Without a clock a frame that was lost has to be sent as silence, or what follows would come too early.
    for heard in _media(call, _ulaw, silence=True):
        leaves_s = heard.leaves_s
        yield leaves_s, _packed(eventType="media", track=heard.track, payload=heard.payload)
    if not call.line.abrupt:
        yield leaves_s, json.dumps({"eventType": "stop", "metadata": metadata})


def _media(call: SimulatedCall, encode: Encode, *, only: str = "", silence: bool = False) -> Iterator[_Media]:
    """The call's tracks by turns; what the line lost is left out, or sent as `silence`. A packet leaves when spoken."""
    tracks, chunk = _tracks(call), 0
    for packet in packets(call, RATE_HZ):
        leaves_s = (packet.start + packet.n) / RATE_HZ
        for number, track in enumerate(tracks):
            if only and track != only and len(tracks) > 1:
                continue
            samples = packet.heard(number) if silence else packet.channels[number]
            if samples is not None:
                chunk += 1
                payload = base64.b64encode(encode(samples)).decode()
                yield _Media(leaves_s, track, chunk, packet.start * 1000 // RATE_HZ, payload)


def _tracks(call: SimulatedCall) -> list[str]:
    return ["inbound" if role is Role.CUSTOMER else "outbound" for role in call.known_roles()]


def _name(call: SimulatedCall) -> str:
    return hashlib.md5(call.call_id.encode(), usedforsecurity=False).hexdigest()


def _packed(**members: Any) -> str:
    return json.dumps(members, separators=(",", ":"))


def _ulaw(samples: Samples) -> bytes:
    return encode_ulaw(samples).tobytes()


def _alaw(samples: Samples) -> bytes:
    return encode_alaw(samples).tobytes()


def _l16(samples: Samples) -> bytes:
    return samples.astype("<i2").tobytes()
