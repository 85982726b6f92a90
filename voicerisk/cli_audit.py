"""`voicerisk audit`: who did what, and whether the log of it is whole."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from voicerisk.cli import ConfigOption, complain, plain_errors
from voicerisk.config import load_config
from voicerisk.store.audit import read_audit, read_chain, verify
from voicerisk.store.database import open_database

app = typer.Typer(no_args_is_help=True, help="Who listened, whispered, resolved and deleted, and when.")
out = Console()


@app.command(name="verify")
def verify_(config: ConfigOption = None) -> None:
    """Check that no line of the audit log was changed, removed or put in. Exits 1 and names the line where one was.

    Each line holds a hash over itself and the line before. Note the last hash somewhere else now and then: up to that
    line nobody can write the log anew unseen, not even with the database in hand.
    """
    with plain_errors():
        engine = open_database(load_config(config).store_settings)
        with Session(engine) as session:
            verdict = verify(read_chain(session))
        engine.dispose()
    if verdict.broken is not None:
        complain(f"Line {verdict.broken.id} {verdict.broken.wrong}. The {verdict.n_lines} lines before it are whole.")
        raise typer.Exit(1)
    out.print(
        f"{verdict.n_lines} lines, all whole. The last hash: {verdict.last_hash}", highlight=False, soft_wrap=True
    )


@app.command(name="list")
def list_(
    config: ConfigOption = None, limit: Annotated[int, typer.Option(help="How many lines.", min=1, max=100_000)] = 50
) -> None:
    """Show the newest lines, the newest first."""
    with plain_errors():
        engine = open_database(load_config(config).store_settings)
        with Session(engine) as session:
            lines = partial(read_audit, limit=limit)(session)
        engine.dispose()
    table = Table("when (UTC)", "who", "what", "call", "result", "detail", box=None)
    for line in lines:
        when = datetime.fromtimestamp(line.at_s, UTC).isoformat(sep=" ", timespec="seconds").removesuffix("+00:00")
        table.add_row(when, line.person, line.action, line.call_id or "", line.result, line.detail)
    out.print(table)
