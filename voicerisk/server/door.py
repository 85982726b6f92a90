"""Where customers get their names: every number and every name that comes in is asked here which customer it is."""

import asyncio
import re
from collections.abc import Callable
from functools import partial
from typing import Final

import msgspec

from voicerisk import clock
from voicerisk.aliases import MAX_ALIASES, Aliases
from voicerisk.customers import CustomerKey, is_withheld, name_customer
from voicerisk.events import CrmEvent, Event
from voicerisk.events.data import CUSTOMER_PATTERN
from voicerisk.risk.desk import Desk
from voicerisk.risk.engine import Engine
from voicerisk.store.same_customer import read_same, write_same
from voicerisk.store.store import Store

SAME: Final = "customer.same"
"""Subtype of a CRM event: `fields.other` is another name or number of its customer."""

_NAME: Final = re.compile(CUSTOMER_PATTERN)


class Door:
    """Names customers, before the engine hears of them. Used from one event loop.

    Of two names of one customer the one counts that something is known of already: what was counted under it goes on.
    """

    def __init__(
        self, keys: tuple[CustomerKey, ...], region: str | None, store: Store, is_known: Callable[[str], bool]
    ) -> None:
        self._keys = keys
        self._region = region
        self._store = store
        self._is_known = is_known
        self._aliases = Aliases()
        self._saves: set[asyncio.Task[bool]] = set()

    async def load(self) -> None:
        """Takes up which names are one customer's. Raises `StoreError`."""
        self._aliases = Aliases(await self._store.read(partial(read_same, limit=MAX_ALIASES)))

    def name_of(self, told: str) -> str | None:
        """The customer that this number, CRM id or name belongs to; None for a number that was withheld.

        A number whose older key's name is known as somebody is that customer.
        """
        if _NAME.match(told):
            return self._aliases.of(told)
        if is_withheld(told):
            return None
        names = name_customer(told, self._keys, self._region)
        for other in names.others:
            if self._aliases.of(other) != self._aliases.of(names.name):
                self._later(self._join(names.name, other))
        return self._aliases.of(names.name)

    def admit(self, event: Event) -> tuple[Event, asyncio.Task[bool] | None]:
        """The event with the customer's name that counts; and where it joined two names, the saving of that."""
        saving = None
        if isinstance(event, CrmEvent) and event.data.subtype == SAME and event.customer is not None:
            saving = self._later(self._join(event.customer, str(event.data.fields["other"])))
        if event.customer is not None:
            event = msgspec.structs.replace(event, customer=self._aliases.of(event.customer))
        return event, saving

    async def close(self) -> None:
        """Returns once everything was handed to the store."""
        while self._saves:
            await asyncio.wait(self._saves)

    def _join(self, name: str, other: str) -> list[tuple[str, str]]:
        """Joins the two; what is to be written down, also where they were joined before: that may not have been."""
        kept, joined = self._aliases.of(name), self._aliases.of(other)
        if self._is_known(joined) and not self._is_known(kept):
            kept, joined = joined, kept
        self._aliases.join(kept, joined)
        return [(one, kept) for one in dict.fromkeys((joined, name, other)) if one != kept]

    def _later(self, links: list[tuple[str, str]]) -> asyncio.Task[bool]:
        task = asyncio.get_running_loop().create_task(self._save(links))
        self._saves.add(task)
        task.add_done_callback(self._saves.discard)
        return task

    async def _save(self, links: list[tuple[str, str]]) -> bool:
        now = clock.now_s()
        saves = (
            self._store.save(("same_customer", other), partial(write_same, other=other, customer=kept, since_s=now))
            for other, kept in links
        )
        return all(await asyncio.gather(*saves))


def known_to(engine: Engine, gauges: tuple[str, ...]) -> Callable[[str], bool]:
    """Says of a name whether the engine remembers anything of that customer; `gauges` are those kept per customer."""
    desk: Desk = engine.desk

    def is_known(name: str) -> bool:
        facts = desk.customer(name)
        return bool(
            facts.feedback or facts.alerts or desk.promises(name) or desk.incidents(name) or desk.tasks_of(name)
        ) or any(engine.reading(gauge, name, engine.now_s) is not None for gauge in gauges)

    return is_known
