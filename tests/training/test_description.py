"""The words of a model's card."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.training.made import clip
from voicerisk.scoring.model_file import Thresholds
from voicerisk.training.card import CARD_MARKS
from voicerisk.training.corpora import CORPORA
from voicerisk.training.description import WIDTH, card_text, speech_learned
from voicerisk.training.settings import TrainSettings, read_settings

SHIPPED = sorted((Path(__file__).parents[2] / "models").glob("*/train.toml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.parent.name)
def test_card_credits_every_corpus(file: Path) -> None:
    """A shipped model's card names each corpus with title, address, makers, licence and what to beware of."""
    settings = read_settings(file)
    text = " ".join(card_text(settings).split())
    for name in (*settings.corpora, *settings.speech_corpora):
        corpus = CORPORA[name]
        for said in (f"[{corpus.title}]({corpus.url})", corpus.credit, corpus.licence, *corpus.cautions):
            assert said in text


def test_every_corpus_has_makers_an_address_and_a_caution() -> None:
    """No corpus is without what attribution asks for, nor without a word on what is wrong with it."""
    for corpus in CORPORA.values():
        assert corpus.credit
        assert corpus.url.startswith("http")
        assert corpus.cautions


def test_share_alike_is_explained_where_it_matters() -> None:
    """Share-alike is explained, by the corpora that ask for it, and only where one of them is used."""
    assert "Share-alike (fsdd) means" in speech_learned(["emodb"], ["fsdd", "noise"])
    assert "hare-alike" not in speech_learned(["emodb"], ["speechocean762", "noise"])


def test_unclear_and_non_commercial_licences_are_warned_of() -> None:
    """One corpus that is not clearly open is enough for the warning; open corpora alone do without it."""
    warning = "unsettled law: ask your own counsel"
    assert warning in " ".join(speech_learned(["emodb", "ased"], []).split())
    assert warning in " ".join(speech_learned(["emodb", "nemo"], []).split())
    assert warning not in speech_learned(["emodb", "emogator"], ["fsdd"])


def test_amounts_are_of_what_taught() -> None:
    """The table counts the clips of speakers that may teach: emodb_11 and emodb_15, not emodb_03 of the test part."""
    clips = [clip(speaker, "angry", n) for speaker in ("emodb_03", "emodb_11", "emodb_15") for n in range(4)]
    clips = [replace(one, duration_s=450.0) for one in clips]
    assert "| 8 clips, 2 speakers, 1.0 h |" in speech_learned(["emodb"], [], clips)
    assert "clips," not in speech_learned(["emodb"], [])


def test_card_says_what_the_settings_say() -> None:
    """Sizes, copies, levels and the budget of false alarms in the text are those of the settings."""
    settings = TrainSettings(name="made", version="1", corpora=("emodb",), copies=7, false_alarms_per_hour=0.4)
    line = msgspec.structs.replace(settings.line, level_db=(-31.0, -9.0))
    tone = msgspec.structs.replace(settings.tone, members=9, hidden=13)
    text = " ".join(card_text(msgspec.structs.replace(settings, line=line, tone=tone)).split())
    for said in ("7 times over a line", "-31 to -9 dBFS", "9 networks of 13 units", "for 0.4 false alarms an hour"):
        assert said in text
    by_hand = msgspec.structs.replace(settings, thresholds=Thresholds(enter=0.5, leave=0.4, hold_s=1.0))
    assert "set by hand" in card_text(by_hand)


def test_card_has_room_for_its_tables_and_short_lines() -> None:
    """The marks for the tables come once, at the end, and no line but a table's or a bare address' is too long."""
    text = card_text(read_settings(SHIPPED[0]))
    assert text.endswith(f"{CARD_MARKS[0]}\n{CARD_MARKS[1]}\n")
    assert text.count(CARD_MARKS[0]) == 1
    assert all(len(line) <= WIDTH for line in text.splitlines() if not line.startswith("|"))
