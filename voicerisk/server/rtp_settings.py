"""The `[rtp]` table: where RTP is received, and what its senders may take."""

from typing import Annotated

import msgspec

from voicerisk.server.http_settings import is_loopback

_Seconds = Annotated[float, msgspec.Meta(gt=0)]
_Count = Annotated[int, msgspec.Meta(ge=1)]
_Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class RtpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """UDP ports for RTP. None is open until it is asked for (`POST /api/v1/rtp`), each for one party of a call."""

    enabled: bool = True
    """Whether ports may be asked for."""

    host: str = "127.0.0.1"
    """Address to receive on; "0.0.0.0" for every IPv4 address of the machine."""

    any_source: bool = False
    """Whether a port that other machines can reach may be asked for without the address of its sender; then whoever
    comes first is heard."""

    public_host: str = ""
    """What senders are told in its place, where they reach this machine under another name."""

    first_port: _Port = 20000
    """The first of the ports that are given out; 0 takes any free one."""

    last_port: _Port = 21999
    """The last of them. Only even ones are used, as RTP has it."""

    max_ports: _Count = 500
    """Ports open at the same time; with more, a request for one is answered 503."""

    start_within_s: _Seconds = 60.0
    """From the request to the first packets; then the port is given back."""

    inactivity_s: _Seconds = 60.0
    """Longest time without a packet of the sender that is heard: RTP has no word for the end."""

    packets_per_s: Annotated[float, msgspec.Meta(ge=50)] = 500.0
    """Packets taken on one port in the long run, ten times those of a call; the ones above are left aside."""

    packets_burst: _Count = 2000
    """How many may come at once: what a network or a switch held up for half a minute."""

    def __post_init__(self) -> None:
        if self.first_port and not 1024 <= self.first_port <= self.last_port:
            raise ValueError("first_port: 1024 to last_port is wanted, or 0 for any free one")

    @property
    def needs_source(self) -> bool:
        """Whether a request for a port has to say who will send."""
        return not self.any_source and not is_loopback(self.host)

    @property
    def shown_host(self) -> str:
        """Where senders are told to send to."""
        return self.public_host or self.host
