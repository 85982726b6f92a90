"""What `voicerisk check` says of a configuration that is good."""

from pathlib import Path

from sqlalchemy.orm import Session

from tests.store.test_red_time import fill
from voicerisk.check_notes import check_notes
from voicerisk.config import Config, load_config
from voicerisk.store.database import open_database


def notes(folder: Path, text: str = "") -> list[str]:
    """The notes about the configuration in that text, its store in this folder."""
    path = folder / "v.toml"
    path.write_text(f'data_dir = "{folder}"\n{text}', encoding="utf-8")
    return list(check_notes(load_config(path)))


def test_it_says_what_is_watched_and_what_is_switched_off(tmp_path: Path) -> None:
    """Everything that ships is at work; a gauge and its rule taken out are named."""
    assert notes(tmp_path)[1] == "Watched: 28 gauges, 23 rules, 23 procedures."
    off = "[risk.gauges.offhours]\nenabled = false\n[risk.rules.closed_when_needed]\nenabled = false\n"
    said = "27 gauges, 22 rules, 23 procedures; switched off: gauge offhours, rule closed_when_needed."
    assert notes(tmp_path, off)[1] == f"Watched: {said}"


def test_a_brake_that_is_off_is_never_passed_over(tmp_path: Path) -> None:
    """The sentence that took it off is read back."""
    sentence = "Voicerisk may write to customers without a person's decision."
    assert any(sentence in note for note in notes(tmp_path, f'[risk.brakes]\nallow_automatic = ["{sentence}"]\n'))


def test_a_gauge_that_is_always_red_is_furniture(tmp_path: Path) -> None:
    """More than a fifth of the stored time in red is a warning that names gauge, share and needle; a fifth is not."""
    engine = open_database(Config(data_dir=str(tmp_path)).store_settings)
    with Session(engine) as session:
        fill(session, "wait_s", "billing", 21, 100)
        fill(session, "load", "billing", 20, 100)
        fill(session, "a_gauge_of_the_past", "site", 100, 100)
    engine.dispose()
    warnings = [note for note in notes(tmp_path) if note.startswith("Warning")]
    assert len(warnings) == 1
    assert warnings[0].startswith("Warning: risk.gauges.wait_s was red for 21% of the stored time (billing).")


def test_a_store_that_cannot_be_read_is_no_mistake_of_the_configuration(tmp_path: Path) -> None:
    """The check goes on and says what it could not look at."""
    (tmp_path / "voicerisk.db").write_text("no database at all, whatever its name may say" * 30)
    assert any(note.startswith("Note: how long gauges were red is not known") for note in notes(tmp_path))
