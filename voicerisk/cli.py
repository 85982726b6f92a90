"""The command line: what a person types, checks and reads. Each command's work is in the module of its name."""

import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from voicerisk.audiofile import AudioFileError, probe
from voicerisk.config import Config, load_config
from voicerisk.events import Role
from voicerisk.gateways.recording import RecordingError
from voicerisk.logs import set_up_logs
from voicerisk.replay import is_recording, replay
from voicerisk.score import FileScore, score_files
from voicerisk.scoring.model import Model, ModelError, load_model
from voicerisk.scoring.scores import ScoringError
from voicerisk.settings import SettingsError
from voicerisk.store.writer import StoreError

app = typer.Typer(
    name="voicerisk",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    help="Hears when a customer's voice turns tense during a live call, and puts that call in front of a supervisor.",
    epilog="New here? `voicerisk demo` plays six calls and opens a console. Then point a gateway at `voicerisk serve`.",
)
out = Console()
err = Console(stderr=True)

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration (TOML). Default: voicerisk.toml here, or the built-in defaults."),
]
ModelOption = Annotated[str | None, typer.Option("--model", help="Name of a model in models/, or a model folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object a line on standard output.")]
FilesArgument = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files to read.", show_default=False)]
ChannelsOption = Annotated[
    str | None,
    typer.Option(
        "--channels",
        help="Whose voice each channel of an audio file carries, e.g. `agent,customer`. "
        "Default: mono = customer, stereo = customer,agent.",
    ),
]


@app.command()
def serve(config: ConfigOption = None) -> None:
    """Run the server: gateways on 8765, console, API and metrics on 8080.

    Stop it with SIGTERM or Ctrl-C: new calls are refused, live ones may end (`drain_s`), everything is saved. A second
    signal cuts the wait short.
    """
    from voicerisk.run import run_service

    with plain_errors():
        settings = load_config(config, os.environ)
        set_up_logs(settings.log.level, settings.log.format)
        model = load_model(settings.model)
    raise typer.Exit(run_service(settings, model))


@app.command()
def demo(
    headless: Annotated[
        bool, typer.Option(help="No console; print each alert as a line; exit 0 if all is right.")
    ] = False,
    seconds: Annotated[float, typer.Option(help="How long to run headless.", min=1.0)] = 75.0,
    config: ConfigOption = None,
) -> None:
    """Start the server with built-in defaults and play the demo's six calls into it in real time.

    The calls are stitched from EmoDB voices (CC0). They show that everything works; they say nothing about how well
    the ear hears, because it may have been trained on these very voices.
    """
    from voicerisk.demo import run_demo

    with plain_errors():
        settings = load_config(config, os.environ) if config else Config()
        set_up_logs("warning", "text")
        model = load_model(settings.model)
        code = run_demo(settings, model, headless=headless, seconds=seconds)
    raise typer.Exit(code)


@app.command(name="replay")
def replay_command(
    files: FilesArgument,
    json_lines: JsonOption = False,
    channels: ChannelsOption = None,
    config: ConfigOption = None,
    model: ModelOption = None,
) -> None:
    """Put recorded calls through the very same chain as live ones, as fast as the machine can.

    Takes WAV, FLAC, Ogg (a call each) and recorded wire sessions (`.jsonl`, `.jsonl.gz`). With `--json`, each line is
    an event: `tension.window` (about two a second), `tension.zone`, `talk.overlap`, `call.started`, `call.ended`, and
    `alert` with its reasons; `at_s` is in media seconds of the call.
    """
    with plain_errors():
        settings = load_config(config)
        ear = load_model(model or settings.model)
        paths = _existing(files)
        roles = _roles(channels)
        with _progress(paths, show=not json_lines) as told:
            calls: dict[str, dict[str, Any]] = {}
            alerts: list[dict[str, Any]] = []
            for item in replay(paths, ear, settings.floor_with(ear), roles=roles, progress=told):
                if json_lines:
                    _print_json(item)
                else:
                    _gather(item, calls, alerts)
    if not json_lines:
        _print_calls(calls, alerts)


@app.command()
def score(
    files: FilesArgument, json_lines: JsonOption = False, channels: ChannelsOption = None, model: ModelOption = None
) -> None:
    """Print the model's own word on the customer's voice in audio files, without baseline, zones or alerts.

    `summary` pools over all speech of the file. `windows` has one entry per 240 ms: `speech` is of that moment, the
    other scores are of the last three seconds of speech up to its end.
    """
    with plain_errors():
        ear = load_model(model or Config().model)
        paths = _existing(files)
        with _progress(paths, show=not json_lines) as told:
            scores = []
            for file_score in score_files(paths, ear, roles=_roles(channels), progress=told):
                if json_lines:
                    _print_json(msgspec.to_builtins(file_score))
                else:
                    scores.append(file_score)
    if not json_lines:
        _print_scores(scores, ear)


@app.command()
def check(config: ConfigOption = None) -> None:
    """Say in plain words what is wrong with a configuration, where, and what would be right. Exits 1 if anything is.

    Of a good one it says what is watched, what is open or switched off, and which gauges have been red for more than a
    fifth of the stored time.
    """
    from voicerisk.check_notes import check_notes

    with plain_errors():
        settings = load_config(config, os.environ)
        load_model(settings.model)
    for note in check_notes(settings):
        out.print(note, highlight=False, markup=False, soft_wrap=True)


