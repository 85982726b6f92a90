"""What a rule asks."""

import pytest

from tests.plays.play import window
from voicerisk.events import Zone
from voicerisk.risk.config import CALL_TENSION
from voicerisk.risk.gauges import LevelGauge
from voicerisk.risk.rules import ZoneIs, gauges_in, holds


@pytest.mark.parametrize(
    ("asked", "stands", "true"),
    [
        (Zone.RED, Zone.RED, True),
        (Zone.RED, Zone.AMBER, False),
        (Zone.AMBER, Zone.RED, True),
        (Zone.AMBER, Zone.AMBER, True),
        (Zone.AMBER, Zone.GREEN, False),
    ],
)
def test_a_zone_or_worse(asked: Zone, stands: Zone, true: bool) -> None:
    """A rule on amber holds in red as well; one on red does not hold in amber."""
    gauge = LevelGauge("call_tension", CALL_TENSION)
    gauge.step(window("c-1", 1.0, stands), None)
    assert holds(ZoneIs(gauge="call_tension", zone=asked), lambda name: gauge.reading) is true


def test_a_gauge_that_has_shown_nothing_makes_nothing_true() -> None:
    """No reading, no alert."""
    assert not holds(ZoneIs(gauge="call_tension"), lambda name: None)
    assert gauges_in(ZoneIs(gauge="call_tension")) == {"call_tension"}
