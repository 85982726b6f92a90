"""The page about what ships."""

import tomllib
from pathlib import Path

import pytest

from voicerisk.config import Config, config_problems
from voicerisk.risk import library
from voicerisk.risk.brakes import SENTENCES
from voicerisk.risk.library.table import in_document
from voicerisk.settings import parse

PAGE = Path(__file__).parents[2] / "docs" / "risk.md"


def test_the_page_says_what_ships() -> None:
    """Its tables are those of the library; after a change of it, run `python scripts/write_risk_tables.py`."""
    text = PAGE.read_text(encoding="utf-8")
    assert text == in_document(text)
    for sentence in SENTENCES.values():
        assert sentence in text


def test_the_examples_on_the_page_are_good() -> None:
    """All of them together are a configuration without a mistake; what they show as defaults are the defaults."""
    blocks = PAGE.read_text(encoding="utf-8").split("```toml\n")[1:]
    text = "\n".join(block.split("```")[0] for block in blocks)
    config = parse(text, Config, "risk.md", under={"risk": library.tables()})
    assert config_problems(config, "risk.md", text) == []
    assert (config.risk.brakes, config.risk.desk) == (Config().risk.brakes, Config().risk.desk)
    assert tomllib.loads(text)["risk"].keys() == {"gauges", "rules", "duty", "brakes", "actions", "desk"}
    assert config.errands.workers.keys() == {"workforce"}


def test_a_page_without_the_place_is_refused() -> None:
    """The tables are put nowhere but where the page keeps a place for them."""
    with pytest.raises(ValueError, match="the document has no"):
        in_document("# A page\n")
