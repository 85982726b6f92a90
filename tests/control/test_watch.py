"""Which call a switch's leg belongs to, while calls come, change and go."""

import asyncio
from collections.abc import Mapping

from voicerisk.control.place import LegTemplates
from voicerisk.control.switch import LegGone, LegHeld
from voicerisk.control.watch import INDEX_FOR_S, LiveCall, Watch
from voicerisk.events import CallEnded, Event


def _call(call_id: str, labels: Mapping[str, str], gateway: str = "pbx") -> LiveCall:
    return LiveCall(call_id, gateway, labels)


async def test_a_leg_that_comes_again_belongs_to_the_new_call() -> None:
    """A call that is over hands its legs to the next one of the same id; another gateway's call is not looked at."""
    happened: list[Event] = []
    calls = [_call("c", {"agent_leg": "a"}), _call("x", {"agent_leg": "b"}, "other")]
    watch = Watch("pbx", LegTemplates(), lambda: calls, happened.append, 0.0)
    watch.take(LegHeld(("unknown", "a")))
    watch.take(LegHeld(("b",)))
    calls[0] = _call("c#2", {"agent_leg": "a"})
    await asyncio.sleep(2 * INDEX_FOR_S)
    watch.take(LegHeld(("a",)))
    assert [event.call for event in happened] == ["c", "c#2"]


async def test_labels_that_come_later() -> None:
    """A second stream of the call may tell the leg that the first one did not."""
    happened: list[Event] = []
    calls = [_call("c", {})]
    watch = Watch("pbx", LegTemplates(), lambda: calls, happened.append, 0.0)
    watch.take(LegHeld(("a",)))
    calls[0] = _call("c", {"agent_leg": "a"})
    await asyncio.sleep(2 * INDEX_FOR_S)
    watch.take(LegHeld(("a",)))
    assert [event.call for event in happened] == ["c"]


async def test_whose_hang_up_ends_the_call() -> None:
    """The customer's, or where that is not told the leg that the call is named after; never the agent's."""
    for labels, gone, ends in (
        ({"agent_leg": "a", "customer_leg": "k"}, "k", True),
        ({"agent_leg": "a", "customer_leg": "k"}, "a", False),
        ({"agent_leg": "a", "customer_leg": "k"}, "c", False),
        ({"agent_leg": "a"}, "c", True),
        ({"agent_leg": "c"}, "c", False),
    ):
        happened: list[Event] = []
        calls = [_call("c", labels)]
        watch = Watch("pbx", LegTemplates(), lambda calls=calls: calls, happened.append, 0.0)
        watch.take(LegGone((gone,)))
        watch.take(LegGone((gone,)))
        await asyncio.sleep(0.01)
        assert [type(event) for event in happened] == ([CallEnded] if ends else []), (labels, gone)
