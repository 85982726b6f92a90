"""What people may ask of the running service; the runtime does it, the HTTP side and the console only ask."""

from collections.abc import Sequence
from typing import Protocol

from voicerisk.server.views import AlertView


class UnknownAlertError(LookupError):
    """There is no alert of that id."""


class WrongStateError(ValueError):
    """The alert cannot do that now (it is resolved already, say); the text says in which state it is."""


class Commands(Protocol):
    """The runtime as the HTTP side knows it. Both methods save before they answer, and tell the board."""

    async def acknowledge(self, alert_id: str, person: str, note: str) -> AlertView:
        """The alert, now `person`'s. Raises `UnknownAlertError` or `WrongStateError`."""

    async def resolve(self, alert_id: str, person: str, note: str) -> AlertView:
        """The alert, closed by `person`. Raises `UnknownAlertError` or `WrongStateError`."""

    def not_ready(self) -> Sequence[str]:
        """Why new calls should go elsewhere, one plain sentence each (model not loaded, draining); empty when ready."""
