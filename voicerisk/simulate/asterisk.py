"""Asterisk as it sends one party of a call: chan_websocket, AudioSocket, or RTP of externalMedia.

Each is the channel of a snoop, which fills silence, so what the line lost is sent as silence; RTP alone leaves it out.
"""

import json
import random
import struct
from collections.abc import Iterator, Mapping
from typing import Final
from uuid import UUID

from voicerisk.gateways.bytestream import SLIN_RATES_HZ
from voicerisk.media.g711 import encode_ulaw
from voicerisk.scoring.contract import RATE_HZ
from voicerisk.simulate.call import SimulatedCall, TimedMessage, packets
from voicerisk.simulate.line import delayed

_FRAME: Final = struct.Struct(">BH")
_RTP_HEADER: Final = struct.Struct(">BBHII")
_UUID, _FIRST_AUDIO = 0x01, 0x10
_PCMU: Final = 0


def websocket(call: SimulatedCall, party: int) -> Iterator[TimedMessage]:
    """chan_websocket with JSON control: MEDIA_START, whose variables say who it is, then mu-law; no word at the end.

    `party` is the number of the file's channel. Raises `AudioFileError`.
    """
    role = call.known_roles()[party]
    variables: Mapping[str, str] = {
        "CALL": call.call_id,
        "ROLE": str(role),
        **{name.upper(): value for name, value in call.labels.items()},
        "MEDIA_WEBSOCKET_CONNECTION_ID": "voicerisk",
        "MEDIA_WEBSOCKET_OPTIMAL_FRAME_SIZE": "160",
    }
    start = {
        "event": "MEDIA_START",
        "connection_id": "voicerisk",
        "channel": f"WebSocket/voicerisk/0x7f{_number(call, party):010x}",
        "channel_id": f"{call.call_id}.{party}",
        "format": "ulaw",
        "optimal_frame_size": 160,
        "ptime": 20,
        "channel_variables": variables,
    }
    yield 0.0, json.dumps(start)
    for packet in packets(call, RATE_HZ):
        yield (packet.start + packet.n) / RATE_HZ, encode_ulaw(packet.heard(party)).tobytes()


def audiosocket(call: SimulatedCall, party: int, uuid: str) -> Iterator[TimedMessage]:
    """AudioSocket: the UUID, then linear frames at the file's rate; the end of the connection is the end.

    Raises `AudioFileError`.
    """
    rate_hz = call.rate_hz(SLIN_RATES_HZ)
    kind = _FIRST_AUDIO + SLIN_RATES_HZ.index(rate_hz)
    yield 0.0, _frame(_UUID, UUID(uuid).bytes)
    for packet in packets(call, rate_hz):
        audio = packet.heard(party).astype("<i2").tobytes()
        yield (packet.start + packet.n) / rate_hz, _frame(kind, audio)


def rtp(call: SimulatedCall, party: int) -> Iterator[TimedMessage]:
    """RTP of externalMedia in mu-law: numbers that begin anywhere, packets that are lost, late, and overtake.

    Raises `AudioFileError`.
    """
    luck = random.Random(_number(call, party))
    sequence, timestamp, ssrc = luck.randrange(1 << 16), luck.randrange(1 << 32), luck.randrange(1 << 32)

    def sent() -> Iterator[TimedMessage]:
        for number, packet in enumerate(packets(call, RATE_HZ)):
            samples = packet.channels[party]
            if samples is None:
                continue
            header = _RTP_HEADER.pack(
                2 << 6,
                _PCMU | (0x80 if number == 0 else 0),
                (sequence + number) & 0xFFFF,
                (timestamp + packet.start) & 0xFFFF_FFFF,
                ssrc,
            )
            yield (packet.start + packet.n) / RATE_HZ, header + encode_ulaw(samples).tobytes()

    yield from delayed(sent(), call.line, call.length_s, f"{call.call_id} {party}", overtake=True)


def _frame(kind: int, payload: bytes) -> bytes:
    return _FRAME.pack(kind, len(payload)) + payload


def _number(call: SimulatedCall, party: int) -> int:
    """A number of this party's own, the same each time."""
    return random.Random(f"{call.call_id} {party}").randrange(1 << 40)
