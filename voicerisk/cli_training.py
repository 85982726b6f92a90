"""The commands of the training side; they need the extra `train` and say so where it is missing."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from voicerisk.clock import monotonic_s
from voicerisk.config import Config, load_config
from voicerisk.scoring.model import find_model, load_model
from voicerisk.scoring.model_file import CARD_FILE

app = typer.Typer()
out = Console()
err = Console(stderr=True)

CorporaOption = Annotated[
    Path | None,
    typer.Option("--corpora", envvar="VOICERISK_CORPORA", help="Folder with the speech corpora, one folder each."),
]
WorkersOption = Annotated[int, typer.Option(help="Processes that work side by side.", min=1)]
MARKS_COLUMNS: Final = (
    "columns path, start_s, end_s, label (tense or calm); optional channel, call, speaker, language, gender; "
    "docs/training.md shows one"
)
STEPS_HELP: Final = (
    "With --init: training steps, 200 unless told; more follow the marks closer and forget more of what was known."
)
LEARNING_RATE_HELP: Final = (
    "With --init: how far a step goes at most, 0.0004 unless told: a tenth of what the shipped model was trained with."
)
COPIES_HELP: Final = (
    "With --init: how often each piece is also heard over a telephone line drawn at random, 2 unless told."
)


@app.command()
def evaluate(
    model: Annotated[str, typer.Option("--model", help="Name of a model in models/, or a model folder.")] = "tension",
    corpora: CorporaOption = None,
    json_lines: Annotated[bool, typer.Option("--json", help="Print the whole result as one JSON object.")] = False,
    quick: Annotated[bool, typer.Option(help="A smoke run of a minute; writes nothing.")] = False,
    workers: WorkersOption = 2,
) -> None:
    """Measure a model on speakers that it was never trained on, and write every number of its card and of the README.

    Writes `evaluation.json`, pictures and the tables of `CARD.md` into the model's folder, and for a model that ships
    the table of the README. Needs every corpus that the split has test speakers of. Under ten minutes on two cores.
    """
    with needs_training():
        from voicerisk.training.card import MODELS, readme_of, shipped_results, write_card, write_readme
        from voicerisk.training.corpora.clip import CorpusError
        from voicerisk.training.evaluate import evaluate, measure
        from voicerisk.training.evaluation.effort import QUICK
        from voicerisk.training.evaluation.results import FILE

        began_s = monotonic_s()
        with _stages() as report:
            if quick:
                result = measure(load_model(model), corpora, effort=QUICK, workers=workers, report=report)
            else:
                result = evaluate(model, corpora, workers=workers, report=report)
        if not quick:
            folder = find_model(model)
            write_card(folder, result)
            written = [folder / FILE, folder / CARD_FILE]
            if (readme := readme_of(folder)) is not None:
                try:
                    write_readme(readme, shipped_results(MODELS, Config().model))
                    written.append(readme)
                except CorpusError as error:  # an older measure of another model: what was measured now still stands
                    err.print(f"[yellow]{readme} is left as it was:[/yellow] {error}", highlight=False, soft_wrap=True)
            err.print(f"Written: {', '.join(map(str, written))}", highlight=False, soft_wrap=True)
        err.print(f"Took {(monotonic_s() - began_s) / 60:.1f} min on {workers} processes.", highlight=False)
        if json_lines:
            sys.stdout.write(json.dumps(msgspec.to_builtins(result), ensure_ascii=False) + "\n")
        else:
            from voicerisk.training.card import readme_table

            out.print(readme_table([result]), highlight=False, soft_wrap=True)


@app.command()
def tune(
    budget: Annotated[str, typer.Option(help="False alarms to put up with, e.g. `2/h` or `0.5/h`.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help=f"A site's own marked calls (CSV: {MARKS_COLUMNS}). Default: simulated calls."),
    ] = None,
    model: Annotated[str, typer.Option("--model", help="Name of a model in models/, or a model folder.")] = "tension",
    corpora: CorporaOption = None,
    config: Annotated[Path | None, typer.Option("--config", help="Configuration (TOML) to start from.")] = None,
    workers: WorkersOption = 2,
    json_lines: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")] = False,
) -> None:
    """Find where red must begin, and for how long it must hold, to keep a budget of false alarms and alert earliest.

    Prints the lines for `voicerisk.toml`, with what they give on these calls beside what the present settings give.
    """
    per_hour = _per_hour(budget)
    with needs_training():
        from voicerisk.training import tune as tuning
        from voicerisk.training.corpora import load
        from voicerisk.training.simulate import voices
        from voicerisk.training.split import divide

        ear = load_model(model)
        settings, folder = load_config(config).floor_with(ear), ear.folder
        with _bar("calls") as advance:
            if data is not None:
                outcomes = tuning.outcomes_of_marks(folder, settings, data, advance=advance)
            else:
                callers = voices(divide(load(corpora))["dev"])
                outcomes = tuning.outcomes_of_simulation(folder, settings, callers, workers=workers, advance=advance)
        result = tuning.tune(outcomes, settings.tension.boundaries, per_hour)
        if data is None:
            err.print(
                "[yellow]Caution:[/yellow] these are simulated calls of acted speech, and a model that ships has heard "
                "the speakers in training: place red by marked calls of your own (--data) as soon as there are some.",
                highlight=False,
            )
    if json_lines:
        sys.stdout.write(json.dumps(msgspec.to_builtins(result), ensure_ascii=False) + "\n")
        return
    for row in (result.shipped, result.best):
        out.print(json.dumps(msgspec.to_builtins(row), ensure_ascii=False), highlight=False, soft_wrap=True)
    out.print("\nFor voicerisk.toml:\n", highlight=False)
    out.print(result.toml(), highlight=False, markup=False)
    if result.caution:
        err.print(f"[yellow]Caution:[/yellow] {result.caution}.", highlight=False)


@app.command()
def train(
    config: Annotated[
        Path | None, typer.Option("--config", help="Settings of the run, e.g. models/tension/train.toml.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--run", help="Run folder; one that was cut short goes on. Default: runs/NAME.")
    ] = None,
    init: Annotated[
        str | None, typer.Option("--init", help="A model to start from, to teach it a site's own voices.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help=f"The site's marked calls, with --init (CSV: {MARKS_COLUMNS}).")
    ] = None,
    to: Annotated[
        Path | None, typer.Option("--to", help="Folder of the fine-tuned model, with --init; it gives it its name.")
    ] = None,
    steps: Annotated[int | None, typer.Option(help=STEPS_HELP, min=10, max=100_000)] = None,
    learning_rate: Annotated[float | None, typer.Option(help=LEARNING_RATE_HELP, min=1e-6, max=0.1)] = None,
    copies: Annotated[int | None, typer.Option(help=COPIES_HELP, min=0, max=20)] = None,
    corpora: CorporaOption = None,
) -> None:
    """Train a model as its settings say, or fine-tune one on a site's own marked calls.

    `voicerisk train --config models/tension/train.toml` leaves checkpoints, log, curves and metrics in the run folder;
    `voicerisk export` makes a model folder of it.

    `voicerisk train --init tension --data marks.csv --to models/ours` writes the model folder itself. It needs at
    least 20 pieces of four seconds marked tense and 20 marked calm. About a third of the callers teach nothing: they
    judge the new model against the old one, and calibrate it. So mark calls of many callers, and calm stretches of
    each.
    """
    gently: dict[str, Any] = {"steps": steps, "learning_rate": learning_rate, "copies": copies}
    given = {name: value for name, value in gently.items() if value is not None}
    if (init is None) == (config is None) or (init is None) != (data is None) or (init is None) != (to is None):
        raise typer.BadParameter("give --config, or --init with --data and --to")
    if init is None and given:
        raise typer.BadParameter("--steps, --learning-rate and --copies go with --init; with --config the file says")
    if init is not None and run is not None:
        raise typer.BadParameter("--run goes with --config; with --init the model folder is written at once")
    with needs_training():
        if init is not None and data is not None and to is not None:
            _fine_tune(init, data, to, given)
            return
        from voicerisk.training.settings import read_settings
        from voicerisk.training.train import train

        assert config is not None
        folder = run or Path("runs") / read_settings(config).name
        with _stages() as report:
            trained = train(config, folder, corpora, report)
        for row in trained.metrics.left_out:
            rest, calm, known = (_area(value) for value in (row.rest, row.calm, row.rest_known))
            out.print(
                f"{row.name}, never heard: anger against the rest {rest}, against neutral, calm and sad {calm}, "
                f"against the rest beside the caller's own calm speech {known}",
                highlight=False,
                soft_wrap=True,
            )
        err.print(
            f"Run folder: {folder}. Next: voicerisk export --config {config} --run {folder} "
            f"--to models/{trained.settings.name}",
            highlight=False,
            soft_wrap=True,
        )


@app.command()
def export(
    config: Annotated[Path, typer.Option("--config", help="Settings of the run.")],
    to: Annotated[Path, typer.Option("--to", help="The model folder to write.")],
    run: Annotated[Path | None, typer.Option("--run", help="Run folder. Default: runs/NAME.")] = None,
    corpora: CorporaOption = None,
    workers: WorkersOption = 2,
) -> None:
    """Write the model folder of a finished run, checked against torch: whole files against 240 ms chunks.

    Places red by simulated calls of speakers and corpora that the judging ear never heard, and lets the ear that was
    kept from a corpus judge all of it.
    Afterwards `voicerisk evaluate` fills in the card.
    """
    with needs_training():
        from voicerisk.training.export import export
        from voicerisk.training.settings import read_settings
        from voicerisk.training.train import train

        folder = run or Path("runs") / read_settings(config).name
        with _stages() as report:
            spec = export(train(config, folder, corpora, report), to, corpora, report, workers=workers)
        red = spec.thresholds
        out.print(
            f"Written: {to}, {spec.name} {spec.version}, sha256 {spec.sha256[:12]}; red begins at {red.enter:g}, held "
            f"for {red.hold_s:g} s of speech. Next: voicerisk evaluate --model {to}",
            highlight=False,
            soft_wrap=True,
        )


@contextmanager
def needs_training() -> Iterator[None]:
    """Turns a missing extra, and errors that a user can mend, into one plain message and exit code 1."""
    from voicerisk.cli import plain_errors
    from voicerisk.training.corpora.clip import CorpusError

    try:
        with plain_errors():
            yield
    except CorpusError as error:
        err.print(f"[red]✗[/red] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except ModuleNotFoundError as error:
        err.print(f"[red]✗[/red] This needs the training side: {error.name} is not installed.", highlight=False)
        err.print("  pip install 'voicerisk\\[train]' (large: it brings torch)", highlight=False)
        raise typer.Exit(1) from None


def _fine_tune(init: str, data: Path, to: Path, given: dict[str, Any]) -> None:
    from voicerisk.training.finetune import FinetuneSettings, finetune

    parent = load_model(init)
    with _stages() as report:
        spec, outcome = finetune(parent, data, to, FinetuneSettings(**given), report)
    folder = to if len(to.parts) > 1 else f"./{to}"
    said = [
        f"Taught by {outcome.taught}; judged by {outcome.judged} who taught nothing.",
        *(
            f"Tension {how}, area under the ROC curve: {gain.before:.3f} -> {gain.after:.3f} ({gain.n} pieces)."
            for how, gain in (("by the voice alone", outcome.alone), ("beside own calm speech", outcome.known))
            if gain is not None
        ),
        f"Written: {to}, {spec.name} {spec.version}, sha256 {spec.sha256[:12]}.",
        f"Before it serves, place red anew, for it still begins where {parent.spec.name}'s does; best by other calls:",
        f"  voicerisk tune --model {folder} --data {data} --budget 2/h",
        "What it still makes of public corpora, where you have them:",
        f"  voicerisk evaluate --model {folder}",
    ]
    for line in said:
        out.print(line, highlight=False, markup=False, soft_wrap=True)
    for caution in outcome.cautions(parent.spec.name):
        err.print(f"[yellow]Caution:[/yellow] {caution}", highlight=False, soft_wrap=True)


def _area(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _per_hour(text: str) -> float:
    """A budget like "2/h" as a number. Raises `typer.BadParameter`."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(?:/\s*h(?:our)?)?\s*", text)
    if match is None:
        raise typer.BadParameter(f"{text!r} is no budget; write it like 2/h")
    return float(match[1])


@contextmanager
def _stages() -> Iterator[Any]:
    """One progress bar per stage on standard error; hands out the function that moves them."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err) as bar:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield report


@contextmanager
def _bar(name: str) -> Iterator[Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(name, total=None)
        yield lambda n: bar.advance(task, n)
