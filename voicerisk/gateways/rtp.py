"""RTP: one party's audio in datagrams, as Asterisk's externalMedia and the forks of session border controllers send it.

Written against RFC 3550 (packets), RFC 3551 (payload types 0, 8, 10, 11 and 13) and RFC 4733 (keys). Every message is
one datagram. The wire says nothing about the call, so that is registered beforehand, and it says nothing at its end:
the stream ends when its port is released or has been silent for long.

Anybody can send to a UDP port, so nothing that comes is an error: what is no RTP, or not of this stream, is `Ignored`.
A sender is heard after two packets in a row (`FIRST_PACKETS`). One with another SSRC or other sequence numbers takes
over after five (`NEXT_PACKETS`) between which the first one was silent, so two that speak at once do not mix. Every
piece of audio has its position by timestamp; the call's clock puts late ones in their place and waits for them.

Asterisk gives its own `slin` the payload types 10 and 11 at 8 kHz, and numbers of its choice to other rates, so the
rate is what was registered, and L16 has the first of those numbers that comes, unless one was registered.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec
import numpy as np

from voicerisk.events import Role
from voicerisk.gateways import fields
from voicerisk.gateways.bytestream import ALAW, ASTERISK_FORMATS, L16_BIG, ULAW, Encoding
from voicerisk.gateways.codec import (
    Audio,
    Channel,
    CodecError,
    Dtmf,
    GatewayEvent,
    Handshake,
    Ignored,
    Message,
    StreamEnded,
    StreamStarted,
)
from voicerisk.gateways.registered_call import RegisteredCall
from voicerisk.gateways.rtp_packet import NotRtpError, RtpPacket, parse
from voicerisk.gateways.rtp_source import RtpSource, sequence_step

_PayloadType = Annotated[int, msgspec.Meta(ge=0, le=127)]

FIRST_PACKETS: Final = 2
NEXT_PACKETS: Final = 5
MAX_SILENCE_S: Final = 10.0
"""Silence that a sender may leave out at once and that still counts as heard; more of it counts as missing."""

_SILENCE_CREDIT: Final = 10  # samples of silence that one received sample earns: packets must not stand for hours
_COMFORT_NOISE: Final = frozenset({13, 19})  # 19 was once reserved for it, and Asterisk takes it
_G711: Final[Mapping[int, Encoding]] = {0: ULAW, 8: ALAW}
_L16_TYPES: Final = frozenset({10, 11, *range(35, 64), *range(96, 128)})
_DIGITS: Final = "0123456789*#ABCD"


class RtpOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to come in."""

    format: str = "ulaw"
    """Asterisk's name: ulaw or alaw (both are taken, each packet says which), slin, slin16 ... for L16 at its rate."""
    payload_type: _PayloadType | None = None
    """The number of the format; None takes 0 and 8 for G.711, and for L16 the first dynamic one that comes."""
    dtmf_payload_type: _PayloadType = 101
    """The number of telephone-event, in which keys come."""
    role: Role = Role.UNKNOWN
    """Whose voice it is where nothing was registered; it is scored only if that is customer or mixed."""
    max_message_bytes: int = 16_384
    """Longest datagram taken."""

    def __post_init__(self) -> None:
        if self.format not in ASTERISK_FORMATS:
            raise ValueError(f"format: {self.format!r} is not one of {', '.join(ASTERISK_FORMATS)}")
        if self.payload_type is not None and self.payload_type in (*_COMFORT_NOISE, self.dtmf_payload_type):
            raise ValueError(f"payload_type: {self.payload_type} means comfort noise or keys")


