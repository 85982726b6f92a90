"""`voicerisk simulate`: plays an audio file into a server as a gateway would."""

import asyncio
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from websockets.exceptions import InvalidHandshake, InvalidURI

from voicerisk.audiofile import AudioFileError, probe
from voicerisk.simulate.messages import PROTOCOLS, SimulatedCall
from voicerisk.simulate.play import play

app = typer.Typer()
err = Console(stderr=True)

_WAYS_IN = {"twilio": "/twilio", "l16": "/fork"}


@app.command()
def simulate(
    protocol: Annotated[str, typer.Argument(help=f"What to speak: {', '.join(PROTOCOLS)}.")],
    file: Annotated[Path, typer.Argument(help="Audio file: mono = customer, stereo = customer, agent.")],
    url: Annotated[
        str | None, typer.Option(help="Where to, with a token in the path if one is needed.", show_default=False)
    ] = None,
    calls: Annotated[int, typer.Option(help="So many calls at the same time.", min=1, max=1000)] = 1,
    speed: Annotated[float, typer.Option(help="Times real time; 0 = as fast as the server takes it.", min=0.0)] = 1.0,
    packet_ms: Annotated[int, typer.Option(help="Length of a packet.", min=10, max=200)] = 20,
    queue: Annotated[str, typer.Option(help="Label of the calls.")] = "simulated",
) -> None:
    """Play an audio file into a running server over its real websocket, as that gateway would.

    Default address: ws://127.0.0.1:8765, with the usual path of the protocol. Exits 1 if a call was not taken whole.
    """
    if protocol not in PROTOCOLS:
        raise typer.BadParameter(f"{protocol!r} is not known; one of {', '.join(PROTOCOLS)} is wanted")
    target = url or f"ws://127.0.0.1:8765{_WAYS_IN[protocol]}"
    try:
        length_s = probe(file).duration_s
        endings = asyncio.run(_play_all(protocol, file, target, calls, speed, packet_ms / 1000, queue, length_s))
    except AudioFileError as error:
        err.print(f"[red]✗[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    bad = [ending for ending in endings if not ending.startswith("1000")]
    for ending in sorted(set(bad)):
        err.print(f"[red]✗[/red] {bad.count(ending)} call(s): {escape(ending)}", highlight=False, soft_wrap=True)
    raise typer.Exit(1 if bad else 0)


async def _play_all(
    protocol: str, file: Path, url: str, calls: int, speed: float, packet_s: float, queue: str, length_s: float
) -> list[str]:
    """How each call ended: "1000" when it was taken whole."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} s"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        task = bar.add_task(f"{calls} call(s) to {urlsplit(url).netloc}", total=length_s)

        async def one(number: int) -> str:
            call = SimulatedCall(
                path=file, call_id=f"{file.stem}-{number + 1}", packet_s=packet_s, labels={"queue": queue}
            )
            show = (lambda at_s: bar.update(task, completed=at_s)) if number == 0 else None
            try:
                return await play(url, PROTOCOLS[protocol](call), speed=speed, progress=show)
            except (OSError, InvalidHandshake, InvalidURI) as error:
                return str(error)

        return await asyncio.gather(*(one(number) for number in range(calls)))
