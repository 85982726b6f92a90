"""The pages' middles as page elements: Vue components that draw from the feed and the API, and what comes back."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from nicegui import ui
from nicegui.events import GenericEventArguments


class Desk(ui.element, component="desk.js"):
    """Gauges, alerts and live calls, drawn in the browser.

    The browser reads `/api/v1/feed` itself: 300 calls as page elements of the server would cost each screen thousands
    of objects here and a message for each of their changes.
    """

    def __init__(self, person: str, may: Sequence[str], *, wall: bool) -> None:
        super().__init__()
        self._props["person"] = person
        self._props["may"] = list(may)
        self._props["wall"] = wall

    def on_deed(self, what: str, handle: Callable[[str], Awaitable[None]]) -> None:
        """Calls `handle` with the alert's or call's id when the person does this: acknowledge, resolve or optout."""

        async def handler(event: GenericEventArguments) -> None:
            arguments: Any = event.args
            if isinstance(arguments, dict) and isinstance(arguments.get("id"), str):
                await handle(arguments["id"])

        self.on(what, handler)


class WorkDesk(ui.element, component="work.js"):
    """What is left to do: tasks, promises, incidents, faults, silences, who is on duty. It uses the API alone."""

    def __init__(self, person: str, may: Sequence[str]) -> None:
        super().__init__()
        self._props["person"] = person
        self._props["may"] = list(may)


class ReviewDesk(ui.element, component="review.js"):
    """Flagged calls to look at, hear and mark. It uses the API alone."""

    def __init__(self, person: str, may: Sequence[str]) -> None:
        super().__init__()
        self._props["person"] = person
        self._props["may"] = list(may)
