"""The READMEs beside the recorded sessions."""

from pathlib import Path

import pytest

from voicerisk.gateways_help.readme import readmes

STREAMS = Path(__file__).parents[2] / "streams"


@pytest.mark.parametrize(("folder", "text"), readmes().items())
def test_it_is_what_the_command_prints_today(folder: str, text: str) -> None:
    """Each README is as made now; after a change of a text: python -m voicerisk.gateways_help.readme streams."""
    assert (STREAMS / folder / "README.md").read_text(encoding="utf-8") == text
    assert "never the call itself" in text


def test_every_recorded_gateway_has_one() -> None:
    """No folder with recorded sessions is without."""
    assert {path.parent.name for path in STREAMS.glob("*/*.jsonl.gz")} == set(readmes())
