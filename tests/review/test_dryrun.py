from io import StringIO
from pathlib import Path

import msgspec
import pytest
from rich.console import Console

from tests.review.floor_story import N_CALM, N_TENSE, STEP_S, T0, levels, tense_call, window
from tests.review.stored import opened
from voicerisk.events import Evidence, Zone
from voicerisk.review.curves import windows_from_curves, windows_of
from voicerisk.review.dryrun import DryRun, dry_run, dry_run_problems
from voicerisk.review.dryrun_table import dry_run_tables
from voicerisk.risk.config import RiskConfig
from voicerisk.risk.gauges.windows import zone_of
from voicerisk.store.records import CallRecord
from voicerisk.zones import Boundary, Zones

RISK = RiskConfig()


def with_zones(enter: float) -> RiskConfig:
    """The tension with zones of its own: red from `enter` on, held for two seconds of speech."""
    red = Boundary(enter=enter, leave=enter - 0.1, hold_s=2.0, leave_hold_s=2.0)
    amber = Boundary(enter=enter - 0.2, leave=enter - 0.3, hold_s=2.0, leave_hold_s=2.0)
    gauge = msgspec.structs.replace(RISK.gauges["call_tension"], zones=Zones(amber=amber, red=red))
    return msgspec.structs.replace(RISK, gauges={**RISK.gauges, "call_tension": gauge})


async def compared(folder: Path, new: RiskConfig) -> DryRun:
    """The tense call under the rules that ship, and under others."""
    settings, _ = await tense_call(folder, RISK)
    with opened(settings) as session:
        return dry_run(session, RISK, new, T0 - 60.0, T0, T0 + 600.0, lambda _n: None)


async def test_the_same_rules_change_nothing(tmp_path: Path) -> None:
    """Old beside new is the same, and the same as what rang then."""
    found = await compared(tmp_path, RISK)
    assert [(one.rule, one.old, one.same) for one in found.rules if one.rule == "tense_call"] == [("tense_call", 1, 1)]
    assert all(one.gone == one.added == one.moved == 0 for one in found.rules)
    assert all(one.old_minutes == one.new_minutes for one in found.gauges)
    assert all(hour.old == hour.new for hour in found.hours)
    assert sum(hour.old for hour in found.hours) > 0
    assert (found.n_deeds, found.n_deeds_lost, found.n_curves) == (1, 0, 1)


async def test_a_higher_red_would_not_have_rung(tmp_path: Path) -> None:
    """The curve never reached it: the alert is named, its red minutes are gone, and what was done to it is lost."""
    found = await compared(tmp_path, with_zones(0.97))
    assert [one.rule for one in found.gone] == ["tense_call"]
    (rule,) = (one for one in found.rules if one.rule == "tense_call")
    assert (rule.old, rule.new, rule.gone, rule.added) == (1, 0, 1, 0)
    (gauge,) = (one for one in found.gauges if one.gauge == "call_tension")
    assert gauge.new_minutes == 0.0
    assert gauge.old_minutes == pytest.approx((N_TENSE - 8) * STEP_S / 60.0, abs=0.02)
    assert found.n_deeds_lost == 1
    assert sum(hour.new for hour in found.hours) < sum(hour.old for hour in found.hours)


async def test_a_lower_red_rings_sooner(tmp_path: Path) -> None:
    """Judged by the stored levels: two seconds after the voice rose, which is before the ear's own zone."""
    found = await compared(tmp_path, with_zones(0.7))
    (rule,) = (one for one in found.rules if one.rule == "tense_call")
    assert (rule.old, rule.new, rule.moved, rule.gone) == (1, 1, 1, 0)


async def test_what_it_says_can_be_read(tmp_path: Path) -> None:
    """The tables name the rule, the alert that would be gone, and what is only an approximation."""
    found = await compared(tmp_path, with_zones(0.97))
    console = Console(width=140, record=True, file=StringIO())
    for table in dry_run_tables(found, zone_of(RISK.site)):
        console.print(table)
    text = console.export_text()
    assert "tense_call" in text
    assert "Would not have rung: 1" in text
    assert "judged by a stored curve" in text
    assert "scorer_lag_s" in text
    assert "outages" not in text.split("Not compared")[1]


async def test_a_curve_is_the_windows_that_it_was_made_of(tmp_path: Path) -> None:
    """Times, zones and order are those that were heard; the level is within half a step of the curve's 254."""
    settings, _ = await tense_call(tmp_path, RISK)
    with opened(settings) as session:
        windows, n_calls = windows_from_curves(session, T0 - 1.0, T0 + 1000.0)
        made = [event for _, _, event in windows.events()]
    assert n_calls == 1
    heard = [
        window(n, level, Zone.RED if N_CALM + 9 <= n <= N_CALM + N_TENSE else Zone.GREEN)
        for n, level in enumerate(levels(), start=1)
    ]
    assert [(one.id, one.at, one.data.zone) for one in made] == [(one.id, one.at, one.data.zone) for one in heard]
    assert all(abs(a.data.level - b.data.level) <= 0.5 / 254 + 1e-4 for a, b in zip(made, heard, strict=True))


def test_a_level_that_stands_still_is_silence() -> None:
    """No evidence is taken from it, and unknown levels are no windows at all."""
    call = CallRecord(id="c", gateway="g", started_at_s=T0)
    made = list(windows_of(call, [0.5, 0.5, None, 0.6], ()))
    assert [one.data.evidence for one in made] == [Evidence.HEARD, Evidence.NO_SPEECH, Evidence.HEARD]
    assert [one.data.at_s for one in made] == [0.48, 0.96, 1.92]


def test_a_span_that_makes_no_sense_is_named() -> None:
    """The wrong way round, or too long."""
    assert "after --from" in dry_run_problems(T0, T0)
    assert "31 days" in dry_run_problems(T0, T0 + 40 * 86_400.0)
    assert dry_run_problems(T0, T0 + 86_400.0) == ""
