"""From a protocol's name to its codec."""

import pytest

from voicerisk.events import Role
from voicerisk.gateways.asterisk import AsteriskCodec
from voicerisk.gateways.audiohook import AudioHookCodec
from voicerisk.gateways.audiosocket import AudioSocketCodec
from voicerisk.gateways.codec import Handshake, StreamStarted
from voicerisk.gateways.l16 import L16Codec
from voicerisk.gateways.routes import PROTOCOLS, codec_maker
from voicerisk.gateways.twilio import TwilioCodec


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_protocol_makes_a_codec_for_each_connection(protocol: str) -> None:
    """Two connections never share a codec, and none has anything to say before its peer."""
    make = codec_maker(protocol)
    one, other = make(Handshake()), make(Handshake())
    assert one is not other
    assert (list(one.tick(0.0)), list(one.messages_to_send())) == ([], [])


@pytest.mark.parametrize(
    ("protocol", "codec"),
    [
        ("twilio", TwilioCodec),
        ("vonage", L16Codec),
        ("freeswitch-audio-fork", L16Codec),
        ("asterisk-websocket", AsteriskCodec),
        ("audiohook", AudioHookCodec),
        ("audiosocket", AudioSocketCodec),
    ],
)
def test_the_protocol_chooses_the_codec(protocol: str, codec: type) -> None:
    """Each protocol is read by its own family's codec."""
    assert type(codec_maker(protocol)(Handshake())) is codec


def test_options_change_what_a_protocol_assumes() -> None:
    """Options from a configuration file override the protocol's defaults and leave the rest."""
    codec = codec_maker("vonage", {"mono_role": "customer"})(Handshake())
    (started,) = codec.receive('{"callId":"C"}')
    assert isinstance(started, StreamStarted)
    assert (started.channels[0].role, started.channels[0].rate_hz) == (Role.CUSTOMER, 16000)


@pytest.mark.parametrize(
    ("protocol", "options", "word"),
    [
        ("morse", {}, "morse"),
        ("twilio", {"track": {}}, "track"),
        ("twilio", {"tracks": {"inbound": "boss"}}, "tracks"),
        ("asterisk-websocket", {"format": "opus"}, "format"),
        ("audiosocket", {"calls": {"x": {"role": "agent"}}}, "call_id"),
        ("audiosocket", {"calls": {"40325EC2": {"call_id": "c", "role": "agent"}}}, "40325EC2"),
        ("l16", {"rate_hz": "fast"}, "rate_hz"),
        ("l16", {"rate_hz": 1}, "rate_hz"),
        ("l16", {"n_channels": 3}, "n_channels"),
        ("l16", {"stereo_roles": ["agent", "agent"]}, "stereo_roles"),
    ],
)
def test_mistakes_are_named(protocol: str, options: dict[str, object], word: str) -> None:
    """An unknown protocol or option is refused with its name."""
    with pytest.raises(ValueError, match=word):
        codec_maker(protocol, options)
