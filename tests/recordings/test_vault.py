import os
from pathlib import Path

import numpy as np
import pytest
from cryptography.fernet import Fernet, MultiFernet

from voicerisk.recordings.settings import KeysError, RecordingSettings, recording_keys
from voicerisk.recordings.vault import Both, VaultError, add_part, find_parts, read_samples

_KEYS = MultiFernet([Fernet(Fernet.generate_key())])


def _sound(n: int, seed: int = 0) -> Both:
    return np.random.default_rng(seed).integers(-9000, 9000, (n, 2)).astype(np.int16)


def test_any_span_comes_back_as_it_was(tmp_path: Path) -> None:
    """Of a recording in three parts every span is read back sample for sample, across the borders of parts."""
    path = tmp_path / "a" / "x"
    parts = [_sound(n, n) for n in (1000, 700, 1)]
    for part in parts:
        add_part(path, part, _KEYS)
    whole = np.concatenate(parts)
    found = find_parts(path)
    assert found.n_samples == 1701
    for first, last in ((0, 1701), (0, 1), (990, 1010), (999, 1701), (1700, 1701), (500, 500), (0, 9999)):
        read = list(read_samples(path, found, first, last, _KEYS))
        expected = whole[first:last]
        assert np.array_equal(np.concatenate([*read, whole[:0]]), expected)


def test_the_file_holds_no_sound_in_the_clear(tmp_path: Path) -> None:
    """Nothing of FLAC or the samples can be seen in the file, and nobody but its owner may read it."""
    path = tmp_path / "x"
    add_part(path, _sound(4000), _KEYS)
    assert b"fLaC" not in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


def test_a_part_cut_short_by_a_crash_costs_only_itself(tmp_path: Path) -> None:
    """Whatever of the last part is missing, the parts before it are there."""
    path = tmp_path / "x"
    add_part(path, _sound(1000, 1), _KEYS)
    whole_bytes = path.stat().st_size
    add_part(path, _sound(1000, 2), _KEYS)
    content = path.read_bytes()
    for n_bytes in (whole_bytes, whole_bytes + 3, whole_bytes + 8, len(content) - 1):
        path.write_bytes(content[:n_bytes])
        assert find_parts(path).n_samples == 1000
        assert np.array_equal(next(read_samples(path, find_parts(path), 0, 1000, _KEYS)), _sound(1000, 1))


def test_a_changed_file_or_another_key_is_refused(tmp_path: Path) -> None:
    """One bit changed, or another key: the reader says so and gives nothing."""
    path = tmp_path / "x"
    add_part(path, _sound(1000), _KEYS)
    with pytest.raises(VaultError, match="another key"):
        list(read_samples(path, find_parts(path), 0, 10, MultiFernet([Fernet(Fernet.generate_key())])))
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(VaultError, match="was changed"):
        list(read_samples(path, find_parts(path), 0, 10, _KEYS))
    with pytest.raises(VaultError, match="cannot be read"):
        find_parts(tmp_path / "nothing")


def test_keys_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a key nothing is recorded; behind a new key the old one still reads its work; a bad one is named."""
    monkeypatch.delenv("VOICERISK_RECORDING_KEYS", raising=False)
    settings = RecordingSettings()
    assert recording_keys(settings) is None
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    add_part(tmp_path / "x", _sound(10), MultiFernet([Fernet(old)]))
    monkeypatch.setenv("VOICERISK_RECORDING_KEYS", f"{new}, {old}")
    keys = recording_keys(settings)
    assert keys is not None
    assert len(next(read_samples(tmp_path / "x", find_parts(tmp_path / "x"), 0, 10, keys))) == 10
    monkeypatch.setenv("VOICERISK_RECORDING_KEYS", f"{new},hunter2")
    with pytest.raises(KeysError, match="key 2 is not 32 bytes") as caught:
        recording_keys(settings)
    assert "hunter2" not in str(caught.value)


def test_a_part_that_the_disk_has_no_room_for_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full half way through a part costs that part; the next one is found behind those before."""
    path = tmp_path / "x"
    first, second = _sound(900, 1), _sound(800, 2)
    add_part(path, first, _KEYS)
    real = os.write

    def full(file: int, data: bytes) -> int:
        real(file, bytes(data)[:100])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            add_part(path, _sound(500, 3), _KEYS)
    add_part(path, second, _KEYS)
    found = find_parts(path)
    assert np.array_equal(
        np.concatenate(list(read_samples(path, found, 0, 1700, _KEYS))), np.concatenate([first, second])
    )
