"""What is wrong with gauges is said at its place, with what would be right."""

from typing import Any

import pytest

from tests.risk.gauges.makers import EVERY_KIND, gauge, zones
from voicerisk.risk.gauges import SiteSettings
from voicerisk.risk.gauges.check import gauge_problems, gauges_behind
from voicerisk.zones import Boundary, Zones

CALLS: dict[str, Any] = {"kind": "count", "of": {"events": ["call.started"]}, "window": "15m", "zones": zones(2, 3)}
LAST: dict[str, Any] = {"kind": "last", "of": {"events": ["agents.ready"], "field": "ready"}, "zones": zones(2, 3)}
RATIO: dict[str, Any] = {"kind": "ratio", "of": {"events": ["call.abandoned"]}, "zones": zones(2, 3)}
UPSIDE_DOWN = Zones(amber=Boundary(enter=3, leave=2), red=Boundary(enter=2, leave=2))


def places(gauges: dict[str, Any], site: SiteSettings | None = None) -> set[str]:
    """Where something is wrong."""
    problems = gauge_problems({name: gauge(**keys) for name, keys in gauges.items()}, site or SiteSettings())
    assert all(problem.wrong and problem.mend for problem in problems)
    return {problem.where for problem in problems}


def test_a_board_of_every_kind_is_right() -> None:
    """Gauges that only serve others need no zones; all others have them."""
    shown = {"callers", "moves_per_call", "score"}
    told = {
        name: {**keys, "zones": keys.get("zones", zones(1, 2) if name in shown else None)}
        for name, keys in EVERY_KIND.items()
    }
    assert places(told) == set()


@pytest.mark.parametrize(
    ("keys", "where"),
    [
        ({"kind": "last", "zones": zones(1, 2)}, "gauges.g"),
        ({**RATIO}, "gauges.g"),
        ({"kind": "max_age", "opens": {"events": ["call.queued"]}, "zones": zones(1, 2)}, "gauges.g"),
        ({**LAST, "of": {"events": ["agents.ready"]}}, "gauges.g.of.field"),
        ({**LAST, "of": {"events": ["agents.ready"], "field": "redy"}}, "gauges.g.of.field"),
        ({**CALLS, "of": {"events": ["call.begun"]}}, "gauges.g.of.events"),
        ({**CALLS, "of": {"events": []}}, "gauges.g.of.events"),
        ({**CALLS, "of": {"events": ["call.started"], "where": {"colour": "red"}}}, "gauges.g.of.where"),
        ({**CALLS, "of": {"events": ["call.started"], "where": {"agent": "a-7"}}}, "gauges.g.of.where"),
        ({**CALLS, "of": {"events": ["call.started"], "at_most": {"score": 2}}}, "gauges.g.of.at_most"),
        ({"kind": "max_age", "of": {"events": ["call.started"]}, "zones": zones(1, 2)}, "gauges.g.of.events"),
        ({**CALLS, "window": "a while"}, "gauges.g.window"),
        ({**CALLS, "zones": None}, "gauges.g.zones"),
        ({**CALLS, "zones": UPSIDE_DOWN}, "gauges.g.zones.red.enter"),
        ({**CALLS, "worse": "low"}, "gauges.g.zones.red.enter"),
        ({**CALLS, "key": "queue", "queues": {"vip": UPSIDE_DOWN}}, "gauges.g.queues.vip.red.enter"),
        ({**CALLS, "key": "customer", "queues": {"vip": zones(1, 2)}}, "gauges.g.queues"),
        ({**CALLS, "key": "reason"}, "gauges.g.key"),
        ({**CALLS, "due": "due_at"}, "gauges.g.due"),
        ({**CALLS, "least_usual": 0}, "gauges.g.least_usual"),
        ({**CALLS, "stale_s": 0}, "gauges.g.stale_s"),
        ({**CALLS, "max_keys": 0}, "gauges.g.max_keys"),
        ({**EVERY_KIND["due"], "notice_s": -1}, "gauges.g.notice_s"),
        ({**EVERY_KIND["due"], "due": "by_when"}, "gauges.g.due"),
        ({**EVERY_KIND["no_note"], "only_if_any": {"transfers": 1}}, "gauges.g.only_if_any"),
        ({"kind": "level", "formula": {"kind": "strain", "gauges": ["none"]}, "zones": zones(1, 2)}, "gauges"),
    ],
)
def test_a_mistake_is_named_at_its_place(keys: dict[str, Any], where: str) -> None:
    """Each of these gauges has one thing wrong with it, and the problem says which key it is."""
    assert where in places({"g": keys})


def test_low_zones_are_read_the_other_way_round() -> None:
    """Where low is bad, red lies below amber and is left above where it is entered."""
    low = {**LAST, "worse": "low"}
    assert (
        places({"g": {**low, "zones": Zones(amber=Boundary(enter=3, leave=4), red=Boundary(enter=2, leave=3))}})
        == set()
    )
    wrong = Zones(amber=Boundary(enter=3, leave=2), red=Boundary(enter=4, leave=4, hold_s=-1))
    assert places({"g": {**low, "zones": wrong}}) == {
        "gauges.g.zones.amber.leave",
        "gauges.g.zones.red.enter",
        "gauges.g.zones.red.hold_s",
    }


def test_a_formula_divides_gauges_of_the_same_key_that_events_move() -> None:
    """A wait grows by itself, and the site's number does not fit a queue's."""
    load = EVERY_KIND["load"]
    of_wait = {"wait_s": EVERY_KIND["wait_s"], "ready": EVERY_KIND["ready"]}
    divided = {**load, "formula": {"kind": "quotient", "of": "wait_s", "by": "ready", "least": 0}}
    assert places({**of_wait, "g": divided}) == {"gauges.g.formula", "gauges.g.formula.least"}
    at_site = {"waiting": EVERY_KIND["waiting"], "ready": {**EVERY_KIND["ready"], "key": "site"}}
    assert places({**at_site, "load": load}) == {"gauges.load.formula"}


def test_gauges_behind_others_are_in_use() -> None:
    """What a formula or a condition looks at is behind a gauge; what a gauge that is off looks at is not."""
    told = {name: gauge(**EVERY_KIND[name]) for name in ("waiting", "ready", "load", "wait_s", "strain")}
    assert gauges_behind(told) == {"waiting", "ready", "wait_s", "load"}
    told["strain"] = gauge(**EVERY_KIND["strain"], enabled=False)
    assert gauges_behind(told) == {"waiting", "ready"}


@pytest.mark.parametrize(
    ("site", "where"),
    [
        (SiteSettings(timezone="Mars/Olympus"), "site.timezone"),
        (SiteSettings(groups={"one": ("a-1", "a-1", "a-2")}), "site.groups.one"),
        (SiteSettings(groups={"one": ("a", "b", "c"), "two": ("c", "d", "e")}), "site.groups.two"),
        (SiteSettings(lateness_s=-1), "site.lateness_s"),
        (SiteSettings(ahead_s=float("inf")), "site.ahead_s"),
        (SiteSettings(max_ids=0), "site.max_ids"),
    ],
)
def test_a_mistake_in_the_site_is_named(site: SiteSettings, where: str) -> None:
    """A group of two agents would make a needle of a person, and is refused like any other mistake."""
    assert where in places({}, site)
