"""Rules over needles of different keys."""

from typing import Any

from tests.plays.play import Play, alert, between, hears_of, started
from voicerisk.events import (
    AgentsReady,
    CallQueued,
    CallStarted,
    CallTransferred,
    Crm,
    CrmEvent,
    Crossing,
    Moved,
    Ready,
    TensionZone,
    Zone,
)
from voicerisk.risk.alerts import NotifyReason
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.rules import RuleConfig
from voicerisk.risk.watch import watched_values

OPENED = NotifyReason.OPENED
ANNA = "h:00000000000000aa"


def one(when: str, **changes: Any) -> Play:
    """The shipped gauges, and one rule of this condition."""
    rule = RuleConfig(title={"en": "x"}, when=when, owner="dana", resolve_green_s=10.0, **changes)
    return Play(RiskConfig(rules={"r": rule}, procedures={}))


def waits(call: str, queue: str = "billing") -> Any:
    """A caller waits."""
    return hears_of(CallQueued, call=call, queue=queue)


def test_a_call_joins_with_its_queue_and_its_customer() -> None:
    """Tense, in a queue where somebody waits too long or of a customer who calls again: that call, and no other."""
    play = one("call_tension >= amber and (wait_s >= red or calls_today.value >= 2)")
    play.at(0.0).push(hears_of(CallStarted, call="c-0", customer=ANNA))
    for n, (queue, customer) in enumerate((("billing", None), ("tech", None), ("tech", ANNA)), start=1):
        play.at(1.0).push(hears_of(CallStarted, call=f"c-{n}", queue=queue, customer=customer))
        play.at(10.0).hears(Zone.AMBER, 40.0, call=f"c-{n}")
    play.at(2.0).push(waits("w-1"))
    play.want(between(10.0, 10.5), alert(OPENED, "c-3", "r"))
    play.want(between(32.0, 32.0), alert(OPENED, "c-1", "r"))
    play.run(45.0)
    reasons = {reason.text for reason in play.engine.alerts()[-1].reasons}
    assert "wait_s at 30 s, in the red zone" in reasons


def test_a_call_that_moves_is_judged_where_it_is_now() -> None:
    """Red in sales is nobody's; moved to billing it is; a label of the CRM's takes it out again."""
    play = one("call_tension >= red and queue == 'billing' and not label.staff == 'true'")
    play.at(0.0).push(started("c-1", "sales"))
    play.at(1.0).hears(Zone.RED, 60.0)
    play.at(20.0).push(waits("c-1"))
    play.at(30.0).push(hears_of(CrmEvent, call="c-1", data=Crm(subtype="facts", fields={"staff": True})))
    play.want(between(20.0, 20.0), alert(OPENED, "c-1", "r"))
    play.want(between(40.0, 40.5), alert(NotifyReason.CALMED_DOWN, "c-1", "r"))
    play.run(55.0)


def test_needles_of_the_site_join_with_every_queue() -> None:
    """A rule over a queue's gauge and the site's holds in each queue for which both are true."""
    play = one("wait_s >= amber and tense_calls.value >= 1")
    crossing = Crossing(at_s=9.0, level=0.9, zone=Zone.RED, previous=Zone.AMBER)
    play.at(0.0).push(waits("w-1", "billing"), waits("w-2", "tech"))
    play.at(10.0).push(waits("w-3", "sales"))
    play.at(25.0).push(hears_of(TensionZone, call="c-1", data=crossing))
    play.want(between(25.0, 25.0), alert(OPENED, "billing", "r"))
    play.want(between(25.0, 25.0), alert(OPENED, "tech", "r"))
    play.want(between(30.0, 30.5), alert(OPENED, "sales", "r"))
    play.run(35.0)


def test_a_value_is_watched_where_no_zone_is_crossed() -> None:
    """A rule on the number itself comes true between the zones, by an event or by time alone."""
    play = one("transfers.value >= 3 or wait_s.value > 25", queues=("billing",))
    play.at(0.0).push(waits("w-1", "billing"), waits("w-2", "tech"))
    play.want(between(25.0, 26.1), alert(OPENED, "w-1", "r"))
    for n in range(3):
        play.at(40.0 + n).push(hears_of(CallTransferred, call="c-9", queue="billing", data=Moved(to="tech")))
    play.want(between(25.0, 42.0), alert(OPENED, "c-9", "r"))
    play.run(45.0)


def test_only_in_the_queues_that_the_rule_names() -> None:
    """The same load in another queue is let be."""
    play = one("load >= red", queues=("billing",))
    for queue in ("billing", "tech"):
        play.at(0.0).push(hears_of(AgentsReady, queue=queue, data=Ready(ready=1)))
        play.at(1.0).push(waits(f"{queue}-1", queue), waits(f"{queue}-2", queue))
    play.want(between(6.0, 6.5), alert(OPENED, "billing", "r"))
    play.run(10.0)


def test_the_values_to_watch_are_those_that_rules_compare_with() -> None:
    """Of rules in action, each once; for "more than" and "at most" the value changes its side just above the number."""
    rules = {
        "a": RuleConfig(title={}, when="wait_s.value >= 25 or wait_s.value > 40"),
        "b": RuleConfig(title={}, when="wait_s.value < 25 and load >= red"),
        "c": RuleConfig(title={}, when="load.value > 9", enabled=False),
        "d": RuleConfig(title={}, when="load.value == 2"),
    }
    assert watched_values(rules) == {"wait_s": (25.0, 40.001), "load": (2.0, 2.001)}
