"""`voicerisk people`: who may sign in with a password of their own, and what they may do."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.orm import Session

from voicerisk import clock
from voicerisk.cli import ConfigOption, complain, plain_errors
from voicerisk.config import load_config
from voicerisk.server.access import GRANTS, AccessRole
from voicerisk.server.auth import clean_name
from voicerisk.server.passwords import hash_password
from voicerisk.store.database import open_database
from voicerisk.store.people import Person, read_people, remove_person, write_person
from voicerisk.store.writer import WRITING, Work

T = TypeVar("T")

app = typer.Typer(no_args_is_help=True, help="People who sign in with a password of their own, and their roles.")
out = Console()

NameArgument = Annotated[str, typer.Argument(help="The name as it stands in the log of who did what.")]


@app.command()
def add(
    name: NameArgument,
    role: Annotated[AccessRole, typer.Option(help="What the person may do; see `voicerisk people roles`.")],
    config: ConfigOption = None,
) -> None:
    """Add a person, or give one a new role and password.

    The password is asked for twice; with standard input from elsewhere its first line is taken. It counts where
    `http.token` is set: without that, everybody on this machine is let in.
    """
    with plain_errors():
        settings = load_config(config)
        try:
            name = clean_name(name)
            hashed = hash_password(_asked_password())
        except ValueError as error:
            complain(f"{error}.")
            raise typer.Exit(1) from None
        person = Person(name=name, role=role.value, password=hashed, since_s=clock.now_s())
        _in_store(config, partial(write_person, person=person))
    out.print(f"{name} may sign in as {role.value}.", markup=False, highlight=False)
    if not settings.http.token:
        complain("http.token is not set, so nobody is asked for a password yet.")


@app.command("list")
def list_(config: ConfigOption = None) -> None:
    """Show who there is."""
    with plain_errors():
        people = _in_store(config, read_people)
    if not people:
        out.print("Nobody yet. Add somebody: voicerisk people add NAME --role supervisor")
        return
    table = Table("name", "role", box=None)
    for person in people:
        table.add_row(person.name, person.role)
    out.print(table)


@app.command()
def remove(name: NameArgument, config: ConfigOption = None) -> None:
    """Take a person's way in away. Who is signed in is asked to sign in again some seconds later."""
    with plain_errors():
        gone = _in_store(config, partial(remove_person, name=name))
    if not gone:
        complain(f"There is nobody of the name {name!r}.")
        raise typer.Exit(1)
    out.print(f"{name} may not sign in any more.", markup=False, highlight=False)


@app.command()
def roles() -> None:
    """Show what each role may do."""
    table = Table("role", "may", box=None)
    for role, permissions in GRANTS.items():
        table.add_row(role.value, ", ".join(sorted(permission.value for permission in permissions)))
    out.print(table)


def _asked_password() -> str:
    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    return sys.stdin.readline().rstrip("\n")


def _in_store(config: Path | None, work: Work[T]) -> T:
    engine = open_database(load_config(config).store_settings)
    try:
        with Session(engine.execution_options(**WRITING)) as session, session.begin():
            return work(session)
    finally:
        engine.dispose()
