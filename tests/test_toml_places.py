"""Tests of voicerisk.toml_places: the line of a key, for the messages about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.toml_places import Places

TEXT = """\
drain_s = 1
[ingest]
port = 5  # a comment
[[ingest.gateways]]
path = "/a"
[ingest.gateways.options]
stereo = true
[[ingest.gateways]]
path = "/b"
auth.basic = { user = "x" }

[risk.gauges.wait_s]
zones.red = { enter = 45 }
[[risk.procedures."open it".steps]]
kind = "show"
[[ risk.procedures."open it".steps ]]
kind = "note"
text.en = "x"
"""


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("drain_s", "v.toml:1"),
        ("ingest", "v.toml:2"),
        ("ingest.port", "v.toml:3"),
        ("ingest.gateways[0].path", "v.toml:5"),
        ("ingest.gateways[0].options.stereo", "v.toml:7"),
        ("ingest.gateways[1].path", "v.toml:9"),
        ("ingest.gateways[1].auth.basic.user", "v.toml:10"),
        ("risk.gauges.wait_s.zones.red.enter", "v.toml:13"),
        ("risk.procedures.open it.steps[1].text.en", "v.toml:18"),
        ("risk.gauges.wait_s.title", "v.toml:12"),
        ("risk.procedures.open it.steps[0].text", "v.toml:14"),
        ("risk.procedures.open it.steps[2]", "v.toml"),
        ("risk.rules.tense_call.owner", "v.toml"),
        ("call.grace_s", "v.toml"),
    ],
)
def test_a_key_stands_on_its_line_or_else_on_that_of_its_table(key: str, place: str) -> None:
    """Own line, inline table, dotted and quoted keys, lists of tables; what is nowhere in the file has no line."""
    assert Places(TEXT, "v.toml").of_dotted(key) == f"{place}: {key}"


def test_the_file_itself_has_no_line() -> None:
    """A mistake of the whole is that of the file."""
    assert Places(TEXT, "v.toml").of(()) == "v.toml: the file"


@given(st.text(), st.text())
def test_any_text_has_places(text: str, key: str) -> None:
    """No text and no key is too odd to be answered with the file's name."""
    assert Places(text, "v.toml").of_dotted(key).startswith("v.toml")
