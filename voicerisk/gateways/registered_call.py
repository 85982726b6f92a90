"""What was made known about a party's audio before it comes, for protocols that say nothing about the call."""

from collections.abc import Callable, Mapping

import msgspec

from voicerisk.events import Role


class RegisteredCall(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose voice will be heard, and in which call."""

    call_id: str
    """The call; both parties' streams name the same."""
    role: Role
    """Whose voice the stream carries."""
    labels: Mapping[str, str] = {}
    """Facts worth keeping: queue, agent ..."""
    caller: str | None = None
    """The customer's telephone number, for the server to make a name of."""


FindCall = Callable[[str], RegisteredCall | None]
"""What is registered under a UUID, written in lower case with hyphens; None if nothing is."""
