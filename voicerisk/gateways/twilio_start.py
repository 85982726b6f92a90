"""What the start messages of the Twilio family say, whatever each relative calls it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Literal
from urllib.parse import unquote

import numpy as np

from voicerisk.gateways import fields
from voicerisk.gateways.codec import CodecError, Samples
from voicerisk.media import g711

EncodingName = Literal["ulaw", "alaw", "l16"]
ByteOrder = Literal["big", "little"]
Decode = Callable[[bytes], Samples]

MAX_TRACKS: Final = 4
_MAX_PARAMETERS: Final = 64

_ULAW_NAMES: Final = frozenset({"audio/x-mulaw", "audio/mulaw", "audio/pcmu", "mulaw", "ulaw", "pcmu"})
_ALAW_NAMES: Final = frozenset({"audio/x-alaw", "audio/alaw", "audio/pcma", "alaw", "pcma"})
_L16_NAMES: Final = frozenset(
    {"audio/x-l16", "audio/l16", "l16", "audio/x-raw", "raw", "slin", "linear16", "audio/pcm", "pcm"}
)
_NO_NAMES: Final = frozenset({"", "base64"})  # Exotel gives the packing in the place of the encoding


def read_parameters(message: Mapping[str, Any], start: Mapping[str, Any]) -> Mapping[str, Any]:
    """The site's own parameters: `customParameters`, Bandwidth's `streamParams` or Plivo's `extra_headers`.

    Plivo gives them as text, `name=value;name=value` with percent-encoding, or as JSON.
    """
    given = fields.first_of(start, "customParameters", "custom_parameters", "extra_headers", "extraHeaders")
    if given is None:
        given = fields.first_of(message, "streamParams", "extra_headers", "extraHeaders")
    if not isinstance(given, str):
        return fields.as_mapping(given, "start.customParameters")
    if given.lstrip().startswith("{"):
        return fields.read_object(given, "start.extra_headers")
    separator = ";" if ";" in given else ","
    pairs = (pair.partition("=") for pair in given.split(separator, _MAX_PARAMETERS)[:_MAX_PARAMETERS])
    return {name.strip(): unquote(value.strip()) for name, found, value in pairs if found}


def read_tracks(listed: Any, default: tuple[str, ...]) -> tuple[str, ...]:
    """The tracks' names without `_track`; Bandwidth lists objects with a `name`."""
    if listed is None:
        return default
    if not isinstance(listed, list) or not 0 < len(listed) <= MAX_TRACKS:
        raise CodecError(f"start.tracks: a list of 1 to {MAX_TRACKS} names is wanted")
    given = [track.get("name") if isinstance(track, dict) else track for track in listed]
    names = tuple(fields.as_id(name, "start.tracks").removesuffix("_track") for name in given)
    if len(set(names)) < len(names):
        raise CodecError("start.tracks: a track is named twice")
    return names


def read_format(start: Mapping[str, Any], default: EncodingName, byte_order: ByteOrder) -> tuple[Decode, int]:
    """How payloads are decoded, and their rate in Hz."""
    media_format = fields.first_of(start, "mediaFormat", "media_format")
    if media_format is None:
        media_format = _format_of_tracks(start.get("tracks"))
    media_format = fields.as_mapping(media_format, "start.mediaFormat")
    encoding = fields.as_text(media_format.get("encoding", ""), "start.mediaFormat.encoding", 64)
    rate = fields.first_of(media_format, "sampleRate", "sample_rate")
    rate_hz = fields.as_rate(8000 if rate is None else rate, "start.mediaFormat.sampleRate")
    if str(media_format.get("channels", 1)) != "1":
        raise CodecError("start.mediaFormat.channels: each track has one channel")
    return _decoder(_encoding(encoding, default), byte_order), rate_hz


def _format_of_tracks(listed: Any) -> Any:
    """Bandwidth gives each track a format of its own; they have to be the same, for the tracks share a clock."""
    tracks: Sequence[Any] = listed if isinstance(listed, list) else []
    formats = [track.get("mediaFormat") for track in tracks if isinstance(track, dict)]
    if any(other != formats[0] for other in formats):
        raise CodecError("start.tracks: two tracks have different formats")
    return formats[0] if formats else None


def _encoding(name: str, default: EncodingName) -> EncodingName:
    plain = name.split(";")[0].strip().lower()
    if plain in _NO_NAMES:
        return default
    if plain in _ULAW_NAMES:
        return "ulaw"
    if plain in _ALAW_NAMES:
        return "alaw"
    if plain in _L16_NAMES:
        return "l16"
    raise CodecError("start.mediaFormat.encoding: not one of mu-law, A-law or L16")


def _decoder(encoding: EncodingName, byte_order: ByteOrder) -> Decode:
    if encoding == "l16":
        return _decode_l16_big if byte_order == "big" else _decode_l16_little
    return g711.decode_ulaw if encoding == "ulaw" else g711.decode_alaw


def _decode_l16_big(payload: bytes) -> Samples:
    if len(payload) % 2:
        raise CodecError("media.payload: an odd number of bytes of 16-bit audio")
    return np.frombuffer(payload, ">i2").astype(np.int16)


def _decode_l16_little(payload: bytes) -> Samples:
    if len(payload) % 2:
        raise CodecError("media.payload: an odd number of bytes of 16-bit audio")
    return np.frombuffer(payload, "<i2").astype(np.int16, copy=False)
