"""`voicerisk recordings`: the key they are encrypted with, what there is, and one of them as a WAV file."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from cryptography.fernet import Fernet
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from voicerisk import clock
from voicerisk.cli import ConfigOption, complain, plain_errors
from voicerisk.config import load_config
from voicerisk.recordings.settings import KeysError, recording_keys
from voicerisk.recordings.vault import VaultError, find_parts
from voicerisk.recordings.wav import wav_bytes, wav_piece
from voicerisk.server.auth import clean_name
from voicerisk.store.audit import write_audit
from voicerisk.store.database import open_database
from voicerisk.store.recordings import RecordingRecord, read_recording, read_recordings
from voicerisk.store.records import AuditEntry
from voicerisk.store.writer import WRITING

app = typer.Typer(no_args_is_help=True, help="Recordings of flagged calls: their key, their list, one as a WAV file.")
out = Console()


@app.command(name="new-key")
def new_key() -> None:
    """Print a new key to encrypt recordings with.

    Put it into the environment of the service: VOICERISK_RECORDING_KEYS=<new key>,<older keys>. The first encrypts, all
    decrypt. Whoever loses the keys loses the recordings; whoever has them and the files can hear them.
    """
    out.print(Fernet.generate_key().decode(), highlight=False)


@app.command("list")
def list_(
    config: ConfigOption = None, limit: Annotated[int, typer.Option(help="How many.", min=1, max=100_000)] = 50
) -> None:
    """Show the recordings, the newest first, also those that were let go."""
    with plain_errors():
        engine = open_database(load_config(config).store_settings)
        with Session(engine) as session:
            records = partial(read_recordings, limit=limit)(session)
        engine.dispose()
    table = Table("id", "call", "why", "began (UTC)", "seconds", "gone", box=None)
    for record in records:
        began = datetime.fromtimestamp(record.began_at_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
        table.add_row(record.id, record.call_id, record.kind, began, f"{record.seconds:.0f}", record.gone_why)
    out.print(table)


@app.command()
def export(
    recording: Annotated[str, typer.Argument(help="Its id, as `voicerisk recordings list` shows it.")],
    to: Annotated[Path, typer.Argument(help="WAV file to write: 8 kHz, customer left, agent right.")],
    person: Annotated[str, typer.Option(help="Who exports it: the audit log has the name before the file is written.")],
    config: ConfigOption = None,
) -> None:
    """Decrypt one recording into a WAV file. From then on nothing here can take it back."""
    with plain_errors():
        settings = load_config(config)
        try:
            name = clean_name(person)
            keys = recording_keys(settings.recordings)
        except (KeysError, ValueError) as error:
            complain(f"{error}.")
            raise typer.Exit(1) from None
        if keys is None:
            complain(f"No key to decrypt with: set {settings.recordings.keys_env}.")
            raise typer.Exit(1)
        engine = open_database(settings.store_settings)
        with Session(engine.execution_options(**WRITING)) as session, session.begin():
            record = read_recording(session, recording)
            if record is not None and record.gone_at_s is None:
                write_audit(session, _entry(record, name, to))
        engine.dispose()
        if record is None or record.gone_at_s is not None:
            complain("There is no such recording." if record is None else f"It was let go: {record.gone_why}.")
            raise typer.Exit(1)
        path = Path(settings.data_dir) / "recordings" / record.file
        try:
            parts = find_parts(path)
            with to.open("wb") as file:
                file.writelines(wav_piece(path, parts, 0, wav_bytes(parts), keys))
        except (VaultError, OSError) as error:
            complain(f"{error}.")
            raise typer.Exit(1) from None
    words = f"{to}: {record.seconds:.0f} s of call {record.call_id}"
    out.print(words, highlight=False, markup=False, soft_wrap=True)


def _entry(record: RecordingRecord, name: str, to: Path) -> AuditEntry:
    return AuditEntry(
        at_s=clock.now_s(),
        person=name,
        action="recording.export",
        call_id=record.call_id,
        alert_id=record.alert_id,
        detail=f"{record.id} to {to.name}",
    )
