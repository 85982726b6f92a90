"""`voicerisk notify-test`: one message to one receiver, and what came of it."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from voicerisk.cli import ConfigOption, complain, plain_errors
from voicerisk.config import Config, load_config
from voicerisk.logs import set_up_logs
from voicerisk.notify.trial import TrialError, try_receiver

app = typer.Typer()
out = Console()


@app.command(name="notify-test")
def notify_test(
    receiver: Annotated[
        str, typer.Argument(help="Name of a receiver, as in [notify.receivers.NAME].", show_default=False)
    ],
    config: ConfigOption = None,
) -> None:
    """Send one test message to a receiver, once, and say plainly what happened. Exits 1 if it was not taken.

    Run it where the service runs, with the same environment variables. The message says that it is a test. With a
    receiver of kind webpush it goes to every browser on which notifications are switched on.
    """
    with plain_errors():
        settings = load_config(config, os.environ)
    set_up_logs("error", "text")
    try:
        taken = asyncio.run(_send(receiver, settings))
    except TrialError as error:
        complain(str(error))
        raise typer.Exit(1) from None
    raise typer.Exit(0 if taken else 1)


async def _send(receiver: str, settings: Config) -> bool:
    results = await try_receiver(
        receiver, settings.notify, settings.store_settings, os.environ, Path(settings.data_dir)
    )
    for result in results:
        out.print(f"{'✓' if result.taken else '✗'} {result.text}", highlight=False, markup=False, soft_wrap=True)
    return all(result.taken for result in results)
