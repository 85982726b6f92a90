"""What an alert is about."""

import pytest

from voicerisk.risk.gauges import GaugeKey
from voicerisk.risk.place import Place, place_of


@pytest.mark.parametrize(
    ("key", "label"),
    [
        (GaugeKey.QUEUE, "queue"),
        (GaugeKey.CUSTOMER, "customer"),
        (GaugeKey.INCIDENT, "incident"),
        (GaugeKey.REASON, "reason"),
        (GaugeKey.HOUR, "label.hour"),
    ],
)
def test_the_place_of_a_needle_knows_its_key_as_a_label(key: GaugeKey, label: str) -> None:
    """So that a rule over it may ask for its name."""
    place = place_of(key, "x")
    assert (place.key, place.name, place.label(label)) == (key, "x", "x")


def test_what_is_not_known_is_no_label() -> None:
    """The site has none, and a call only what was said of it."""
    assert place_of(GaugeKey.SITE, "site").label("queue") is None
    call = Place(key=GaugeKey.CALL, name="c-1", call="c-1", labels={"vip": "yes"})
    assert (call.label("call"), call.label("label.vip"), call.label("label.tier")) == ("c-1", "yes", None)
