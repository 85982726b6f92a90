"""What nobody has taken."""

from typing import Any

import msgspec

from tests.risk.test_alerts import fresh
from voicerisk.risk import library
from voicerisk.risk.alerts import Alert, AlertState
from voicerisk.risk.unowned import Unowned


def alert(id_: str, since_s: float | None, **changes: Any) -> Alert:
    """An alert that waits since then."""
    return msgspec.structs.replace(fresh(), id=id_, waits_since_s=since_s, **changes)


def test_the_oldest_that_waits_counts_until_somebody_takes_it() -> None:
    """An alert that is quiet waits for nobody, and one about unowned alerts would keep its own cause alive."""
    unowned = Unowned(library.rules(), library.gauges())
    assert unowned.since_s() is None
    unowned.follow(alert("b", 200.0))
    unowned.follow(alert("a", 100.0))
    unowned.follow(alert("quiet", None))
    unowned.follow(alert("nobodys", 50.0, rule="nobodys"))
    assert unowned.since_s() == 100.0
    unowned.follow(alert("a", None, state=AlertState.ACKNOWLEDGED))
    assert unowned.since_s() == 200.0
    unowned.follow(alert("b", None, state=AlertState.RESOLVED))
    assert unowned.since_s() is None
