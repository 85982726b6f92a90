"""The L16 family as it sends: one JSON text that says what follows, then 16-bit little-endian samples.

What the line lost is sent as silence: these gateways send what a switch plays, and a switch plays on.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final
from uuid import UUID

import numpy as np

from voicerisk.events import Role
from voicerisk.gateways import fields
from voicerisk.gateways.codec import Samples
from voicerisk.simulate.call import Packet, SimulatedCall, TimedMessage, packets

_FREESWITCH_RATES_HZ: Final = (8000, 16000, 24000, 32000, 48000)
_VONAGE_RATES_HZ: Final = (8000, 16000, 24000)
_SINCH_RATES_HZ: Final = (8000, 16000)
_MERGED_AT_S: Final = 2.0


def l16(call: SimulatedCall) -> Iterator[TimedMessage]:
    """The family's plainest form, which names the channels' roles. Raises `AudioFileError`."""
    rate_hz, roles = call.rate_hz(fields.RATES_HZ), call.known_roles()
    metadata = {
        "callId": call.call_id,
        "sampleRate": rate_hz,
        "mixType": "stereo" if len(roles) == 2 else "mono",
        "channels": [str(role) for role in roles],
        **call.labels,
    }
    yield 0.0, json.dumps(metadata)
    yield from _interleaved(call, rate_hz)


def audio_fork(call: SimulatedCall) -> Iterator[TimedMessage]:
    """FreeSWITCH mod_audio_fork on the customer's channel; now and then one message has two frames.

    Raises `AudioFileError`.
    """
    rate_hz = call.rate_hz(_FREESWITCH_RATES_HZ)
    yield 0.0, json.dumps({"callId": call.call_id, "sampleRate": rate_hz, **_mix(call), **call.labels})
    held = b""
    for leaves_s, message in _interleaved(call, rate_hz):
        if not held and 0.0 <= leaves_s - _MERGED_AT_S < call.packet_s:
            held = message
            continue
        yield leaves_s, held + message
        held = b""
    if held:
        yield _MERGED_AT_S + call.packet_s, held


def audio_stream(call: SimulatedCall) -> Iterator[TimedMessage]:
    """FreeSWITCH mod_audio_stream on the customer's channel. Raises `AudioFileError`."""
    rate_hz = call.rate_hz(_FREESWITCH_RATES_HZ)
    yield 0.0, json.dumps({"callId": call.call_id, "sampleRate": rate_hz, **_mix(call), **call.labels})
    yield from _interleaved(call, rate_hz)


def jambonz(call: SimulatedCall) -> Iterator[TimedMessage]:
    """The `listen` of jambonz nested in `dial`: its call info, then the verb's metadata. Raises `AudioFileError`."""
    rate_hz = call.rate_hz(_FREESWITCH_RATES_HZ)
    sid = _uuid(call)
    info = {
        "sampleRate": rate_hz,
        **_mix(call),
        "callSid": sid,
        "direction": "inbound",
        "from": "anonymous",
        "to": "anonymous",
        "sbcCallid": sid,
        "sipStatus": 200,
        "sipReason": "OK",
        "callStatus": "in-progress",
        "accountSid": sid,
        "traceId": sid.replace("-", ""),
        "applicationSid": sid,
        "fsSipAddress": "127.0.0.1:5060",
    }
    yield 0.0, json.dumps({**info, "callId": call.call_id, **call.labels})
    yield from _interleaved(call, rate_hz)


def vonage(call: SimulatedCall) -> Iterator[TimedMessage]:
    """Vonage: the mix of all parties in one channel, and the endpoint's headers beside its own words.

    Raises `AudioFileError`.
    """
    rate_hz = call.rate_hz(_VONAGE_RATES_HZ)
    content_type = f"audio/l16;rate={rate_hz}"
    first = {"event": "websocket:connected", "content-type": content_type, "callId": call.call_id, **call.labels}
    yield 0.0, json.dumps(first)
    for packet in packets(call, rate_hz):
        mixed = np.sum([packet.heard(channel) for channel in range(len(packet.channels))], axis=0, dtype=np.int32)
        yield _leaves_s(packet, rate_hz), _bytes(np.clip(mixed, -32768, 32767).astype(np.int16))


def sinch(call: SimulatedCall) -> Iterator[TimedMessage]:
    """Sinch connectStream: what the party on the stream's leg says. Raises `AudioFileError`."""
    rate_hz, roles = call.rate_hz(_SINCH_RATES_HZ), call.known_roles()
    first = {"command": "connect", "version": 1, "callId": call.call_id, "codec": "PCM", "sampleRate": rate_hz}
    yield 0.0, json.dumps(first)
    party = roles.index(Role.CUSTOMER) if Role.CUSTOMER in roles else 0
    for packet in packets(call, rate_hz):
        yield _leaves_s(packet, rate_hz), _bytes(packet.heard(party))


def _mix(call: SimulatedCall) -> Mapping[str, Any]:
    """What is told of the channels by a fork that knows its leg, and not who is on it."""
    roles = call.known_roles()
    if len(roles) == 1:
        return {"mixType": "mono", **({} if roles[0] is Role.CUSTOMER else {"role": str(roles[0])})}
    return {"mixType": "stereo", **({"leg": "agent"} if roles[0] is Role.AGENT else {})}


def _interleaved(call: SimulatedCall, rate_hz: int) -> Iterator[tuple[float, bytes]]:
    for packet in packets(call, rate_hz):
        channels = [packet.heard(channel) for channel in range(len(packet.channels))]
        yield _leaves_s(packet, rate_hz), _bytes(np.stack(channels, axis=1))


def _leaves_s(packet: Packet, rate_hz: int) -> float:
    return (packet.start + packet.n) / rate_hz


def _bytes(samples: Samples) -> bytes:
    return samples.astype("<i2").tobytes()


def _uuid(call: SimulatedCall) -> str:
    return str(UUID(bytes=hashlib.md5(call.call_id.encode(), usedforsecurity=False).digest(), version=4))
