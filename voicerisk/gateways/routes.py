"""Which codec speaks which protocol."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from voicerisk.events import Role
from voicerisk.gateways.asterisk import AsteriskCodec, AsteriskOptions
from voicerisk.gateways.audiohook import AudioHookCodec, AudioHookOptions
from voicerisk.gateways.audiosocket import AudioSocketCodec, AudioSocketOptions
from voicerisk.gateways.codec import Codec, Handshake
from voicerisk.gateways.l16 import L16Codec, L16Options
from voicerisk.gateways.registered_call import FindCall
from voicerisk.gateways.rtp import RtpCodec, RtpOptions
from voicerisk.gateways.twilio import TwilioCodec, TwilioOptions

CodecMaker = Callable[[Handshake], Codec]

Options = TwilioOptions | L16Options | AsteriskOptions | AudioHookOptions | AudioSocketOptions | RtpOptions

_DEFAULTS: Final[Mapping[str, Options]] = {
    "twilio": TwilioOptions(),
    "telnyx": TwilioOptions(),
    "signalwire": TwilioOptions(l16_byte_order="little"),
    "plivo": TwilioOptions(l16_byte_order="little"),
    "exotel": TwilioOptions(encoding="l16", l16_byte_order="little"),
    "bandwidth": TwilioOptions(),
    "l16": L16Options(),
    "freeswitch-audio-fork": L16Options(),
    "freeswitch-audio-stream": L16Options(),
    "jambonz": L16Options(),
    "sinch": L16Options(rate_hz=16000),
    "vonage": L16Options(rate_hz=16000, mono_role=Role.MIXED),
    "asterisk-websocket": AsteriskOptions(),
    "audiohook": AudioHookOptions(),
    "audiosocket": AudioSocketOptions(),
    "rtp": RtpOptions(),
}

PROTOCOLS: Final = tuple(_DEFAULTS)
"""The names that configuration and recorded sessions use."""


def codec_maker(
    protocol: str, options: Mapping[str, Any] | None = None, *, find_call: FindCall | None = None
) -> CodecMaker:
    """What makes a codec for each connection of `protocol`.

    `options` are those fields of the codec's own options (`TwilioOptions`, `L16Options` ...) that differ from the
    protocol's defaults. `find_call` knows the calls that were registered for AudioSocket.
    Raises `ValueError` that names an unknown protocol or the option that is wrong.
    """
    defaults = _DEFAULTS.get(protocol)
    if defaults is None:
        raise ValueError(f"protocol {protocol!r} is not known; one of {', '.join(PROTOCOLS)} is wanted")
    try:
        chosen = msgspec.convert({**msgspec.structs.asdict(defaults), **(options or {})}, type(defaults))
    except msgspec.ValidationError as error:
        raise ValueError(f"options of protocol {protocol!r}: {error}") from None
    return lambda handshake: _make(handshake, chosen, find_call)


def _make(handshake: Handshake, options: Options, find_call: FindCall | None) -> Codec:
    match options:
        case TwilioOptions():
            return TwilioCodec(handshake, options)
        case L16Options():
            return L16Codec(handshake, options)
        case AsteriskOptions():
            return AsteriskCodec(handshake, options)
        case AudioHookOptions():
            return AudioHookCodec(handshake, options)
        case AudioSocketOptions():
            return AudioSocketCodec(handshake, options, find_call)
        case RtpOptions():
            return RtpCodec(handshake, options)
