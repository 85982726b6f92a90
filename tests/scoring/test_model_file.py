import hashlib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scoring.toy import toy_spec
from voicerisk.scoring.model_file import (
    ModelError,
    ModelFile,
    StateSpec,
    Thresholds,
    Window,
    read_model_file,
    write_model_folder,
)


def write(folder: Path, text: str) -> Path:
    """A model.toml with that text."""
    path = folder / "model.toml"
    path.write_text(text, encoding="utf-8")
    return path


def toml(**changes: object) -> str:
    """A right model.toml with some top-level keys changed; a change to None leaves the key out."""
    spec = {**msgspec.to_builtins(toy_spec()), **changes}
    return msgspec.toml.encode({key: value for key, value in spec.items() if value is not None}).decode()


def test_round_trip(tmp_path: Path) -> None:
    """What is written is what is read, free tables included, and the hash is that of the graph."""
    spec = msgspec.structs.replace(toy_spec(), training={"seed": 7, "corpora": ["a", "b"]}, calibration={"t": 1.5})
    written = write_model_folder(tmp_path / "m", b"graph", spec, "# Card\n")
    assert written == read_model_file(tmp_path / "m" / "model.toml")
    assert written == msgspec.structs.replace(spec, sha256=hashlib.sha256(b"graph").hexdigest())
    assert (tmp_path / "m" / "CARD.md").read_text() == "# Card\n"


def test_scalar_state_is_allowed(tmp_path: Path) -> None:
    """A state of shape [] is one number per call."""
    spec = msgspec.structs.replace(toy_spec(), state=(StateSpec("gain", ()),))
    assert write_model_folder(tmp_path / "m", b"", spec, "").state == (StateSpec("gain", ()),)


def test_missing_file_says_what_belongs_there(tmp_path: Path) -> None:
    """A folder without model.toml is refused with the names of the three files."""
    with pytest.raises(ModelError, match=r"model\.toml: missing; .* model\.onnx, model\.toml and CARD\.md"):
        read_model_file(tmp_path / "model.toml")


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"windw": {}}, "unknown field `windw`"),
        ({"version": None}, "missing required field `version`"),
        ({"sha256": "abc"}, r"\$\.sha256"),
        ({"name": "../etc"}, r"\$\.name"),
        ({"rate_hz": 16000}, "rate_hz is 16000; every call is brought to 8000 Hz"),
        ({"chunk_samples": 3840}, "chunk_samples is 3840; the grid is fixed at 1920"),
        ({"emotions": ["joy", "joy"]}, "name a label twice"),
        ({"emotions": ["joy"]}, r"\$\.emotions"),
        ({"thresholds": {"enter": 0.4, "leave": 0.6, "hold_s": 1.0}}, "leave 0.6 is above enter 0.4"),
        ({"thresholds": {"enter": 1.4, "leave": 0.6, "hold_s": 1.0}}, r"\$\.thresholds\.enter"),
        ({"state": [{"name": "a", "shape": [1]}, {"name": "a", "shape": [2]}]}, "repeat"),
        ({"state": [{"name": "tension", "shape": [1]}]}, "names of the contract's own"),
        ({"state": [{"name": "a", "shape": [0]}]}, r"\$\.state"),
        ({"window": {"speech_s": 0.0}}, r"\$\.window\.speech_s"),
        ({"window": {"speech": 3.0}}, "unknown field `speech`"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, changes: dict[str, object], complaint: str) -> None:
    """Each mistake in model.toml is an error that names the file and the key."""
    with pytest.raises(ModelError, match=complaint) as caught:
        read_model_file(write(tmp_path, toml(**changes)))
    assert "model.toml" in str(caught.value)


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_arbitrary_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever stands in the file, reading it gives a ModelFile or a ModelError."""
    path = tmp_path_factory.mktemp("fuzz") / "model.toml"
    path.write_bytes(content)
    with pytest.raises(ModelError):
        read_model_file(path)


def test_types_are_frozen() -> None:
    """A model's description cannot be changed by who holds it."""
    for value in (toy_spec(), Window(), Thresholds(0.6, 0.4, 1.0), StateSpec("a", (1,))):
        assert value.__struct_config__.frozen
    assert ModelFile.__struct_config__.forbid_unknown_fields
