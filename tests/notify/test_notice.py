"""Tests of voicerisk.notify.notice."""

import msgspec

from tests.notify.made import OWNER, a_delivery, a_notice
from tests.store.made import an_alert
from voicerisk.notify.notice import Notice, last_call, latest_of
from voicerisk.risk.alerts import Alert, HistoryEntry, NotifyReason, acknowledged


def with_step(alert: Alert, **step: object) -> Alert:
    """The alert after one more step."""
    entry = HistoryEntry(**{"at_s": 5.0, "what": NotifyReason.ESCALATED, "notify": True} | step)  # type: ignore[arg-type]
    longer: Alert = msgspec.structs.replace(alert, history=(*alert.history, entry))
    return longer


def test_the_key_is_of_the_happening() -> None:
    """The same happening has the same key for a receiver, whatever became of the alert; any other has another."""
    notice = a_notice()
    later = msgspec.structs.replace(notice, alert=msgspec.structs.replace(notice.alert, count=7))
    assert a_delivery(notice).key == a_delivery(later).key
    others = [
        a_delivery(notice, "mail"),
        a_delivery(notice, target="ph-1"),
        a_delivery(msgspec.structs.replace(notice, what="reopened")),
        a_delivery(msgspec.structs.replace(notice, to=("Maya",))),
        a_delivery(msgspec.structs.replace(notice, at_s=notice.at_s + 1)),
        a_delivery(a_notice("c-2")),
    ]
    assert len({other.key for other in [a_delivery(notice), *others]}) == 7


def test_a_notice_survives_json() -> None:
    """What the outbox holds is read back as it was."""
    notice = a_notice()
    assert msgspec.json.decode(msgspec.json.encode(notice), type=Notice) == notice


def test_the_last_call_names_who_was_told() -> None:
    """The last step at which somebody was told counts, with those it names; one that names nobody is the owner's."""
    alert = an_alert("c-1", 1.0)
    assert last_call(alert) == Notice(alert=alert, what="opened", to=(OWNER,), at_s=1.0)
    escalated = with_step(alert, to=("Maya", "Dan"))
    changed = acknowledged(escalated, "Maya", 9.0, "")
    assert changed is not None
    assert last_call(changed[0]) == Notice(alert=changed[0], what="escalated", to=("Maya", "Dan"), at_s=5.0)
    assert last_call(msgspec.structs.replace(alert, history=())) is None


def test_the_latest_step_is_meant_for_nobody() -> None:
    """Who follows an alert is told of its latest step, rung or not."""
    alert = with_step(an_alert("c-1", 1.0), what=NotifyReason.HELD_BACK, notify=False)
    assert latest_of(alert) == Notice(alert=alert, what="held_back", to=(), at_s=5.0)
