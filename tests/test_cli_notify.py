"""Tests of `voicerisk notify-test`."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.notify.http_receiver import http_receiver
from tests.notify.made import SECRET, SECRET_ENV
from voicerisk import cli_notify

_TABLE = """
data_dir = "{folder}"
[notify.receivers.crm]
kind = "webhook"
url = "{url}"
secret_env = "{env}"
[[notify.routes]]
receivers = ["crm"]
"""


async def test_it_says_what_happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken exits 0; not taken, unknown, and a secret that is not set exit 1; each in words."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv(SECRET_ENV, SECRET)
    # Logs would be set up for the whole run of the tests.
    monkeypatch.setattr(cli_notify, "set_up_logs", lambda *_: None)
    path = tmp_path / "voicerisk.toml"

    async def run(name: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, cli_notify.app, [name, "--config", str(path)])

    async with http_receiver() as receiver:
        path.write_text(_TABLE.format(folder=tmp_path, url=receiver.url, env=SECRET_ENV), encoding="utf-8")
        taken = await run("crm")
        assert (taken.exit_code, taken.stdout) == (0, "✓ crm has taken the message\n")
        receiver.answers.append((500, {}, b""))
        refused = await run("crm")
        assert (refused.exit_code, "answered 500" in refused.stdout) == (1, True)
    unknown = await run("cmr")
    assert (unknown.exit_code, "Receivers here: crm" in unknown.stderr) == (1, True)
    monkeypatch.delenv(SECRET_ENV)
    unset = await run("crm")
    assert (unset.exit_code, f"'{SECRET_ENV}' is not set" in unset.stderr) == (1, True)
