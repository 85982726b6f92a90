"""The [control] table: every adapter from TOML, and what only the whole can tell."""

import pytest

from voicerisk.config import Config, config_problems
from voicerisk.control.modes import Mode
from voicerisk.control.settings import ControlSettings, control_problems
from voicerisk.control.switches import switches_for
from voicerisk.settings import SettingsError, parse

TOML = """
[control]
confirm = ["barge"]
[control.gateways.twilio]
kind = "esl"
host = "10.0.0.1"
password_env = "X"
legs.agent = "{peer}"
[control.supervisors]
"Dana Levi" = "user/2001"
"Ruth" = { twilio = "+15550100", "*" = "user/2002" }
"""


def test_from_toml() -> None:
    """Gateways by name with their adapter, supervisors with one address or one for each gateway."""
    control = parse(TOML, Config, "x").control
    legs = control.gateways["twilio"].legs
    assert (legs.call, legs.agent, legs.customer) == ("{call}", "{peer}", "{call}")
    assert control.endpoint_of("Dana Levi", "twilio") == "user/2001"
    assert control.endpoint_of("Ruth", "twilio") == "+15550100"
    assert control.endpoint_of("Ruth", "asterisk") == "user/2002"
    assert control.confirm == (Mode.BARGE,)
    assert config_problems(Config(control=control), "x") == []
    assert set(switches_for(control.gateways)) == {"twilio"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('kind = "smoke-signals"', "smoke-signals"),
        ('hosts = "x"', "no such key"),
        ("ring_s = 1000.0", "ring_s"),
        ('caller_id = "a b, c"', "caller_id"),
    ],
)
def test_mistakes_are_named(line: str, words: str) -> None:
    """A wrong adapter, key or value is said with its place."""
    lines = ["[control.gateways.twilio]", 'kind = "esl"', 'host = "h"', 'password_env = "X"']
    key = line.split(" =")[0]
    text = "\n".join([*(each for each in lines if not each.startswith(f"{key} =")), line])
    with pytest.raises(SettingsError, match=words):
        parse(text, Config, "x")


def test_what_only_the_whole_tells() -> None:
    """Names of gateways that there are not, and a confirmation for what nobody hears."""
    text = TOML.replace("gateways.twilio", "gateways.nowhere").replace('["barge"]', '["listen"]')
    found = [problem.where for problem in control_problems(parse(text, Config, "x").control, ["twilio"])]
    assert found == ["gateways.nowhere", "supervisors.Ruth.twilio", "confirm"]
    assert list(control_problems(ControlSettings(), [])) == []
