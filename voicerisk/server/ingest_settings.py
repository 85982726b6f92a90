"""Where gateways connect, which codec waits for them there, and what they must show to be let in."""

from typing import Annotated, Any

import msgspec

from voicerisk.gateways.routes import codec_maker
from voicerisk.server.gateway_auth import GatewayAuth
from voicerisk.server.http_settings import MIN_TOKEN_CHARS, is_loopback
from voicerisk.server.limits import IngestLimits
from voicerisk.server.tls import TlsSettings


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way in for gateways that speak one protocol."""

    path: str
    """Where they connect, e.g. "/twilio"; everything below it belongs to it too ("/twilio/media/<token>")."""

    protocol: str
    """What they speak, one of `voicerisk.gateways.routes.PROTOCOLS`."""

    tokens: tuple[str, ...] = ()
    """Each opens this gateway; shown as a path segment, `Authorization` (Bearer, or the password of Basic), the query's
    `token`, or the start message's own parameter. None means open, which is allowed on the loopback address only."""

    auth: GatewayAuth = GatewayAuth()
    """What else they must show: a signature, a certificate, or a user and password."""

    options: dict[str, Any] = {}
    """The protocol's own options, e.g. which track is the customer's."""

    def __post_init__(self) -> None:
        if not self.path.startswith("/") or len(self.path) < 2 or self.path.endswith("/") or "?" in self.path:
            raise ValueError(f"path {self.path!r} must start with / and name something, as in '/twilio'")
        if any(len(token) < MIN_TOKEN_CHARS for token in self.tokens):
            raise ValueError(f"a token of {self.path} is shorter than {MIN_TOKEN_CHARS} characters and can be guessed")
        if self.protocol == "audiosocket":
            raise ValueError("audiosocket is plain TCP, not a websocket; it has the table [audiosocket] for itself")
        if self.protocol == "rtp":
            raise ValueError("rtp is UDP, not a websocket; it has the table [rtp] for itself")
        codec_maker(self.protocol, self.options)  # raises ValueError that names the protocol or option

    def __repr__(self) -> str:
        """The settings without the secrets, for logs and tracebacks."""
        shown = f"path={self.path!r}, protocol={self.protocol!r}, tokens=<{len(self.tokens)}>, auth={self.auth!r}"
        return f"GatewaySettings({shown})"

    @property
    def is_open(self) -> bool:
        """True if whoever reaches it is let in."""
        return not self.tokens and not self.auth

    @property
    def name(self) -> str:
        """The gateway's name in logs and metrics: its path without the leading slash."""
        return self.path[1:]


_USUAL_GATEWAYS = tuple(
    GatewaySettings(path=path, protocol=protocol)
    for path, protocol in (
        ("/twilio", "twilio"),
        ("/l16", "l16"),
        ("/fork", "freeswitch-audio-fork"),
        ("/stream", "freeswitch-audio-stream"),
        ("/jambonz", "jambonz"),
        ("/vonage", "vonage"),
        ("/asterisk", "asterisk-websocket"),
        ("/audiohook", "audiohook"),
        ("/telnyx", "telnyx"),
        ("/signalwire", "signalwire"),
        ("/plivo", "plivo"),
        ("/exotel", "exotel"),
        ("/bandwidth", "bandwidth"),
        ("/sinch", "sinch"),
    )
)


class IngestSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The websocket ingest. Cannot be made with a gateway that is open to other machines."""

    host: str = "127.0.0.1"
    """Address to listen on; "0.0.0.0" for every IPv4 address of the machine, "::" for every IPv6 address."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8765
    """TCP port; 0 takes a free one."""

    tls: TlsSettings | None = None
    """None speaks plain ws, for a proxy in front that speaks wss."""

    gateways: tuple[GatewaySettings, ...] = _USUAL_GATEWAYS
    """The ways in. Unless they are given: every protocol at its usual path, without a token, so on loopback only."""

    limits: IngestLimits = IngestLimits()
    """What one peer, one token and all together may take."""

    def __post_init__(self) -> None:
        paths = [gateway.path for gateway in self.gateways]
        if twice := sorted({path for path in paths if paths.count(path) > 1}):
            raise ValueError(f"more than one gateway has the path {twice[0]!r}")
        for gateway in self.gateways:
            if gateway.auth.client_certificate is not None and self.tls is None:
                raise ValueError(
                    f"the gateway {gateway.path!r} asks for a client certificate, which needs [ingest.tls]"
                )
        if not is_loopback(self.host):
            for gateway in self.gateways:
                if gateway.is_open:
                    raise ValueError(
                        f"the gateway {gateway.path!r} asks for no token, but host {self.host!r} can be reached from "
                        "other machines; give it tokens, or listen on 127.0.0.1"
                    )
