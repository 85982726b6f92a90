"""What a switch needs so that supervisors can listen, whisper and barge on it: the text to paste."""

import re
from collections.abc import Mapping
from importlib import resources
from typing import Final

from voicerisk.config import Config
from voicerisk.gateways_help.ways import WayIn

_PLACE: Final = re.compile(r"\{\{(\w+)\}\}")
_USUAL: Final[Mapping[str, str]] = {
    "asterisk-websocket": "ari",
    "audiosocket": "ari",
    "rtp": "ari",
    "freeswitch-audio-fork": "esl",
    "freeswitch-audio-stream": "esl",
    "twilio": "twilio",
    "signalwire": "twilio",
    "telnyx": "telnyx",
    "vonage": "vonage",
    "jambonz": "jambonz",
    "audiohook": "genesys",
}
"""The adapter for a protocol's own switch; any other is reached by the webhook."""


def control_kind(way: WayIn, config: Config) -> str:
    """The adapter that is configured for the gateway, or else the one that fits its protocol."""
    configured = config.control.gateways.get(gateway_name(way))
    return str(configured.__struct_config__.tag) if configured is not None else _USUAL.get(way.protocol, "webhook")


def control_text(way: WayIn, config: Config) -> str:
    """What to set up on the switch and here. Secrets and telephone numbers stand as placeholders."""
    kind, name = control_kind(way, config), gateway_name(way)
    settings = config.control.gateways.get(name)
    template = resources.files(__package__).joinpath("templates", f"control-{kind}.txt").read_text(encoding="utf-8")
    values = {
        "gateway": name if name.replace("-", "").replace("_", "").isalnum() else f'"{name}"',
        "context": getattr(settings, "context", "voicerisk-spy"),
        "app": getattr(settings, "app", "voicerisk-control"),
    }
    return _PLACE.sub(lambda place: values[place[1]], template)


def gateway_name(way: WayIn) -> str:
    """The name under which the gateway stands in [control]."""
    return way.gateway.name if way.gateway is not None else way.protocol
