import io
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from voicerisk.cli_recordings import app
from voicerisk.recordings.vault import add_part
from voicerisk.store.audit import read_audit
from voicerisk.store.database import open_database
from voicerisk.store.recordings import RecordingClass, RecordingRecord, write_recording
from voicerisk.store.settings import StoreSettings
from voicerisk.store.writer import WRITING

_SOUND = np.arange(16000, dtype=np.int16).reshape(8000, 2)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A configuration whose folder has one recording, and another's line that was let go."""
    key = Fernet.generate_key()
    monkeypatch.setenv("VOICERISK_RECORDING_KEYS", key.decode())
    add_part(tmp_path / "data/recordings/aa/aa1", _SOUND, MultiFernet([Fernet(key)]))
    engine = open_database(_settings(tmp_path))
    with Session(engine.execution_options(**WRITING)) as session, session.begin():
        for name, gone in (("aa1", None), ("bb2", 5.0)):
            write_recording(
                session,
                RecordingRecord(
                    id=name, call_id="c-1", kind=RecordingClass.ALERT, file=f"{name[:2]}/{name}", began_at_s=1.0,
                    start_s=0.0, seconds=1.0, gone_at_s=gone, gone_why="the customer opted out" if gone else "",
                ),
            )  # fmt: skip
    engine.dispose()
    path = tmp_path / "voicerisk.toml"
    path.write_text(f'data_dir = "{tmp_path}/data"\n')
    return str(path)


def _settings(folder: Path) -> StoreSettings:
    return StoreSettings(url=f"sqlite:///{folder}/data/voicerisk.db")


def _run(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(words))
    return done.exit_code, done.output


def test_a_new_key_is_one_that_encrypts() -> None:
    """What is printed is a key, and each time another."""
    first, second = (_run("new-key")[1].strip() for _ in range(2))
    assert first != second
    assert Fernet(second).decrypt(Fernet(second).encrypt(b"x")) == b"x"


def test_a_recording_is_exported_by_somebody(config: str, tmp_path: Path) -> None:
    """The WAV is the sound, and the audit log says who took it, before anything was written."""
    wav = tmp_path / "out.wav"
    code, said = _run("export", "aa1", str(wav), "--person", "Noa", "--config", config)
    assert (code, "1 s of call c-1" in said) == (0, True)
    sound, rate_hz = soundfile.read(io.BytesIO(wav.read_bytes()), dtype="int16")
    assert (rate_hz, np.array_equal(sound, _SOUND)) == (8000, True)
    engine = open_database(_settings(tmp_path))
    with Session(engine) as session:
        [line] = partial(read_audit, limit=5)(session)
    engine.dispose()
    assert (line.person, line.action, line.call_id) == ("Noa", "recording.export", "c-1")


@pytest.mark.parametrize(("id_", "said"), [("bb2", "It was let go: the customer opted out"), ("../x", "no such")])
def test_what_cannot_be_exported(config: str, tmp_path: Path, id_: str, said: str) -> None:
    """What was let go, and what there never was, is told as such, and nothing is written or logged."""
    code, told = _run("export", id_, str(tmp_path / "out.wav"), "--person", "Noa", "--config", config)
    assert code == 1
    assert said in told
    assert not (tmp_path / "out.wav").exists()


def test_the_list_has_what_is_gone_too(config: str) -> None:
    """Every recording has its line, also when the sound is gone."""
    shown = _run("list", "--config", config)[1]
    assert "aa1" in shown
    assert "bb2" in shown
