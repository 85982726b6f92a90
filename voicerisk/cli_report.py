"""`voicerisk report` and `voicerisk dry-run`: what was, and what other rules would have made of it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from voicerisk import clock
from voicerisk.cli import ConfigOption, JsonOption, complain, err, plain_errors
from voicerisk.config import load_config
from voicerisk.review.day import day_report
from voicerisk.review.dryrun import dry_run, dry_run_problems
from voicerisk.review.dryrun_table import dry_run_tables
from voicerisk.review.incident import incident_report
from voicerisk.review.reading import reading
from voicerisk.review.render import day_html, incident_html, week_html
from voicerisk.review.spans import day_span, moment_s, parse_day, today, week_span
from voicerisk.review.week import week_report
from voicerisk.review.words import LANGUAGES
from voicerisk.risk.gauges.windows import zone_of
from voicerisk.store.past import count_inputs

app = typer.Typer(no_args_is_help=True)
report_app = typer.Typer(
    no_args_is_help=True, help="What a day, a week or an incident came to: HTML to print, or JSON."
)
app.add_typer(report_app, name="report")
out = Console()

_WEEK_S: Final = 7 * 86_400.0

DateOption = Annotated[str | None, typer.Option("--date", help="The day, as 2024-11-22. Default: today at the site.")]
LanguageOption = Annotated[str, typer.Option("--language", help=f"Of the page: {', '.join(LANGUAGES)}.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Where the page goes; - for standard output.", show_default=False)
]


@report_app.command()
def day(
    date_: DateOption = None,
    language: LanguageOption = "en",
    output: OutputOption = None,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """The day: unhappy customers, alerts and how they ended, waits, repeat callers, promises, what to review."""
    with plain_errors():
        settings = load_config(config)
        zone = zone_of(settings.risk.site)
        span = day_span(_day(date_, zone), zone)
        _known(language)
        with reading(settings.store_settings) as session:
            report = day_report(session, span, settings.risk, settings.review, clock.now_s())
    if json_lines:
        _json(report)
    else:
        _write(day_html(report, language), output, f"voicerisk-day-{report.date}.html")


@report_app.command()
def week(
    date_: DateOption = None,
    language: LanguageOption = "en",
    output: OutputOption = None,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """The week in which the day lies, day by day, and what changed against the week before."""
    with plain_errors():
        settings = load_config(config)
        zone = zone_of(settings.risk.site)
        span = week_span(_day(date_, zone), zone, settings.risk.site.week_starts)
        _known(language)
        with reading(settings.store_settings) as session:
            report = week_report(session, span, settings.risk, settings.review, clock.now_s())
    if json_lines:
        _json(report)
    else:
        _write(week_html(report, language), output, f"voicerisk-week-{report.total.date}.html")


@report_app.command()
def incident(
    name: Annotated[str, typer.Argument(metavar="ID", help="An alert's id, or an incident's.")],
    language: LanguageOption = "en",
    output: OutputOption = None,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """The post-mortem of an alert or an incident: time line, tension, who did what, what keeps it from coming back."""
    with plain_errors():
        settings = load_config(config)
        _known(language)
        with reading(settings.store_settings) as session:
            report = incident_report(session, name, settings.risk, clock.now_s())
    if report is None:
        complain(f"There is neither an alert nor an incident {name[:200]!r} on record.")
        raise typer.Exit(1)
    if json_lines:
        _json(report)
    else:
        safe = "".join(letter if letter.isalnum() or letter in "-_" else "_" for letter in name)[:80]
        _write(incident_html(report, language), output, f"voicerisk-incident-{safe}.html")


@app.command(name="dry-run")
def dry_run_command(
    rules: Annotated[Path, typer.Option("--rules", help="A configuration (TOML) whose [risk] table is tried out.")],
    from_: Annotated[
        str, typer.Option("--from", help="From when, e.g. 2024-11-22 or 2024-11-22T08:00 (site's clock).")
    ],
    to: Annotated[str, typer.Option("--to", help="Up to when.")],
    warm_up_h: Annotated[
        float, typer.Option(help="Hours before that are replayed first, so that needles stand right.", min=0.0)
    ] = 24.0,
    json_lines: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Replay stored events through the rules as they are and through changed ones, and show what differs.

    Alerts that would have rung or not, minutes in red of each gauge, people told in each hour: as it is beside as it
    would be. What people did then is done again where the same alert exists; nobody does anything about a new one.
    """
    with plain_errors():
        settings = load_config(config)
        changed = load_config(rules)
        zone = zone_of(settings.risk.site)
        from_s, to_s = _moment(from_, zone), _moment(to, zone)
        if problem := dry_run_problems(from_s, to_s):
            complain(problem)
            raise typer.Exit(1)
        with reading(settings.store_settings) as session:
            warm_s = from_s - warm_up_h * 3600.0
            n_inputs = count_inputs(session, warm_s, to_s)
            if count_inputs(session, from_s, to_s) == 0:
                complain(f"Nothing is stored between {from_} and {to}.")
                raise typer.Exit(1)
            with _bar(n_inputs, show=not json_lines) as progress:
                found = dry_run(session, settings.risk, changed.risk, warm_s, from_s, to_s, progress)
    if json_lines:
        _json(found)
    else:
        for table in dry_run_tables(found, zone):
            out.print(table)


def _day(text: str | None, zone: ZoneInfo) -> date:
    try:
        return today(clock.now_s(), zone) if text is None else parse_day(text)
    except ValueError as error:
        complain(f"--date: {error}")
        raise typer.Exit(1) from None


def _moment(text: str, zone: ZoneInfo) -> float:
    try:
        return moment_s(text, zone)
    except ValueError as error:
        complain(str(error))
        raise typer.Exit(1) from None


def _known(language: str) -> None:
    if language not in LANGUAGES:
        complain(f"--language {language!r}: reports speak {', '.join(LANGUAGES)}.")
        raise typer.Exit(1)


def _json(report: object) -> None:
    sys.stdout.write(msgspec.json.encode(report).decode() + os.linesep)


def _write(page: str, output: Path | None, name: str) -> None:
    if output is not None and str(output) == "-":
        sys.stdout.write(page)
        return
    path = output or Path(name)
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        complain(f"{path}: cannot be written: {error.strerror}")
        raise typer.Exit(1) from None
    out.print(f"Written to {path}. Open it in a browser; print it from there.", highlight=False, soft_wrap=True)


@contextmanager
def _bar(total: int, *, show: bool) -> Iterator[Callable[[int], None]]:
    if not show:
        yield lambda _n: None
        return
    columns = (TextColumn("replayed"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda n: bar.update(task, completed=n)