def complain(text: str) -> None:
    """Prints what is wrong on standard error; names of files and calls are printed as they are."""
    err.print(f"[red]✗[/red] {escape(text)}", highlight=False, soft_wrap=True)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turns the errors that a user can mend into one plain message each, and exit code 1."""
    try:
        yield
    except SettingsError as error:
        for problem in error.problems:
            complain(f"{problem.where}: {problem.wrong}.\n  {problem.mend}")
        raise typer.Exit(1) from None
    except (AudioFileError, RecordingError, ModelError, ScoringError, StoreError) as error:
        complain(str(error))
        raise typer.Exit(1) from None
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): that is no fault of anybody's.
        sys.stderr.close()
        raise typer.Exit(0) from None


def _existing(files: Sequence[Path]) -> list[Path]:
    for path in files:
        if not path.is_file():
            raise AudioFileError(f"{path}: there is no such file")
    return list(files)


def _roles(channels: str | None) -> tuple[Role, ...] | None:
    if channels is None:
        return None
    try:
        return tuple(Role(name.strip()) for name in channels.split(","))
    except ValueError:
        known = ", ".join(Role)
        raise AudioFileError(
            f"--channels {channels!r}: each name must be one of {known}, with commas between"
        ) from None


@contextmanager
def _progress(paths: Sequence[Path], *, show: bool) -> Iterator[Any]:
    """A progress bar over all files on standard error; hands out the function that moves it."""
    if not show:
        yield None
        return
    total = sum(_length_s(path) for path in paths)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[speed]}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task: TaskID = bar.add_task(f"{len(paths)} file(s)", total=total or None, speed="")
        done: dict[str, float] = {}

        def told(name: str, at_s: float) -> None:
            done[name] = at_s
            heard_s, spent_s = sum(done.values()), bar.tasks[0].elapsed or 0.0
            speed = f"{heard_s / spent_s:.0f}x real time" if spent_s > 0.2 else ""
            bar.update(task, completed=heard_s, speed=speed)

        yield told


def _length_s(path: Path) -> float:
    """The length of the file as far as it can be told beforehand; a wire session's is known only at its end."""
    return 0.0 if is_recording(path) else probe(path).duration_s


def _print_json(item: Any) -> None:
    sys.stdout.write(json.dumps(item, ensure_ascii=False, separators=(",", ":")) + "\n")


def _gather(item: dict[str, Any], calls: dict[str, dict[str, Any]], alerts: list[dict[str, Any]]) -> None:
    call = calls.setdefault(item.get("call") or "-", {"end_s": 0.0, "highest": 0.0, "heard_s": 0.0, "alerts": 0})
    call["end_s"] = max(call["end_s"], item.get("at_s") or 0.0)
    if item["type"] == "tension.window":
        call["highest"] = max(call["highest"], item["level"])
        call["heard_s"] += item["evidence_s"]
    elif item["type"] == "alert":
        call["alerts"] += 1
        alerts.append(item)
    elif item["type"] in ("call.error", "stream.refused"):
        complain(f"{item.get('call') or item.get('stream')}: {item['why']}")


def _print_calls(calls: dict[str, dict[str, Any]], alerts: Sequence[dict[str, Any]]) -> None:
    table = Table("call", "length", "speech judged", "highest tension", "alerts")
    for name, call in calls.items():
        count = f"[red]{call['alerts']}[/red]" if call["alerts"] else "0"
        table.add_row(
            escape(name), f"{call['end_s']:.1f} s", f"{call['heard_s']:.1f} s", f"{call['highest']:.2f}", count
        )
    out.print(table)
    for alert in alerts:
        title = alert["title"].get("en") or next(iter(alert["title"].values()), alert["rule"])
        what = f"{alert['call']} at {alert['at_s']:.1f} s: {title} ({alert['severity']})"
        out.print(what, style="red", highlight=False, markup=False, soft_wrap=True)
        for reason in alert["reasons"]:
            out.print(f"  - {reason['text']}", highlight=False, markup=False, soft_wrap=True)


def _print_scores(scores: Sequence[FileScore], model: Model) -> None:
    table = Table(
        Column("file", overflow="fold"),
        "length",
        "speech",
        "tension",
        "stress",
        "arousal",
        "valence",
        "likeliest emotion",
    )
    for file_score in scores:
        summary = file_score.summary
        emotion = max(summary["emotion"], key=summary["emotion"].__getitem__)
        figures = (f"{summary[name]:.2f}" for name in ("tension", "stress", "arousal", "valence"))
        table.add_row(
            escape(file_score.file),
            f"{file_score.duration_s:.1f} s",
            f"{file_score.speech_s:.1f} s",
            *figures,
            f"{emotion} {summary['emotion'][emotion]:.2f}",
        )
    out.print(table)
    out.print(f"Model {model.spec.name} {model.spec.version}. 0..1; a probability, not a verdict.", highlight=False)


def main() -> None:
    """The entry point of the `voicerisk` command."""
    from voicerisk import (
        cli_audit,
        cli_gateways,
        cli_notify,
        cli_people,
        cli_recordings,
        cli_report,
        cli_simulate,
        cli_training,
    )

    app.add_typer(cli_gateways.app)
    app.add_typer(cli_notify.app)
    app.add_typer(cli_people.app, name="people")
    app.add_typer(cli_audit.app, name="audit")
    app.add_typer(cli_recordings.app, name="recordings")
    app.add_typer(cli_report.app)
    app.add_typer(cli_simulate.app)
    app.add_typer(cli_training.app)
    app()
