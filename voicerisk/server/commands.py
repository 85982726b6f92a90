"""What people may ask of the running service; the runtime does it, the HTTP side and the console only ask."""

from collections.abc import Sequence
from typing import Protocol

from voicerisk.risk.actions import Action
from voicerisk.risk.alerts import Alert
from voicerisk.risk.deeds import Deed


class Commands(Protocol):
    """The runtime as the HTTP side knows it. A changed alert is saved and the board told before the answer."""

    async def acknowledge(self, alert_id: str, person: str, note: str) -> Alert:
        """The alert, now `person`'s. Raises `UnknownAlertError` or `AlertStateError`."""

    async def resolve(self, alert_id: str, person: str, note: str) -> Alert:
        """The alert, closed by `person`. Raises `UnknownAlertError` or `AlertStateError`."""

    async def do(self, deed: Deed) -> Sequence[Action]:
        """What followed from the deed, saved and shown: assigned, noted, silenced, a step of a procedure, a task ...

        Raises `LookupError` where there is nothing of that id, `ValueError` where it is not in a state for that.
        """

    async def opt_out(self, call_id: str, person: str) -> bool:
        """Stops the scoring of a live call at once, and logs who asked for it; False if there is no such live call."""

    def not_ready(self) -> Sequence[str]:
        """Why new calls should go elsewhere, one plain sentence each (model not loaded, draining); empty when ready."""
