"""Messages as the Twilio family sends them, for the tests."""

import base64
import json
from collections.abc import Sequence
from typing import Any

from voicerisk.gateways.codec import Audio, GatewayEvent, Handshake
from voicerisk.gateways.twilio import TwilioCodec, TwilioOptions


def make_codec(**options: Any) -> TwilioCodec:
    """A codec with these options."""
    return TwilioCodec(Handshake(), TwilioOptions(**options))


def start_message(parameters: dict[str, Any] | None = None, **changes: Any) -> str:
    """A start message; None leaves a field of it out."""
    start: dict[str, Any] = {
        "accountSid": "AC0",
        "callSid": "CA1",
        "tracks": ["inbound", "outbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
    }
    if parameters is not None:
        start["customParameters"] = parameters
    start.update(changes)
    start = {name: value for name, value in start.items() if value is not None}
    return json.dumps({"event": "start", "sequenceNumber": "1", "streamSid": "MZ1", "start": start})


def media_message(payload: bytes, timestamp: Any = "0", track: Any = "inbound") -> str:
    """A media message."""
    media = {"track": track, "chunk": "1", "timestamp": timestamp, "payload": base64.b64encode(payload).decode()}
    return json.dumps({"event": "media", "sequenceNumber": "2", "streamSid": "MZ1", "media": media})


def audio_of(events: Sequence[GatewayEvent]) -> list[Audio]:
    """The audio among the events."""
    return [event for event in events if isinstance(event, Audio)]
