"""The HTTP side's settings: where it listens, who may come in, how often screens are told."""

import ipaddress
import os
from typing import Annotated, Final

import msgspec

from voicerisk.server.access import AccessRole
from voicerisk.server.tls import TlsSettings

MIN_TOKEN_CHARS: Final = 16
"""A shorter token can be guessed over the network."""


class TokenSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[http.tokens.<name>]`: a program's way in."""

    role: AccessRole
    """What it may do: gateway, crm, watcher, supervisor, qa or admin."""

    token_env: str = ""
    """The environment variable that holds the token. Better than `token`: a configuration gets copied."""

    token: str = ""
    """The token itself."""

    def secret(self) -> str:
        """The token. Raises ValueError where there is none, or a short one."""
        token = os.environ.get(self.token_env, "") if self.token_env else self.token
        if len(token) < MIN_TOKEN_CHARS:
            where = f"the environment variable {self.token_env}" if self.token_env else "token"
            raise ValueError(f"{where} must hold at least {MIN_TOKEN_CHARS} random characters")
        return token


class HttpSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The `[http]` table of the configuration."""

    host: str = "127.0.0.1"
    """Address to listen on. Anything but this machine alone needs a `token`."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8080
    """TCP port; 0 takes a free one."""

    tls: TlsSettings | None = None
    """None speaks plain HTTP, for this machine alone or for a proxy in front that speaks https."""

    token: str = ""
    """What opens everything: `Authorization: Bearer ...`, or the password of the sign-in page. Programs get tokens of
    their own in `tokens`, people passwords of their own by `voicerisk people add`. Empty lets everybody on this machine
    in (people still give their name)."""

    default_person: str = ""
    """Name under which somebody on this machine is signed in without being asked, while there is no token: for demos
    and a developer's desk. Empty asks first, since every listen is logged with the name."""

    tokens: dict[str, TokenSettings] = {}
    """Tokens of programs, each by its name, with the role that says what it may do."""

    requests_per_s: Annotated[float, msgspec.Meta(gt=0)] = 100.0
    """Requests that one token or person may make in the long run; the ones above are answered 429."""

    requests_burst: Annotated[int, msgspec.Meta(ge=1)] = 400
    """How many may come at once after a quiet time: a page of the console takes some dozens."""

    events_per_s: Annotated[float, msgspec.Meta(gt=0)] = 1000.0
    """Events that one token or person may tell in the long run: a hundred times what a large centre has. A request with
    the ones above is answered 429 and changes nothing."""

    events_burst: Annotated[int, msgspec.Meta(ge=1000)] = 20_000
    """How many may come at once after a quiet time, as when a program has gathered them while it could not reach us."""

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
        for name, token in self.tokens.items():
            try:
                token.secret()
            except ValueError as error:
                raise ValueError(f"http.tokens.{name}: {error}") from None
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
