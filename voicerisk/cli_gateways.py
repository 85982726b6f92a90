"""`voicerisk gateways`: where each gateway connects, what it has to show, and what to paste into the switch."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from voicerisk.cli import complain, plain_errors
from voicerisk.config import load_config
from voicerisk.gateways.routes import PROTOCOLS
from voicerisk.gateways_help.control import control_kind, control_text, gateway_name
from voicerisk.gateways_help.render import render
from voicerisk.gateways_help.ways import WARNING, ways_in

app = typer.Typer()
out = Console()


@app.command()
def gateways(
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Configuration (TOML). Default: voicerisk.toml here, or the built-in defaults."),
    ] = None,
    protocol: Annotated[
        str | None, typer.Option("--protocol", help="Only this protocol, e.g. asterisk-websocket.", show_default=False)
    ] = None,
) -> None:
    """List the ways in, and print what to paste into the switch, from the running configuration.

    Secrets are never printed: where one belongs stands a placeholder such as <TOKEN>.
    """
    with plain_errors():
        settings = load_config(config)
    if protocol is not None and protocol not in PROTOCOLS:
        complain(f"--protocol {protocol!r} is not known; one of {', '.join(PROTOCOLS)} is wanted")
        raise typer.Exit(1)
    chosen = [way for way in ways_in(settings) if protocol in (None, way.protocol)]
    if not chosen:
        complain(
            f"no gateway of this configuration speaks {protocol}.\n"
            f'  Add it: [[ingest.gateways]] with path = "/{protocol}" and protocol = "{protocol}".'
        )
        raise typer.Exit(1)
    table = Table("protocol", "address", "asks for")
    for way in chosen:
        table.add_row(way.protocol, way.address, (" and ".join(way.asks_for) or "nothing") if way.is_on else "(off)")
    out.print(table)
    _say(WARNING)
    for way in chosen:
        _say(f"\n=== {way.protocol} {way.path}".rstrip() + " ===")
        text = render(way, settings).rstrip()
        for note in way.notes:
            _say(note)
        if way.passing_on and way.far_url in text:
            _say(way.passing_on)
        _say("\n" + text)
        _say(f"\n--- so that supervisors can listen, whisper and barge in ({control_kind(way, settings)}) ---")
        if gateway_name(way) not in settings.control.gateways:
            _say("It is not set up: the desk shows no buttons for these calls.")
        _say(control_text(way, settings).rstrip())


def _say(text: str) -> None:
    """Prints a text as it is: no colours, no markup, no breaks, so that it can be pasted."""
    out.print(text, highlight=False, markup=False, soft_wrap=True)
