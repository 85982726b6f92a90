"""Which alerts are one matter."""

from typing import Any

import msgspec
import pytest

from tests.risk.shipped import TENSE_CALL
from tests.risk.test_alerts import fresh
from voicerisk.risk.alerts import Alert, AlertState, Hush
from voicerisk.risk.gauges import GaugeKey
from voicerisk.risk.groups import MAX_GROUPS, Groups, group_of, leads
from voicerisk.risk.place import Place
from voicerisk.risk.rules import GroupBy, Severity

PLACE = Place(key=GaugeKey.CALL, name="c-1", call="c-1", queue="billing")


def alert(id_: str, **changes: Any) -> Alert:
    """An alert of the queue's group that rang at second 100."""
    fields = {"id": id_, "group": "queue:billing", "rang_at_s": 100.0, "waits_since_s": 100.0} | changes
    return msgspec.structs.replace(fresh(), **fields)


@pytest.mark.parametrize(
    ("by", "group"),
    [
        (None, None),
        (GroupBy.RULE, "rule:tense_call"),
        (GroupBy.SITE, "site"),
        (GroupBy.CALL, "call:c-1"),
        (GroupBy.QUEUE, "queue:billing"),
        (GroupBy.CUSTOMER, None),
    ],
)
def test_a_group_is_what_alerts_share(by: GroupBy | None, group: str | None) -> None:
    """Where a place has nothing of the kind, the alert is for itself."""
    assert group_of("tense_call", msgspec.structs.replace(TENSE_CALL, group_by=by), PLACE) == group


def test_who_rings_or_is_in_hand_speaks_for_the_group() -> None:
    """A quiet alert and a closed one do not."""
    assert leads(alert("a"))
    assert leads(alert("a", state=AlertState.ACKNOWLEDGED))
    assert not leads(alert("a", hushed=Hush.GROUPED, hushed_by="b"))
    assert not leads(alert("a", state=AlertState.RESOLVED))


def test_a_speaker_covers_the_others_of_its_severity_or_less_until_it_is_closed() -> None:
    """And for a while after; never itself, another group, or what is more severe."""
    groups = Groups()
    groups.follow(alert("a", severity=Severity.WARNING))
    assert groups.leader(alert("b", severity=Severity.INFO)) == "a"
    assert groups.leader(alert("b", severity=Severity.CRITICAL)) is None
    assert groups.leader(alert("a", severity=Severity.WARNING)) is None
    assert groups.leader(alert("b", severity=Severity.INFO, group="queue:tech")) is None
    groups.follow(alert("a", severity=Severity.WARNING, state=AlertState.RESOLVED))
    assert groups.leader(alert("b", severity=Severity.INFO)) is None
    assert groups.quiet_until_s(alert("b", severity=Severity.INFO), 300.0) == 400.0
    assert groups.quiet_until_s(alert("b", severity=Severity.CRITICAL), 300.0) == 0.0


def test_a_snapshot_knows_when_each_group_rang() -> None:
    """Also of those whose alerts are gone."""
    groups = Groups()
    groups.follow(alert("a"))
    groups.follow(alert("a", state=AlertState.RESOLVED))
    restored = Groups()
    restored.restore(groups.snapshot())
    assert restored.quiet_until_s(alert("b"), 300.0) == 400.0


def test_there_is_an_end_to_the_groups_remembered() -> None:
    """Those for which nobody speaks any more go first."""
    groups = Groups()
    groups.follow(alert("kept", group="g-0"))
    for n in range(1, MAX_GROUPS + 50):
        groups.follow(alert("a", group=f"g-{n}"))
        groups.follow(alert("a", group=f"g-{n}", state=AlertState.RESOLVED))
    assert len(groups.snapshot()) == MAX_GROUPS
    assert groups.leader(alert("b", group="g-0")) == "kept"
