"""The HTTP side's settings: where it listens, who may come in, how often screens are told."""

import ipaddress
from typing import Annotated, Final

import msgspec

MIN_TOKEN_CHARS: Final = 16
"""A shorter token can be guessed over the network."""


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[http]` table of the configuration."""

    host: str = "127.0.0.1"
    """Address to listen on. Anything but this machine alone needs a `token`."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8080
    """TCP port; 0 takes a free one."""

    token: str = ""
    """What people and programs show to come in: `Authorization: Bearer ...`, or the password of the sign-in page.
    Empty lets everybody on this machine in (people still give their name)."""

    default_person: str = ""
    """Name under which somebody on this machine is signed in without being asked, while there is no token: for demos
    and a developer's desk. Empty asks first, since every listen is logged with the name."""

    allowed_hosts: tuple[str, ...] = ()
    """Names, besides those of this machine, under which it may be reached while there is no token."""

    allowed_origins: tuple[str, ...] = ()
    """Web pages, e.g. "https://desk.example", that may call this API from a browser, besides our own."""

    sign_in_hours: Annotated[float, msgspec.Meta(gt=0)] = 12.0
    """How long a person stays signed in: a shift."""

    updates_per_s: Annotated[float, msgspec.Meta(gt=0, le=10)] = 2.5
    """How often the feed tells what moved in live calls. Alerts never wait for this."""

    max_connections: Annotated[int, msgspec.Meta(ge=1)] = 1000
    """HTTP and websocket connections in all; the next one is answered 503."""

    max_listeners_per_call: Annotated[int, msgspec.Meta(ge=1)] = 8
    """People who may listen to one call at a time."""

    def __post_init__(self) -> None:
        """Refuses an open door to the network, and a token that can be guessed."""
        if self.token and len(self.token) < MIN_TOKEN_CHARS:
            raise ValueError(f"http.token is too short; use at least {MIN_TOKEN_CHARS} random characters")
        if self.token and self.default_person:
            raise ValueError("http.default_person is for a service without http.token; take one of them away")
        if not self.token and not is_loopback(self.host):
            raise ValueError(
                f"http.host {self.host!r} can be reached from the network, so http.token must be set "
                f"(at least {MIN_TOKEN_CHARS} random characters); or listen on 127.0.0.1"
            )


def is_loopback(host: str) -> bool:
    """True if only this machine can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