class RtpCodec:
    """One party's RTP; see `codec.Codec` for what each method promises.

    `former_ssrc` is the sender that a call before had on the same port: it may not know yet that its call is over.
    """

    def __init__(
        self,
        handshake: Handshake,
        options: RtpOptions | None = None,
        call: RegisteredCall | None = None,
        *,
        stream_id: str | None = None,
        former_ssrc: int | None = None,
    ) -> None:
        self._query = handshake.query  # what a recording knows; on the wire there is none
        self._options = options or RtpOptions()
        self._call = call
        self._stream_id = stream_id or fields.own_id(handshake, "rtp")
        self._former_ssrc = former_ssrc
        encoding, self._rate_hz = ASTERISK_FORMATS[self._options.format]
        self._is_l16 = encoding not in _G711.values()
        self._encodings = self._known_encodings(encoding)
        self._source: RtpSource | None = None
        self._waiting: list[RtpPacket] = []  # of a sender that may become the source
        self._end_position = 0
        self._credit = self._max_credit = round(MAX_SILENCE_S * self._rate_hz)
        self._key_at: int | None = None
        self._n_received_before = self._n_lost_before = 0
        self.ignored: Counter[str] = Counter()
        """How many datagrams were left aside, by why."""
        self.ended = False

    @property
    def subprotocol(self) -> str | None:
        """None: there is no websocket."""
        return None

    @property
    def tick_s(self) -> float | None:
        """None: nothing happens by the clock."""
        return None

    @property
    def started(self) -> bool:
        """Whether a sender has been heard."""
        return self._source is not None

    @property
    def ssrc(self) -> int | None:
        """The sender that is heard now."""
        return None if self._source is None else self._source.ssrc

    @property
    def n_received(self) -> int:
        """Packets of the senders that were heard, so far."""
        return self._n_received_before + (0 if self._source is None else self._source.n_received)

    @property
    def n_lost(self) -> int:
        """Packets that were sent and never came."""
        return self._n_lost_before + (0 if self._source is None else self._source.n_lost)

    def receive(self, message: Message) -> Sequence[GatewayEvent]:
        """What the datagram means, in order. Raises `CodecError` for text only: datagrams are bytes."""
        if isinstance(message, str):
            raise CodecError("message: bytes are wanted")
        if self.ended:
            return self._ignore("packet after the end")
        if len(message) > self._options.max_message_bytes:
            return self._ignore("too long")
        try:
            packet = parse(message)
        except NotRtpError as error:
            return self._ignore(str(error))
        if packet.ssrc == self._former_ssrc:
            return self._ignore("sender of the call before")
        if not self._is_known(packet.payload_type):
            return self._ignore("payload type that was not registered")
        if self._source is not None and self._source.owns(packet):
            self._forget_waiting()
            return self._take(self._source, packet)
        return self._wait(packet)

    def receive_end(self, *, clean: bool) -> Sequence[GatewayEvent]:
        """`StreamEnded`, once."""
        if self.ended:
            return ()
        self.ended = True
        self._waiting.clear()
        return (StreamEnded("released" if clean else "no more packets", clean=clean),)

    def tick(self, now_s: float) -> Sequence[GatewayEvent]:
        """Nothing."""
        return ()

    def drain(self) -> None:
        """Nothing: RTP has no word for it."""

    def messages_to_send(self) -> Sequence[Message]:
        """Nothing."""
        return ()

    def _known_encodings(self, encoding: Encoding) -> dict[int, Encoding]:
        number = self._options.payload_type
        g711 = dict(_G711) if self._rate_hz == 8000 else {}
        if number is not None:
            return g711 | {number: L16_BIG if self._is_l16 else encoding}
        return g711

    def _is_known(self, payload_type: int) -> bool:
        if payload_type in self._encodings or payload_type in _COMFORT_NOISE:
            return True
        if payload_type == self._options.dtmf_payload_type:
            return True
        return self._may_be_l16(payload_type)

    def _may_be_l16(self, payload_type: int) -> bool:
        is_open = self._is_l16 and L16_BIG not in self._encodings.values()
        return is_open and payload_type in _L16_TYPES and payload_type != self._options.dtmf_payload_type

    def _ignore(self, what: str) -> Sequence[GatewayEvent]:
        self.ignored[what] += 1
        return (Ignored(what),)

    def _wait(self, packet: RtpPacket) -> Sequence[GatewayEvent]:
        """A packet of a sender that is not heard (yet)."""
        if self._waiting:
            last = self._waiting[-1]
            if packet.ssrc != last.ssrc or not 0 < sequence_step(packet.sequence, last.sequence) <= NEXT_PACKETS:
                self._forget_waiting()
        self._waiting.append(packet)
        if len(self._waiting) < (FIRST_PACKETS if self._source is None else NEXT_PACKETS):
            return (Ignored("packet of a new sender, kept"),)
        packets, self._waiting = self._waiting, []
        events: list[GatewayEvent] = []
        if self._source is None:
            events.append(self._start())
        else:
            self._n_received_before += self._source.n_received
            self._n_lost_before += self._source.n_lost
        source = self._source = RtpSource(packets[0], self._end_position)
        self._key_at = None
        for each in packets:
            events.extend(self._take(source, each))
        return events

    def _forget_waiting(self) -> None:
        if self._waiting:
            self.ignored["sender that is not heard"] += len(self._waiting)
            self._waiting.clear()

    def _start(self) -> StreamStarted:
        call = self._call
        if call is None:
            call_id, role = self._query.get("callId"), self._query.get("role")
            call = RegisteredCall(
                call_id=self._stream_id if call_id is None else fields.as_id(call_id, "callId"),
                role=self._options.role if role is None else fields.as_role(role, "role"),
            )
        channels = (Channel(call.role, self._rate_hz),)
        return StreamStarted(
            call_id=call.call_id,
            stream_id=self._stream_id,
            channels=channels,
            labels=call.labels,
            caller=call.caller,
        )

    def _take(self, source: RtpSource, packet: RtpPacket) -> Sequence[GatewayEvent]:
        step = source.take(packet)
        if step is None:
            return self._ignore("came twice")
        if packet.payload_type == self._options.dtmf_payload_type:
            return self._key(packet)
        newest = step > 0
        position = source.position(packet, newest=newest)
        silence = self._silence_before(position) if step == 1 else None
        before = () if silence is None else (silence,)
        if packet.payload_type in _COMFORT_NOISE:
            return (*before, Ignored("comfort noise"))
        samples = self._decode(packet)
        if not len(samples):
            return (*before, *self._ignore("no audio"))
        if newest:
            self._end_position = position + len(samples)
        self._credit = min(self._max_credit, self._credit + _SILENCE_CREDIT * len(samples))
        return (*before, Audio(0, samples, position))

    def _decode(self, packet: RtpPacket) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
        encoding = self._encodings.get(packet.payload_type)
        if encoding is None:
            encoding = self._encodings[packet.payload_type] = L16_BIG
        whole = len(packet.payload) - len(packet.payload) % encoding.n_bytes
        return encoding.decode(packet.payload[:whole])

    def _silence_before(self, position: int) -> Audio | None:
        """What the sender left out between two packets in a row: silence, and not loss."""
        n_silent = min(position - self._end_position, self._credit)
        if n_silent <= self._rate_hz // 100:  # less is a clock that was put right
            return None
        silence = Audio(0, np.zeros(n_silent, np.int16), self._end_position)
        self._credit -= n_silent
        self._end_position += n_silent
        return silence

    def _key(self, packet: RtpPacket) -> Sequence[GatewayEvent]:
        """A key once, at the first of its packets that comes: they all have the timestamp of its start."""
        if len(packet.payload) < 4 or packet.payload[0] >= len(_DIGITS):
            return self._ignore("dtmf with an unknown digit")
        if packet.timestamp == self._key_at:
            return (Ignored("dtmf goes on"),)
        self._key_at = packet.timestamp
        return (Dtmf(_DIGITS[packet.payload[0]], 0),)
