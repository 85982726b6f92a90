"""A dry run as tables for a terminal."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import RenderableType
from rich.table import Column, Table
from rich.text import Text

from voicerisk.review.differences import Rang
from voicerisk.review.dryrun import DryRun
from voicerisk.risk.texts import FALLBACK, in_language

_MOST: Final = 20
"""Alerts that are listed one by one."""


def dry_run_tables(found: DryRun, zone: ZoneInfo) -> Iterator[RenderableType]:
    """What is printed, from top to bottom; times by the clock of the zone."""

    def when(at_s: float) -> str:
        return f"{datetime.fromtimestamp(at_s, zone):%Y-%m-%d %H:%M}"

    replayed = f"{found.n_events:,} events and {found.n_deeds:,} deeds replayed"
    yield Text(f"{when(found.from_s)} to {when(found.to_s)} ({zone.key}): {replayed}.")
    rules = Table("rule", *_right("as it is", "changed", "no more", "in addition", "at another time"), box=None)
    for rule in found.rules:
        figures = (rule.old, rule.new, rule.gone, rule.added, rule.moved)
        style = "" if rule.gone == rule.added == rule.moved == 0 else "bold"
        rules.add_row(Text(rule.rule), *(f"{figure:,}" for figure in figures), style=style)
    yield _titled(rules, "Alerts")
    gauges = Table("gauge", *_right("as it is", "changed"), box=None)
    for gauge in found.gauges:
        gauges.add_row(Text(gauge.gauge), _minutes(gauge.old_minutes), _minutes(gauge.new_minutes))
    yield _titled(gauges, "Minutes in red")
    hours = Table("hour", *_right("as it is", "changed"), box=None)
    for hour in found.hours:
        hours.add_row(when(hour.from_s), f"{hour.old:,}", f"{hour.new:,}")
    yield _titled(hours, "People told, in each hour")
    for title, alerts in (("Would not have rung", found.gone), ("Would have rung besides", found.added)):
        if alerts:
            yield _alerts(title, alerts, when)
    if found.n_deeds_lost:
        yield Text(f"Things that people did, for which there would have been no alert: {found.n_deeds_lost}.")
    for said in found.approximations:
        yield Text(f"Note: {said}", style="dim")


def _alerts(title: str, alerts: Sequence[Rang], when: Callable[[float], str]) -> Table:
    table = Table("when", "rule", "where", Column("alert", overflow="fold"), box=None)
    for one in alerts[:_MOST]:
        where = " ".join(part for part in (one.queue, one.key) if part)
        table.add_row(when(one.opened_at_s), Text(in_language(one.title, FALLBACK)), Text(where), one.id)
    return _titled(table, f"{title}: {len(alerts):,}" + (f", the first {_MOST}" if len(alerts) > _MOST else ""))


def _titled(table: Table, title: str) -> Table:
    table.title, table.title_justify, table.title_style = f"\n{title}", "left", "bold"
    return table


def _right(*names: str) -> Iterator[Column]:
    return (Column(name, justify="right") for name in names)


def _minutes(minutes: float | None) -> str:
    return "–" if minutes is None else f"{minutes:,.1f}"
