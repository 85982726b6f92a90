"""`voicerisk simulate`: plays an audio file into a server as a gateway would."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from voicerisk.audiofile import AudioFileError, probe
from voicerisk.events import Role
from voicerisk.simulate.api import Api
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.line import Line
from voicerisk.simulate.protocols import ALIASES, WAYS
from voicerisk.simulate.run import API, Played, Target, place, play_call

app = typer.Typer()
out = Console()
err = Console(stderr=True)

_STAGGER_S: Final = 0.01
_SHOWN_EVERY_S: Final = 0.5

_HELP: Final = (
    "Play an audio file into a running server as that gateway would: its messages, numbers, pace, and its end.\n\n"
    "Mono is the customer, stereo is customer and agent. A file whose rate the gateway does not carry goes at 8 kHz, "
    "as on a telephone line. Times are of the call's own: at --rate 10 a stall of 5 s lasts half a second.\n\n"
    "voicerisk simulate twilio call.wav\n\n"
    "voicerisk simulate audiohook call.wav --calls 50 --rate 4\n\n"
    "voicerisk simulate rtp call.wav --loss 0.05 --jitter 30\n\n"
    "voicerisk simulate asterisk-websocket call.wav --url ws://user:password@10.0.0.5:8765/asterisk --abrupt\n\n"
    "Prints a line for each call at the end. Exits 1 if a call was not taken whole."
)
_PROTOCOLS: Final = "  \n".join(f"{name}: {way.about}." for name, way in WAYS.items())


@app.command(help=_HELP)
def simulate(
    protocol: Annotated[str, typer.Argument(help=f"What to speak.  \n{_PROTOCOLS}")],
    file: Annotated[Path, typer.Argument(help="Audio file: WAV, FLAC, Ogg, MP3 ...")],
    url: Annotated[
        str | None,
        typer.Option(
            help="Where to, with a token in the path or user:password@ before the host if one is needed. "
            "Default: this machine, the usual port and path of the protocol.",
            show_default=False,
        ),
    ] = None,
    calls: Annotated[int, typer.Option(help="So many calls at the same time.", min=1, max=1000)] = 1,
    rate: Annotated[
        float, typer.Option("--rate", "--speed", help="Times real time; 0 = as fast as the server takes it.", min=0.0)
    ] = 1.0,
    loss: Annotated[float, typer.Option(help="Share of packets that the line loses.", min=0.0, max=0.9)] = 0.0,
    jitter: Annotated[float, typer.Option(help="Mean delay of packets, in milliseconds.", min=0.0, max=5000.0)] = 0.0,
    stall: Annotated[
        float, typer.Option(help="Seconds in the middle in which nothing is sent; then all comes at once.", min=0.0)
    ] = 0.0,
    abrupt: Annotated[
        bool, typer.Option("--abrupt", help="Be gone at the end without a stop, a close or a hangup.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Another one gives other losses and delays.")] = 0,
    packet_ms: Annotated[
        int | None, typer.Option(help="Length of a packet. Default: the gateway's own.", min=10, max=200)
    ] = None,
    channels: Annotated[
        str | None, typer.Option(help="Whose voice each channel carries, e.g. `agent,customer`.", show_default=False)
    ] = None,
    queue: Annotated[str, typer.Option(help="Label of the calls.")] = "simulated",
    secret: Annotated[
        str,
        typer.Option(
            help="Sign the request: the auth token of Twilio, SignalWire or Plivo, AudioHook's API-KEY:CLIENT-SECRET.",
            envvar="VOICERISK_GATEWAY_SECRET",
            show_default=False,
        ),
    ] = "",
    api: Annotated[str, typer.Option(help="The server's API, for audiosocket and rtp.")] = API,
    api_token: Annotated[
        str, typer.Option(help="The API's token (http.token).", envvar="VOICERISK_HTTP_TOKEN", show_default=False)
    ] = "",
) -> None:
    """Play an audio file into a running server as that gateway would."""
    name = ALIASES.get(protocol, protocol)
    if name not in WAYS:
        raise typer.BadParameter(f"{protocol!r} is not known; one of {', '.join(WAYS)} is wanted")
    line = Line(loss=loss, jitter_s=jitter / 1000, stall_s=stall, abrupt=abrupt, seed=seed)
    packet_s = WAYS[name].packet_s if packet_ms is None else packet_ms / 1000
    played = [
        SimulatedCall(
            path=file,
            call_id=f"{file.stem}-{number + 1}",
            roles=_roles(channels),
            packet_s=packet_s,
            labels={"queue": queue},
            line=line,
        )
        for number in range(calls)
    ]
    try:
        ends = asyncio.run(_play_all(name, played, Target(url=url, api=Api(api, api_token), secret=secret, speed=rate)))
    except AudioFileError as error:
        err.print(f"[red]✗[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
    _print(ends)
    raise typer.Exit(1 if any(end.problem for end in ends) else 0)


async def _play_all(protocol: str, calls: Sequence[SimulatedCall], target: Target) -> list[Played]:
    """What became of each call, in their order."""
    length_s = probe(calls[0].path).duration_s
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[at]}"), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as bar:
        address = escape(place(protocol, target))
        task = bar.add_task(f"{len(calls)} call(s) to {address}", total=length_s * len(calls), at="")
        sent_s = [0.0] * len(calls)

        async def one(number: int) -> Played:
            await asyncio.sleep(number * _STAGGER_S)  # a switch does not begin all of its calls in the same moment

            def told(at_s: float) -> None:
                if at_s - sent_s[number] >= _SHOWN_EVERY_S:
                    sent_s[number] = at_s
                    at = f"{sum(sent_s) / len(calls):.0f} of {length_s:.0f} s"
                    bar.update(task, completed=sum(sent_s), at=at)

            return await play_call(protocol, calls[number], target, told)

        return await asyncio.gather(*(one(number) for number in range(len(calls))))


def _print(ends: Sequence[Played]) -> None:
    table = Table("call", Column("sent", justify="right"), Column("in", justify="right"), Column("", overflow="fold"))
    for end in ends:
        result = "; ".join(part for part in (end.problem, end.note) if part) or "taken whole"
        style = "red" if end.problem else None
        table.add_row(escape(end.call_id), f"{end.sent_s:.1f} s", f"{end.took_s:.1f} s", escape(result), style=style)
    out.print(table)


def _roles(channels: str | None) -> tuple[Role, ...] | None:
    if channels is None:
        return None
    try:
        return tuple(Role(name.strip()) for name in channels.split(","))
    except ValueError:
        raise typer.BadParameter(f"--channels {channels!r}: one of {', '.join(Role)} is wanted for each") from None
