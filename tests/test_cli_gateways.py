"""`voicerisk gateways` as a person runs it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from voicerisk.cli_gateways import app

TOKEN = "a-real-token-of-the-site"
SETTINGS = f"""
[ingest]
port = 7654
[[ingest.gateways]]
path = "/pbx"
protocol = "asterisk-websocket"
tokens = ["{TOKEN}"]
[[ingest.gateways]]
path = "/cloud"
protocol = "twilio"
tokens = ["{TOKEN}"]
"""


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A configuration with two gateways."""
    path = tmp_path / "voicerisk.toml"
    path.write_text(SETTINGS)
    return str(path)


def test_every_way_in_is_listed(config: str) -> None:
    """The table, the warning and the texts of all ways in are printed, without a secret, in unbroken lines."""
    done = CliRunner().invoke(app, ["--config", config])
    assert done.exit_code == 0
    for said in ("never the call itself", "=== asterisk-websocket /pbx ===", "=== twilio /cloud ===", "(off)"):
        assert said in done.stdout
    assert "password = <TOKEN>\n" in done.stdout
    assert '<Stream url="wss://<YOUR-HOST>/cloud/<TOKEN>" track="both_tracks">\n' in done.stdout
    assert "wss://<YOUR-HOST> has to reach ws://127.0.0.1:7654" in done.stdout
    assert TOKEN not in done.stdout


def test_one_protocol(config: str) -> None:
    """With --protocol only that one is printed, and what needs no proxy says nothing of one."""
    done = CliRunner().invoke(app, ["--config", config, "--protocol", "asterisk-websocket"])
    assert done.exit_code == 0
    assert "uri = ws://127.0.0.1:7654/pbx\n" in done.stdout
    assert "/cloud" not in done.stdout
    assert "has to reach" not in done.stdout


@pytest.mark.parametrize(
    ("protocol", "said"), [("morse", "is not known; one of twilio"), ("vonage", "no gateway of this configuration")]
)
def test_what_is_not_there(config: str, protocol: str, said: str) -> None:
    """A protocol that nobody knows, or that is not configured: exit code 1 and what would be right."""
    done = CliRunner().invoke(app, ["--config", config, "--protocol", protocol])
    assert done.exit_code == 1
    assert said in done.stderr
    assert done.stdout == ""
