"""The ways in of a configuration: where each is, what it asks for, and what its addresses look like from outside."""

from collections.abc import Sequence
from typing import Final

import msgspec

from voicerisk.config import Config
from voicerisk.server.http_settings import is_loopback
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings

WARNING: Final = (
    "Let a copy of the audio come here (a fork, a snoop, a media bug), never the call itself: "
    "a call that runs through us would end with us."
)
HOST: Final = "<YOUR-HOST>"
_PROOFS: Final = {
    "twilio_signature": "Twilio's signature",
    "plivo_signature": "Plivo's signature",
    "audiohook_signature": "AudioHook's signature",
    "client_certificate": "a client certificate",
    "basic": "user and password",
}
_WITHOUT_LOGIN: Final = frozenset(
    {"twilio", "signalwire", "telnyx", "plivo", "exotel", "bandwidth", "sinch", "vonage", "audiohook"}
)


class WayIn(msgspec.Struct, frozen=True, kw_only=True):
    """One way in. No secret is in here: where one belongs stands a placeholder."""

    protocol: str
    path: str
    """Empty for plain TCP and UDP."""
    address: str
    """Where it listens, without any proof."""
    near_url: str
    """What a switch on the same network is told."""
    far_url: str
    """What a platform elsewhere is told; it goes through whatever stands in front of us."""
    asks_for: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    passing_on: str = ""
    """What has to stand in front, where `far_url` is used."""
    gateway: GatewaySettings | None = None
    """None for AudioSocket and RTP."""
    is_on: bool = True
    """Whether the configuration lets anybody in here."""


def ways_in(config: Config) -> Sequence[WayIn]:
    """Every way in of the configuration, and AudioSocket and RTP also where they are off."""
    websockets = (_websocket(config.ingest, gateway) for gateway in config.ingest.gateways)
    return [*websockets, _audiosocket(config), _rtp(config)]


def shown_host(host: str) -> str:
    """The host as another machine would have to name it."""
    if host in ("0.0.0.0", "::", ""):
        return HOST
    return f"[{host}]" if ":" in host else host


def _websocket(ingest: IngestSettings, gateway: GatewaySettings) -> WayIn:
    scheme = "wss" if ingest.tls else "ws"
    base = f"{scheme}://{shown_host(ingest.host)}:{ingest.port}"
    token = "/<TOKEN>" if gateway.tokens else ""
    signature = gateway.auth.twilio_signature or gateway.auth.plivo_signature
    notes = []
    if signature is not None:
        far = signature.public_url.rstrip("/")
        notes.append(f"The platform has to call exactly {far}{gateway.path}...: its signature covers the address.")
    elif ingest.tls and not is_loopback(ingest.host):
        far = base
    else:
        far = f"wss://{HOST}"
    if gateway.auth.basic and gateway.protocol in _WITHOUT_LOGIN:
        notes.append("This platform cannot show a user and password; give this gateway tokens or a signature instead.")
    if gateway.auth.client_certificate is not None:
        notes.append("It has to reach this port itself: a proxy that ends TLS would keep its certificate from us.")
    if gateway.is_open:
        notes.append("It asks for nothing, so only this machine can reach it; add tokens before others may.")
    return WayIn(
        protocol=gateway.protocol,
        path=gateway.path,
        address=base + gateway.path,
        near_url=f"{base}{gateway.path}{token}",
        far_url=f"{far}{gateway.path}{token}",
        asks_for=(*(["token"] if gateway.tokens else []), *(_PROOFS[kind] for kind in gateway.auth.kinds)),
        notes=tuple(notes),
        passing_on=f"{far} has to reach {base}: let a proxy with a certificate pass it on." if far != base else "",
        gateway=gateway,
    )


def _audiosocket(config: Config) -> WayIn:
    settings = config.audiosocket
    address = f"{shown_host(settings.host)}:{settings.port}"
    notes = () if settings.enabled else ("It is off: set enabled = true in the table [audiosocket].",)
    return WayIn(
        protocol="audiosocket",
        path="",
        address=f"tcp://{address}",
        near_url=address,
        far_url=address,
        asks_for=("registered UUID",) if settings.registered_only else (),
        notes=notes,
        is_on=settings.enabled,
    )


def _rtp(config: Config) -> WayIn:
    settings = config.rtp
    host = settings.public_host or shown_host(settings.host)
    notes = () if settings.enabled else ("It is off: set enabled = true in the table [rtp].",)
    return WayIn(
        protocol="rtp",
        path="",
        address=f"udp://{host}:{settings.first_port}-{settings.last_port}" if settings.first_port else f"udp://{host}",
        near_url=f"{host}:<PORT>",
        far_url=f"{host}:<PORT>",
        asks_for=("port given out by the API",),
        notes=notes,
        is_on=settings.enabled,
    )
