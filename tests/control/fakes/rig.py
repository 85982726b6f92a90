"""What the tests of every adapter share: a fake switch with a call on it, and the adapter in front of it."""

from collections.abc import Set
from typing import Protocol

from tests.control.fakes.web import Trouble
from voicerisk.control.place import Legs, Place
from voicerisk.control.switch import Switch

KEY = "0c1f0b5e-7d57-4b41-9d4e-0d5a0f7c1a11"
PHONE = "+4915550100123"
SECRET = "hunter2-but-long-enough"


class Fake(Protocol):
    """A switch as its vendor describes it, as far as supervisors go."""

    trouble: Trouble | None

    def heard_by(self) -> Set[str]:
        """Who hears the supervisor now, of "agent" and "customer"."""

    def is_on(self) -> bool:
        """Whether the supervisor has a leg on the switch."""

    def has_agent(self) -> bool:
        """Whether the agent is still on the call."""


class Rig:
    """An adapter, the fake behind it, and the place of the call."""

    def __init__(self, name: str, switch: Switch, fake: Fake, legs: Legs, endpoint: str) -> None:
        self.name = name
        self.switch = switch
        self.fake = fake
        self.place = Place(key=KEY, call_id="c-1", supervisor="Dana Levi", endpoint=endpoint, legs=legs)
