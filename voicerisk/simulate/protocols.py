"""The protocols that can be played, under the names that configuration has for them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Literal

import msgspec

from voicerisk.simulate import asterisk, audiohook, l16, twilio
from voicerisk.simulate.call import MessageSource, SimulatedCall, TimedMessage

PartySource = Callable[[SimulatedCall, int], Iterator[TimedMessage]]
"""The messages of one party's connection; the number is that of the file's channel."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """How a gateway reaches the server, and what it sends."""

    about: str
    """The gateway and what is peculiar about it, in a few words."""
    transport: Literal["websocket", "tcp", "udp"] = "websocket"
    path: str = ""
    """Where a websocket usually goes."""
    source: MessageSource | None = None
    """The messages of a call that has one connection."""
    party_source: PartySource | None = None
    """The messages of a call that has a connection for each party."""
    subprotocols: tuple[str, ...] = ()
    overtakes: bool = False
    """Whether messages may overtake each other; then the source itself sends them late."""
    packet_s: float = 0.02
    """Length of a packet, unless another is asked for."""


SOURCES: Final[Mapping[str, MessageSource]] = {
    "twilio": twilio.twilio,
    "signalwire": twilio.twilio,
    "telnyx": twilio.telnyx,
    "plivo": twilio.plivo,
    "exotel": twilio.exotel,
    "bandwidth": twilio.bandwidth,
    "l16": l16.l16,
    "freeswitch-audio-fork": l16.audio_fork,
    "freeswitch-audio-stream": l16.audio_stream,
    "jambonz": l16.jambonz,
    "vonage": l16.vonage,
    "sinch": l16.sinch,
}
"""Those that send a whole call on one connection and want no answer."""

WAYS: Final[Mapping[str, Way]] = {
    "twilio": Way(path="/twilio", source=twilio.twilio, about="Media Streams, both tracks, mu-law in JSON"),
    "signalwire": Way(path="/signalwire", source=twilio.twilio, about="the same words as Twilio"),
    "telnyx": Way(
        path="/telnyx", source=twilio.telnyx, overtakes=True, about="snake_case, A-law; with --jitter frames overtake"
    ),
    "plivo": Way(path="/plivo", source=twilio.plivo, about="extra headers, numbers as numbers"),
    "exotel": Way(
        path="/exotel",
        source=twilio.exotel,
        packet_s=twilio.EXOTEL_PACKET_S,
        about="the caller alone, linear, 100 ms a message",
    ),
    "bandwidth": Way(path="/bandwidth", source=twilio.bandwidth, about="StartStream, no clock"),
    "audiohook": Way(
        path="/audiohook",
        packet_s=audiohook.PACKET_S,
        about="Genesys Cloud: open, pings, close, each answer checked as strictly as Genesys does",
    ),
    "freeswitch-audio-fork": Way(
        path="/fork",
        source=l16.audio_fork,
        subprotocols=("audio.drachtio.org",),
        about="mod_audio_fork, stereo L16, two frames in one message",
    ),
    "freeswitch-audio-stream": Way(path="/stream", source=l16.audio_stream, about="mod_audio_stream, stereo L16"),
    "jambonz": Way(
        path="/jambonz", source=l16.jambonz, subprotocols=("audio.jambonz.org",), about="`listen`, its call info first"
    ),
    "vonage": Way(path="/vonage", source=l16.vonage, about="the mix of all parties in one channel"),
    "sinch": Way(path="/sinch", source=l16.sinch, about="connectStream, one party"),
    "l16": Way(path="/l16", source=l16.l16, about="the plain form: JSON with roles, then samples"),
    "asterisk-websocket": Way(
        path="/asterisk",
        party_source=asterisk.websocket,
        subprotocols=("media",),
        about="chan_websocket, a socket for each party",
    ),
    "audiosocket": Way(transport="tcp", about="Asterisk's AudioSocket, registered by the API; audiosocket.enabled"),
    "rtp": Way(
        transport="udp", about="RTP in mu-law, a port for each party, asked for by the API; --rate 0 is real time"
    ),
}

ALIASES: Final[Mapping[str, str]] = {
    "audio-fork": "freeswitch-audio-fork",
    "audio-stream": "freeswitch-audio-stream",
    "asterisk": "asterisk-websocket",
}
"""Shorter names for some of them."""
