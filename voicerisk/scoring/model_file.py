"""The typed `model.toml` of a model folder, and the way to write such a folder.

A model is a folder of three files: `model.onnx` (the graph, all weights inside), `model.toml` and `CARD.md` (for
people). `model.toml` looks like this:

    name = "tension"             # lower-case letters, digits, dash, underscore; how the model is asked for
    version = "1"                # free text, raised with every training
    sha256 = "9f86d0..."         # of model.onnx, 64 lower-case hex digits; written by `write_model_folder`
    rate_hz = 8000               # must equal voicerisk.scoring.contract.RATE_HZ
    chunk_samples = 1920         # must equal voicerisk.scoring.contract.CHUNK_SAMPLES
    emotions = ["neutral", "anger", "sadness"]   # meaning of the last axis of `emotion` and `all_emotion`, in order

    [[state]]                    # one per state, in the order in which the graph's author likes to see them
    name = "conv1"               # the graph has an input `conv1` and an output `conv1_next`
    shape = [64, 4]              # without the batch axis; [] is one number per call

    [window]
    speech_s = 3.0               # seconds of speech that the rolling window pools over

    [thresholds]                 # what the model's author suggests for `tension`; a site's configuration overrules it
    enter = 0.62                 # 0..1, tension is "on" at or above this ...
    leave = 0.50                 # ... until it falls below this; leave <= enter
    hold_s = 1.0                 # ... for this long, in seconds of speech

    [calibration]                # free: what was fitted on what (temperature, expected calibration error ...)
    [training]                   # free: seed, corpora, commit, figures

All tables but `[calibration]` and `[training]` are closed: an unknown key is an error, not a silent no-op.
"""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec

from voicerisk.scoring import contract

GRAPH_FILE: Final = "model.onnx"
TYPED_FILE: Final = "model.toml"
CARD_FILE: Final = "CARD.md"

Identifier = Annotated[str, msgspec.Meta(pattern="^[A-Za-z_][A-Za-z0-9_.]*$", max_length=64)]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
ModelName = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9_-]*$", max_length=64)]
Probability = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Size = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class ModelError(ValueError):
    """A model folder that cannot be used; the text names the file, what is wrong in it and what would be right."""


class StateSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One state that the graph hands from chunk to chunk: float32 (batch, *shape), zeros at the start of a call."""

    name: Identifier
    shape: tuple[Size, ...]

    @property
    def next_name(self) -> str:
        """The graph output whose value goes in with the next chunk."""
        return self.name + contract.STATE_SUFFIX


class Window(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The rolling window that the graph pools over, in seconds of speech."""

    speech_s: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)] = 3.0


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The author's suggestion for `tension`: on at `enter`, off below `leave`, either only after `hold_s` of speech."""

    enter: Probability
    leave: Probability
    hold_s: Annotated[float, msgspec.Meta(ge=0.0, le=60.0)]


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`model.toml`, typed; see the module's docstring for what each key means."""

    name: ModelName
    version: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    rate_hz: int
    chunk_samples: int
    emotions: Annotated[tuple[Label, ...], msgspec.Meta(min_length=2, max_length=64)]
    state: tuple[StateSpec, ...]
    window: Window
    thresholds: Thresholds
    calibration: dict[str, Any] = {}
    training: dict[str, Any] = {}


def read_model_file(path: Path) -> ModelFile:
    """The checked content of a `model.toml`.

    Raises:
        ModelError: The file is missing, is not TOML, has a wrong or unknown key, or contradicts itself or the contract.
    """
    try:
        spec = msgspec.toml.decode(path.read_bytes(), type=ModelFile)
    except FileNotFoundError:
        raise ModelError(f"{path}: missing; a model folder holds {GRAPH_FILE}, {TYPED_FILE} and {CARD_FILE}") from None
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # ValidationError is a DecodeError; its text already names the key, as in "... - at `$.thresholds.enter`".
        raise ModelError(f"{path}: {error}") from error
    for problem in _contradictions(spec):
        raise ModelError(f"{path}: {problem}")
    return spec


def _contradictions(spec: ModelFile) -> list[str]:
    """What the types alone cannot see, in plain words; empty if all is well."""
    problems = []
    if spec.rate_hz != contract.RATE_HZ:
        problems.append(f"rate_hz is {spec.rate_hz}; every call is brought to {contract.RATE_HZ} Hz before the model")
    if spec.chunk_samples != contract.CHUNK_SAMPLES:
        problems.append(f"chunk_samples is {spec.chunk_samples}; the grid is fixed at {contract.CHUNK_SAMPLES}")
    if len(set(spec.emotions)) != len(spec.emotions):
        problems.append(f"emotions {list(spec.emotions)} name a label twice")
    names = [state.name for state in spec.state]
    if len(set(names)) != len(names):
        problems.append(f"[[state]] names {names} repeat")
    taken = {"audio", *contract.CHUNK_OUTPUTS, *contract.WINDOW_OUTPUTS, *contract.WHOLE_OUTPUTS}
    if clash := sorted(taken & {name for state in spec.state for name in (state.name, state.next_name)}):
        problems.append(f"[[state]] names {clash} are names of the contract's own inputs and outputs")
    if spec.thresholds.leave > spec.thresholds.enter:
        problems.append(
            f"[thresholds] leave {spec.thresholds.leave} is above enter {spec.thresholds.enter}; it must not be"
        )
    return problems


def write_model_folder(folder: Path, graph: bytes, spec: ModelFile, card: str) -> ModelFile:
    """The `ModelFile` as written, with the graph's own hash in place of whatever `spec.sha256` said.

    `model.toml` goes last, so that a folder whose writing was cut short is refused by its hash.
    Needs `tomli-w` (extras `train` and `dev`). Call `load_model(folder)` afterwards to have the graph itself checked.

    Raises:
        ModelError: `spec` breaks its own rules.
    """
    spec = msgspec.structs.replace(spec, sha256=hashlib.sha256(graph).hexdigest())
    folder.mkdir(parents=True, exist_ok=True)
    (folder / GRAPH_FILE).write_bytes(graph)
    (folder / CARD_FILE).write_text(card, encoding="utf-8")
    typed = folder / TYPED_FILE
    typed.write_bytes(msgspec.toml.encode(spec))
    return read_model_file(typed)
