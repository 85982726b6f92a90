"""Where alerts are kept."""

from typing import Any

import msgspec
import pytest

from tests.risk.test_alerts import fresh
from voicerisk.risk.alerts import Alert, AlertState, Hush, UnknownAlertError
from voicerisk.risk.shelf import Shelf


def alert(id_: str, **changes: Any) -> Alert:
    """An alert of a place of its own."""
    return msgspec.structs.replace(fresh(), **({"id": id_, "fingerprint": f"r/{id_}", "rule": "r"} | changes))


def test_an_alert_is_found_by_all_that_it_is_and_no_longer_by_what_it_was() -> None:
    """By id, place, call, rule while it is open, and by what keeps it quiet while that does."""
    shelf = Shelf()
    quiet = alert("a", hushed=Hush.SILENCED, hushed_by="si-1")
    shelf.put(quiet)
    assert shelf.get("a") == shelf.latest("r/a") == quiet
    assert shelf.of_call("c-1") == list(shelf.open_of_rule("r")) == shelf.kept_quiet_by("si-1") == [quiet]
    closed = alert("a", state=AlertState.RESOLVED)
    shelf.put(closed)
    assert shelf.latest("r/a") == closed
    assert list(shelf.open_of_rule("r")) == shelf.kept_quiet_by("si-1") == []
    shelf.drop(closed)
    assert (shelf.alerts(), shelf.latest("r/a"), shelf.of_call("c-1")) == ((), None, [])
    with pytest.raises(UnknownAlertError, match="'a'"):
        shelf.get("a")


def test_quiet_alerts_wake_in_the_order_in_which_they_opened() -> None:
    """Whatever order they came in."""
    shelf = Shelf()
    for id_, opened_at_s in (("z", 1.0), ("b", 3.0), ("a", 3.0), ("m", 2.0)):
        shelf.put(alert(id_, opened_at_s=opened_at_s, hushed=Hush.GROUPED, hushed_by="g"))
    assert [one.id for one in shelf.kept_quiet_by("g")] == ["z", "m", "a", "b"]


def test_a_closed_alert_is_given_up_before_an_open_one() -> None:
    """And of the open ones the oldest."""
    shelf = Shelf()
    for id_ in ("a", "b", "c"):
        shelf.put(alert(id_))
    assert shelf.surplus(3) is None
    assert shelf.surplus(2) == shelf.get("a")
    shelf.put(alert("b", state=AlertState.RESOLVED))
    assert shelf.surplus(2) == shelf.get("b")
