import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from voicerisk import cli_audit, cli_people
from voicerisk.server.access import AccessRole


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A configuration with a folder of its own."""
    path = tmp_path / "voicerisk.toml"
    path.write_text(f'data_dir = "{tmp_path}/data"\n[http]\ntoken = "a token of sixteen or more"\n')
    return str(path)


def _run(*words: str, typed: str = "") -> tuple[int, str]:
    group, *rest = words
    app = {"people": cli_people.app, "audit": cli_audit.app}[group]
    done = CliRunner().invoke(app, rest, input=typed, env={"COLUMNS": "200"})
    return done.exit_code, done.output


def test_people_come_and_go(config: str) -> None:
    """A person is added with a role, shown, given another role, and taken away again."""
    assert _run("people", "list", "--config", config)[1].startswith("Nobody yet")
    for role in ("qa", "supervisor"):
        code, said = _run("people", "add", "Maya", "--role", role, "--config", config, typed="correct horse\n")
        assert (code, said) == (0, f"Maya may sign in as {role}.\n")
    shown = _run("people", "list", "--config", config)[1]
    assert "supervisor" in shown
    assert "qa" not in shown
    assert "correct" not in shown
    assert _run("people", "remove", "Maya", "--config", config)[0] == 0
    code, said = _run("people", "remove", "Maya", "--config", config)
    assert code == 1
    assert "nobody of the name 'Maya'" in said


def test_a_password_that_can_be_guessed_is_refused(config: str) -> None:
    """A short password is told as such and nobody is added."""
    code, said = _run("people", "add", "Maya", "--role", "qa", "--config", config, typed="secret\n")
    assert code == 1
    assert "a password has 10 to 200 characters" in said
    assert _run("people", "list", "--config", config)[1].startswith("Nobody yet")


def test_the_database_holds_no_password(config: str, tmp_path: Path) -> None:
    """What is stored is an Argon2id hash."""
    _run("people", "add", "Maya", "--role", "qa", "--config", config, typed="correct horse\n")
    with sqlite3.connect(tmp_path / "data" / "voicerisk.db") as connection:
        [(stored,)] = connection.execute("SELECT password FROM people").fetchall()
    connection.close()
    assert stored.startswith("$argon2id$")


def test_roles_are_explained() -> None:
    """Each role is shown with what it may do."""
    shown = _run("people", "roles")[1]
    rows = {line.split()[0]: line.split(maxsplit=1)[1].strip() for line in shown.splitlines()}
    assert rows["gateway"] == "connect, tell"
    assert set(rows) == {"role", *AccessRole}


def test_an_audit_log_that_was_edited_is_found_out(config: str, tmp_path: Path) -> None:
    """`audit verify` says how many lines are whole, and after an edit which line is not, with exit code 1."""
    code, said = _run("audit", "verify", "--config", config)
    assert (code, said.split(",")[0]) == (0, "0 lines")
    with sqlite3.connect(tmp_path / "data" / "voicerisk.db") as connection:
        connection.execute(
            "INSERT INTO audit (at_s, person, action, result, detail, previous, hash) "
            "VALUES (1.0, 'Maya', 'listen.start', 'ok', '', '" + "0" * 64 + "', 'forged')"
        )
    connection.close()
    code, said = _run("audit", "verify", "--config", config)
    assert code == 1
    assert "Line 1 was changed after it was written" in said
    assert "Maya" in _run("audit", "list", "--config", config)[1]
