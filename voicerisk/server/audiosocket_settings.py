"""The `[audiosocket]` table: where Asterisk's AudioSocket connects, and what it may take."""

from typing import Annotated

import msgspec

from voicerisk.events import Role
from voicerisk.gateways.audiosocket import AudioSocketOptions
from voicerisk.server.http_settings import is_loopback

_Seconds = Annotated[float, msgspec.Meta(gt=0)]
_Count = Annotated[int, msgspec.Meta(ge=1)]


class AudioSocketSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The TCP port for AudioSocket. The protocol has no proof but the UUID, so its door opens only on request."""

    enabled: bool = False
    """Whether it is listened for at all."""

    host: str = "127.0.0.1"
    """Address to listen on; anything but this machine alone needs `registered_only`."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 9092
    """TCP port; 0 takes a free one."""

    registered_only: bool = False
    """Take only UUIDs that were registered before (`POST /api/v1/calls/registrations`); others are hung up on."""

    role: Role = Role.UNKNOWN
    """Whose voice a socket carries that nobody registered; it is scored only if that is customer or mixed."""

    max_connections: _Count = 200
    """Sockets at the same time. Above that one that has not sent its UUID makes room, or the new one is refused."""

    connections_per_s: Annotated[float, msgspec.Meta(gt=0)] = 100.0
    """New connections per second in the long run; the ones above are refused."""

    connections_burst: _Count = 200
    """How many new connections may come at once after a quiet time."""

    start_within_s: _Seconds = 5.0
    """From the connection to its UUID. Audio may take longer: Asterisk sends none while nobody speaks."""

    inactivity_s: _Seconds = 3600.0
    """Longest time without a frame. Long, because a close may end a customer's call that is merely on hold; a peer that
    is gone is noticed by `unanswered_s`."""

    unanswered_s: _Seconds = 30.0
    """How long the silence that we send may stay unacknowledged (TCP) before the connection counts as broken."""

    max_registrations: _Count = 10_000
    """UUIDs registered and not expired; with more, a registration is refused."""

    registered_for_s: _Seconds = 3600.0
    """How long a registration holds; it is asked for when the socket connects."""

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and not self.registered_only:
            raise ValueError(
                f"audiosocket.host {self.host!r} can be reached from other machines, and AudioSocket has no password; "
                "set registered_only = true, or listen on 127.0.0.1"
            )

    @property
    def options(self) -> AudioSocketOptions:
        """What its codec is told."""
        return AudioSocketOptions(role=self.role, registered_only=self.registered_only)
