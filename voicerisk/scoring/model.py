"""A model folder, found by name, checked against its hash and the contract, and opened in ONNX Runtime.

The folder's format stands in `voicerisk.scoring.model_file`; the graph's contract in `voicerisk.scoring.contract`.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from voicerisk.scoring import contract
from voicerisk.scoring.independence import dependent_outputs
from voicerisk.scoring.model_file import (
    CARD_FILE,
    GRAPH_FILE,
    TYPED_FILE,
    ModelError,
    ModelFile,
    StateSpec,
    Thresholds,
    Window,
    read_model_file,
    write_model_folder,
)

__all__ = [
    "Model",
    "ModelError",
    "ModelFile",
    "StateSpec",
    "Thresholds",
    "Window",
    "find_model",
    "load_model",
    "write_model_folder",
]

MODELS_VARIABLE: Final = "VOICERISK_MODELS"
OUTPUTS: Final = contract.CHUNK_OUTPUTS + contract.WINDOW_OUTPUTS + contract.WHOLE_OUTPUTS
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Model:
    """A loaded and checked model: `folder` it came from, its `spec` (model.toml) and the ONNX Runtime session."""

    folder: Path
    spec: ModelFile
    session: ort.InferenceSession

    @property
    def state_bytes(self) -> int:
        """Bytes of state that one live channel needs."""
        return sum(4 * int(np.prod(state.shape, dtype=np.int64)) for state in self.spec.state)


def load_model(name_or_path: str | Path, root: Path | None = None) -> Model:
    """The model of that name or folder, ready to run.

    A `Path`, or text with a slash in it, is a folder. A bare name is looked up in `root` if given; else in the
    folder that the environment variable `VOICERISK_MODELS` names; else in the models that come with the project.

    Raises:
        ModelError: No such model, a file is missing or altered, or the graph does not keep the contract.
    """
    folder = find_model(name_or_path, root)
    spec = read_model_file(folder / TYPED_FILE)
    if not (folder / CARD_FILE).is_file():
        raise ModelError(
            f"{folder / CARD_FILE}: missing; a model comes with a card that says what it can and cannot do"
        )
    path = folder / GRAPH_FILE
    try:
        graph = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    digest = hashlib.sha256(graph).hexdigest()
    if digest != spec.sha256:
        raise ModelError(
            f"{path}: sha256 is {digest}, but {TYPED_FILE} says {spec.sha256}; the file was altered or cut short: "
            "take the folder again from where it came, or export it anew"
        )
    try:
        session = ort.InferenceSession(graph, session_options(), providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exception classes have no common base but Exception
        raise ModelError(f"{path}: ONNX Runtime {ort.__version__} cannot open it: {error}") from error
    _check_signature(path, spec, session)
    _check_trial_run(path, spec, session)
    _check_independence(path, spec, session)
    return Model(folder, spec, session)


def find_model(name_or_path: str | Path, root: Path | None = None) -> Path:
    """The folder of that name or path; see `load_model` for the order of search.

    Raises:
        ModelError: It is nowhere; the text says where it was looked for and which models are there.
    """
    if isinstance(name_or_path, Path) or os.sep in name_or_path or name_or_path in ("", ".", ".."):
        folder = Path(name_or_path)
        if folder.is_dir():
            return folder
        raise ModelError(f"{folder}: no such model folder")
    places = _places(root)
    for place in places:
        if (place / name_or_path).is_dir():
            return place / name_or_path
    there = sorted({path.parent.name for place in places for path in place.glob(f"*/{TYPED_FILE}")})
    raise ModelError(
        f"no model named {name_or_path!r} in {', '.join(map(str, places))}; "
        + (f"there are: {', '.join(there)}" if there else "there are none")
    )


def _places(root: Path | None) -> list[Path]:
    """Folders to look a bare name up in, first one first. A place that was asked for is the only one."""
    if root is not None:
        return [root]
    if asked := os.environ.get(MODELS_VARIABLE):
        return [Path(asked)]
    package = Path(__file__).resolve().parent.parent
    # A checkout has models/ beside the package; a wheel carries the same folders as data inside it.
    return [package.parent / "models", package / "models"]


def session_options() -> ort.SessionOptions:
    """Options under which a run is deterministic and takes one core: one thread, in order, never spinning."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    # A failing run raises with the full text; ONNX Runtime's own copy on stderr would only break the log's format.
    options.log_severity_level = 4
    return options


