"""Tests of voicerisk.notify.routing."""

from tests.notify.made import OWNER, a_notice, a_webhook, settings_for
from voicerisk.notify.notice import Notice
from voicerisk.notify.routing import deliveries
from voicerisk.notify.settings import Route
from voicerisk.risk.rules import Severity

RECEIVERS = {name: a_webhook() for name in ("a", "b", "c")}


def reached(notice: Notice, *routes: Route) -> list[str]:
    """The receivers that the notice goes to."""
    settings = settings_for({**RECEIVERS}, *routes)
    return [delivery.receiver for delivery in deliveries(notice, settings)]


def test_conditions_must_all_fit() -> None:
    """A route takes a notice that fits each of its conditions, and none that misses one."""
    route = Route(receivers=("a",), severities=(Severity.CRITICAL,), owners=(OWNER,), queues=("Billing",))
    assert reached(a_notice(), route) == ["a"]
    for miss in ({"severity": Severity.WARNING}, {"owner": "another"}, {"queue": None}):
        assert reached(a_notice(**miss), route) == []


def test_rules_choose() -> None:
    """A route may be of certain rules only."""
    assert reached(a_notice(), Route(receivers=("a",), rules=("tense_call",))) == ["a"]
    assert reached(a_notice(), Route(receivers=("a",), rules=("wait",))) == []


def test_one_of_those_it_is_for_is_enough() -> None:
    """A route for a role takes what is meant for that role among others, and nothing meant for others alone."""
    route = Route(receivers=("a",), to=("Maya", "next supervisor"))
    assert reached(a_notice(to=("Dan", "next supervisor")), route) == ["a"]
    assert reached(a_notice(to=("Dan",)), route) == []


def test_a_receiver_can_be_named_outright() -> None:
    """A procedure's step that names a receiver reaches it without any route, and nobody else."""
    assert reached(a_notice(to=("b",)), Route(receivers=("a",), to=("Maya",))) == ["b"]


def test_nobody_gets_it_twice() -> None:
    """Two routes and its own name lead to one delivery each, in the order of the configuration."""
    routes = (Route(receivers=("c", "a")), Route(receivers=("a",)))
    assert reached(a_notice(to=("a",)), *routes) == ["a", "c"]


def test_followers_and_people_are_kept_apart() -> None:
    """What is meant for nobody goes only where an alert is followed; what is meant for somebody never goes there."""
    routes = (Route(receivers=("a",), follow=True), Route(receivers=("b",)))
    assert reached(a_notice(to=()), *routes) == ["a"]
    assert reached(a_notice(), *routes) == ["b"]
