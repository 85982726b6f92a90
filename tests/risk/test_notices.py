"""The order in which it is asked whether an alert rings."""

import msgspec

from tests.risk.shipped import TENSE_CALL
from tests.risk.test_alerts import fresh
from voicerisk.risk.alerts import Alert, AlertState, Hush
from voicerisk.risk.desk.outages import Outage
from voicerisk.risk.groups import Groups
from voicerisk.risk.notices import Notices, Quiet
from voicerisk.risk.rules import GroupBy
from voicerisk.risk.shelf import Shelf
from voicerisk.risk.silences import Matcher, Silences


def alert(id_: str, rule: str, **changes: object) -> Alert:
    """An alert of billing and of its group."""
    fields = {"id": id_, "rule": rule, "queue": "billing", "group": "queue:billing"} | changes
    return msgspec.structs.replace(fresh(), **fields)


def test_the_first_that_says_no_is_named() -> None:
    """A silence, then the known fault, then the alert that explains it, then its group, and then it rings."""
    symptom = msgspec.structs.replace(TENSE_CALL, inhibited_by=("outage", "cause"), group_by=GroupBy.QUEUE)
    shelf, silences, groups = Shelf(), Silences(), Groups()
    outages = {"billing": Outage(id="out-1", since_s=1.0, queue="billing", incident="INC-7")}
    notices = Notices({"symptom": symptom, "cause": TENSE_CALL}, shelf, silences, groups, outages.get)
    leader = alert("leader", "symptom", rang_at_s=10.0, waits_since_s=10.0)
    cause = alert("cause", "cause", call_id=None)
    groups.follow(leader)
    shelf.put(cause)
    silence = silences.make((Matcher(label="rule", values=("symptom",)),), 100.0, "dana", "x", 20.0)
    one = alert("one", "symptom")
    assert notices.quiet(one, 20.0) == Quiet(Hush.SILENCED, silence.id)
    assert notices.quiet(one, 100.0) == Quiet(Hush.OUTAGE, "out-1", "INC-7")
    outages.clear()
    assert notices.quiet(one, 100.0) == Quiet(Hush.INHIBITED, "cause")
    shelf.drop(cause)
    assert notices.quiet(one, 100.0) == Quiet(Hush.GROUPED, "leader")
    groups.follow(msgspec.structs.replace(leader, group="queue:billing", state=AlertState.RESOLVED))
    assert notices.quiet(one, 309.9) == Quiet(Hush.GROUPED, "queue:billing")
    assert notices.quiet(one, 310.0) is None


def test_what_has_rung_is_not_grouped_away() -> None:
    """The speaker of a group goes on to ring for it, whoever else does."""
    rule = msgspec.structs.replace(TENSE_CALL, group_by=GroupBy.QUEUE)
    groups = Groups()
    notices = Notices({"symptom": rule}, Shelf(), Silences(), groups, lambda queue: None)
    for id_ in ("a", "b"):
        groups.follow(alert(id_, "symptom", rang_at_s=10.0, waits_since_s=10.0))
    assert notices.quiet(alert("a", "symptom", rang_at_s=10.0, waits_since_s=10.0), 20.0) is None
