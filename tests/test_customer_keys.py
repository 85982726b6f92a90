from pathlib import Path

import pytest

from voicerisk.customer_keys import FILE, CustomerSettings, customer_problems, load_customer_keys

_KEY = "k1:" + "ab" * 32


def test_a_key_is_made_once_and_kept_for_oneself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without keys one is made, readable for its owner alone; the next start has the same, another site another."""
    monkeypatch.delenv("VOICERISK_CUSTOMER_KEYS", raising=False)
    first = load_customer_keys(CustomerSettings(), tmp_path / "a")
    assert load_customer_keys(CustomerSettings(), tmp_path / "a") == first
    assert load_customer_keys(CustomerSettings(), tmp_path / "b") != first
    assert (tmp_path / "a" / FILE).stat().st_mode & 0o077 == 0


def test_the_environment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in the environment are taken, and none is made."""
    monkeypatch.setenv("VOICERISK_CUSTOMER_KEYS", _KEY)
    [key] = load_customer_keys(CustomerSettings(), tmp_path)
    assert key.secret == bytes.fromhex("ab" * 32)
    assert not (tmp_path / FILE).exists()


def test_a_spoilt_file_is_named_and_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that cannot be read stops the start: a new one would make strangers of all customers."""
    monkeypatch.delenv("VOICERISK_CUSTOMER_KEYS", raising=False)
    (tmp_path / FILE).write_text("spoilt")
    with pytest.raises(ValueError, match=FILE):
        load_customer_keys(CustomerSettings(), tmp_path)
    assert (tmp_path / FILE).read_text() == "spoilt"


def test_mistakes_are_named() -> None:
    """A region that is none and keys that cannot be used are found by `voicerisk check`."""
    found = customer_problems(CustomerSettings(region="Israel"), {"VOICERISK_CUSTOMER_KEYS": "k1:zz"})
    assert [problem.where for problem in found] == ["region", "keys_env"]
    assert customer_problems(CustomerSettings(region="IL"), {"VOICERISK_CUSTOMER_KEYS": _KEY}) == []
