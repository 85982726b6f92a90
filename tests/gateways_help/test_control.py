"""What is printed so that supervisors can act on a switch: pasteable, whole, and without anything private."""

import tomllib

import msgspec
import pytest

from voicerisk.config import Config, config_problems
from voicerisk.control.settings import ControlSettings
from voicerisk.gateways_help.control import control_kind, control_text
from voicerisk.gateways_help.ways import ways_in

KINDS = ("ari", "ami", "esl", "twilio", "genesys", "connect", "telnyx", "vonage", "jambonz", "webhook")
SETTINGS = {
    "ari": {"url": "http://pbx:8088/ari", "user": "u", "password_env": "X", "context": "my-spy"},
    "ami": {"host": "pbx", "user": "u", "password_env": "X", "context": "my-spy"},
    "esl": {"host": "pbx", "password_env": "X"},
    "twilio": {"account": "AC1", "token_env": "X", "caller_id": "+4930555000111"},
    "genesys": {},
    "connect": {"instance": "i", "region": "eu-central-1"},
    "telnyx": {"connection_id": "1", "api_key_env": "X", "caller_id": "+4930555000111"},
    "vonage": {"application": "a", "private_key_file": "k", "caller_id": "+4930555000111"},
    "jambonz": {"api_url": "https://j/api/v1", "account": "a", "application": "b", "api_key_env": "X"},
    "webhook": {"url": "https://x", "secret_env": "X"},
}


def _config(kind: str) -> Config:
    control = {"gateways": {"twilio": {"kind": kind, **SETTINGS[kind]}}, "supervisors": {"Dana": "+4930555000222"}}
    return msgspec.convert({"control": control}, Config)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_printed_can_be_pasted(kind: str) -> None:
    """The lines for voicerisk.toml are a configuration of that adapter; nothing is left open or given away."""
    config = _config(kind)
    way = next(way for way in ways_in(config) if way.protocol == "twilio")
    assert control_kind(way, config) == kind
    text = control_text(way, config)
    assert "{{" not in text
    assert "555000" not in text
    if kind in ("ari", "ami"):
        assert "[my-spy]" in text
    toml = text.partition("--- voicerisk.toml ---\n")[2].partition("\n\n")[0]
    pasted = msgspec.convert(tomllib.loads(toml)["control"], ControlSettings)
    assert set(pasted.gateways) == {"twilio"}
    assert len(pasted.supervisors) == 1
    assert config_problems(Config(control=pasted), "x") == []


def test_every_gateway_has_a_text() -> None:
    """Every way in of the usual configuration has its adapter, the webhook where the platform has none of its own."""
    kinds = {way.protocol: control_kind(way, Config()) for way in ways_in(Config())}
    assert (kinds["asterisk-websocket"], kinds["freeswitch-audio-fork"], kinds["audiohook"]) == (
        "ari",
        "esl",
        "genesys",
    )
    assert kinds["plivo"] == "webhook"
    assert all(control_text(way, Config()) for way in ways_in(Config()))
