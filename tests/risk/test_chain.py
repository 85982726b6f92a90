"""When an alert rings again."""

from typing import Any

import msgspec

from tests.risk.shipped import TENSE_CALL
from tests.risk.test_alerts import fresh
from voicerisk.risk.alerts import Alert, AlertState
from voicerisk.risk.chain import next_link_s, next_ring_s, told_so_far
from voicerisk.risk.rules import Escalation

CHAIN = (Escalation(after_s=20.0, to="next"), Escalation(after_s=60.0, to="boss"))
RULE = msgspec.structs.replace(TENSE_CALL, escalate=CHAIN, repeat_s=45.0, notify=("slack",))


def ringing(**changes: Any) -> Alert:
    """An alert that waits since second 100, when it rang."""
    return msgspec.structs.replace(fresh(), **({"waits_since_s": 100.0, "rang_at_s": 100.0} | changes))


def test_each_link_counts_from_when_the_alert_began_to_wait() -> None:
    """Not from the link before; after the last there is none, and none where nobody is waited for."""
    assert [next_link_s(ringing(level=level), RULE) for level in (0, 1, 2)] == [120.0, 160.0, None]
    assert next_link_s(ringing(waits_since_s=None), RULE) is None


def test_the_next_ring_is_a_link_or_a_reminder_whichever_comes_first() -> None:
    """A reminder counts from the last ring; an alert in hand does not ring again."""
    assert next_ring_s(ringing(), RULE) == 120.0
    assert next_ring_s(ringing(level=1, rang_at_s=110.0), RULE) == 155.0
    assert next_ring_s(ringing(), TENSE_CALL) is None
    assert next_ring_s(ringing(state=AlertState.ACKNOWLEDGED), RULE) is None


def test_a_reminder_reaches_all_who_were_told() -> None:
    """The owner, or whoever was asked to take it, those beside them, and the chain so far."""
    assert told_so_far(ringing(), RULE) == ("floor supervisor", "slack")
    assert told_so_far(ringing(level=1, assigned_to="dana"), RULE) == ("dana", "slack", "next")
    assert told_so_far(ringing(level=1), None) == ("floor supervisor",)
