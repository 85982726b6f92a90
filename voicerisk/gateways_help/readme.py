"""The README beside a gateway's recorded sessions: how such a switch is pointed here. `python -m` writes them anew."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from voicerisk.config import Config
from voicerisk.gateways_help.render import render
from voicerisk.gateways_help.ways import WARNING, ways_in
from voicerisk.server.audiosocket_settings import AudioSocketSettings
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings

_FOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "asterisk": ("asterisk-websocket", "audiosocket", "rtp"),
    "audiohook": ("audiohook",),
    "freeswitch": ("freeswitch-audio-fork", "freeswitch-audio-stream"),
    "twilio": ("twilio",),
    "vonage": ("vonage",),
}


def readmes() -> Mapping[str, str]:
    """Each folder's README in Markdown, for the usual paths and gateways that ask for a token."""
    # No secret: it is what the placeholders of the texts stand for.
    usual = [(gateway.path, gateway.protocol) for gateway in IngestSettings().gateways]
    gateways = tuple(GatewaySettings(path=path, protocol=name, tokens=("<TOKEN>" * 3,)) for path, name in usual)
    config = Config(ingest=IngestSettings(gateways=gateways), audiosocket=AudioSocketSettings(enabled=True))
    ways = {way.protocol: way for way in ways_in(config)}
    texts = {}
    for folder, protocols in _FOLDERS.items():
        parts = [
            f"# {folder}\n\nThe recorded sessions here are described in [the folder above](../README.md).\n\n{WARNING}"
        ]
        for protocol in protocols:
            parts.append(
                f"## {protocol}\n\n`voicerisk gateways --protocol {protocol}` prints this with your own addresses."
            )
            parts.append(f"```\n{render(ways[protocol], config).strip()}\n```")
        texts[folder] = "\n\n".join(parts) + "\n"
    return texts


if __name__ == "__main__":
    for name, text in readmes().items():
        (Path(sys.argv[1]) / name / "README.md").write_text(text, encoding="utf-8")