def _check_signature(path: Path, spec: ModelFile, session: ort.InferenceSession) -> None:
    """Raises ModelError unless names, types and shapes of inputs and outputs are those of the contract."""
    states = {state.name: state.shape for state in spec.state}
    next_states = {state.next_name: state.shape for state in spec.state}
    labels = (len(spec.emotions),)
    scores: dict[str, tuple[int, ...]] = {name: labels if name.endswith("emotion") else () for name in OUTPUTS}
    _check_nodes(path, "input", session.get_inputs(), {"audio": (contract.CHUNK_SAMPLES,), **states})
    _check_nodes(path, "output", session.get_outputs(), {**scores, **next_states})


def _check_nodes(path: Path, kind: str, nodes: Sequence[Any], wanted: dict[str, tuple[int, ...]]) -> None:
    """Raises ModelError unless `nodes` are exactly those `wanted` (name -> shape without the batch axis)."""
    found = {node.name: node for node in nodes}
    if missing := sorted(wanted.keys() - found.keys()):
        raise ModelError(f"{path}: {kind} {', '.join(missing)} missing; the graph has {', '.join(sorted(found))}")
    if extra := sorted(found.keys() - wanted.keys()):
        raise ModelError(
            f"{path}: {kind} {', '.join(extra)} is neither in the contract nor a [[state]] of {TYPED_FILE}"
        )
    for name, shape in wanted.items():
        node = found[name]
        if node.type != "tensor(float)":
            raise ModelError(f"{path}: {kind} {name} is {node.type}; it must be tensor(float)")
        # A symbolic axis is a str or None; on outputs ONNX may simply not know it: the trial run measures those.
        first, rest = (node.shape[0], node.shape[1:]) if node.shape else (None, ())
        fits = len(rest) == len(shape) and all(
            got == want if isinstance(got, int) else kind == "output" for got, want in zip(rest, shape, strict=True)
        )
        if kind == "output" and not node.shape:
            continue
        if isinstance(first, int) or not fits:
            right = ["batch", *shape]
            raise ModelError(f"{path}: {kind} {name} has shape {node.shape}; it must be {right}, batch being free")


def _check_trial_run(path: Path, spec: ModelFile, session: ort.InferenceSession) -> None:
    """Raises ModelError unless two chunks of silence give outputs of the promised shapes, all finite."""
    n_rows = 2
    feeds: dict[str, FloatArray] = {
        state.name: np.zeros((n_rows, *state.shape), dtype=np.float32) for state in spec.state
    }
    feeds["audio"] = np.zeros((n_rows, contract.CHUNK_SAMPLES), dtype=np.float32)
    shapes: dict[str, tuple[int, ...]] = {
        name: (n_rows, len(spec.emotions)) if name.endswith("emotion") else (n_rows,) for name in OUTPUTS
    }
    shapes.update({state.next_name: (n_rows, *state.shape) for state in spec.state})
    try:
        values = dict(zip(shapes, session.run(list(shapes), feeds), strict=True))
    except Exception as error:
        raise ModelError(f"{path}: cannot score a chunk of silence: {error}") from error
    for name, shape in shapes.items():
        if values[name].shape != shape:
            raise ModelError(f"{path}: output {name} came out as {values[name].shape}; it must be {shape}")
        if not np.isfinite(values[name]).all():
            raise ModelError(f"{path}: output {name} is not finite on a chunk of silence")
    for name in ("emotion", "all_emotion"):
        total = float(values[name].sum(axis=1).max())
        if abs(total - 1.0) > 1e-3:
            raise ModelError(f"{path}: output {name} sums to {total:.4f}; posteriors must sum to 1")


def _check_independence(path: Path, spec: ModelFile, session: ort.InferenceSession) -> None:
    """Raises ModelError unless a voice gives the same bits alone and among others."""
    if differ := dependent_outputs(session, spec):
        raise ModelError(
            f"{path}: {', '.join(differ)} of one call depend on the other calls in the batch; a graph must go through "
            "voicerisk.training.batch_proof when it is exported, and must not be quantised dynamically"
        )
