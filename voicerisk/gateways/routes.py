"""Which codec speaks which protocol."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from voicerisk.events import Role
from voicerisk.gateways.codec import Codec, Handshake
from voicerisk.gateways.l16 import L16Codec, L16Options
from voicerisk.gateways.twilio import TwilioCodec, TwilioOptions

CodecMaker = Callable[[Handshake], Codec]

_DEFAULTS: Final[Mapping[str, TwilioOptions | L16Options]] = {
    "twilio": TwilioOptions(),
    "l16": L16Options(),
    "freeswitch-audio-fork": L16Options(),
    "freeswitch-audio-stream": L16Options(),
    "jambonz": L16Options(),
    "vonage": L16Options(rate_hz=16000, mono_role=Role.MIXED),
}

PROTOCOLS: Final = tuple(_DEFAULTS)
"""The names that configuration and recorded sessions use."""


def codec_maker(protocol: str, options: Mapping[str, Any] | None = None) -> CodecMaker:
    """What makes a codec for each connection of `protocol`.

    `options` are fields of `TwilioOptions` or `L16Options` that differ from the protocol's own defaults.
    Raises `ValueError` that names an unknown protocol or the option that is wrong.
    """
    defaults = _DEFAULTS.get(protocol)
    if defaults is None:
        raise ValueError(f"protocol {protocol!r} is not known; one of {', '.join(PROTOCOLS)} is wanted")
    try:
        merged = {**msgspec.structs.asdict(defaults), **(options or {})}
        if isinstance(defaults, TwilioOptions):
            twilio = msgspec.convert(merged, TwilioOptions)
            return lambda handshake: TwilioCodec(handshake, twilio)
        l16 = msgspec.convert(merged, L16Options)
        return lambda handshake: L16Codec(handshake, l16)
    except msgspec.ValidationError as error:
        raise ValueError(f"options of protocol {protocol!r}: {error}") from None
