"""A tiny ONNX graph that keeps the model's contract, for tests that need scores but not the real ear.

It hears loudness: a chunk above about -45 dBFS is speech, and tension rises from 0 to 1 around -20 dBFS, so a tone of
amplitude 0.02 is calm (0.01) and one of 0.5 is tense (0.94). Pitch comes from zero crossings, so a tone's own
frequency comes out. The rolling window is the last 13 chunks of speech (3.1 s). `arousal` goes through a convolution
with carried tail and a GRU, the node types of a real ear.

`faulty=True` adds two traps that int16 audio can spring: first sample -32768 makes the model raise, second sample
-32768 makes `tension` NaN.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from voicerisk.scoring import contract
from voicerisk.scoring.model import Model, ModelFile, StateSpec, Thresholds, Window, load_model, write_model_folder

EMOTIONS = ("neutral", "anger", "joy")
WINDOW_CHUNKS = 13
N_HIDDEN = 8
N_FILTERS = 8
KERNEL = 160
STRIDE = 80
TAIL = KERNEL - STRIDE
RAISING_SAMPLE = -32768
STATES = (
    StateSpec("tail", (TAIL,)),
    StateSpec("hidden", (N_HIDDEN,)),
    StateSpec("recent", (WINDOW_CHUNKS, 2)),
    StateSpec("total", (1, 2)),
)


def toy_model(folder: Path, *, faulty: bool = False, name: str = "toy") -> Model:
    """The toy model, written to `folder/name` as a proper model folder and loaded from there."""
    write_toy_folder(folder / name, faulty=faulty, name=name)
    return load_model(folder / name)


def write_toy_folder(folder: Path, *, faulty: bool = False, name: str = "toy") -> ModelFile:
    """The `ModelFile` of the toy model written to `folder`."""
    return write_model_folder(folder, toy_graph(faulty=faulty), toy_spec(name), "# Toy\n\nHears loudness alone.\n")


def toy_spec(name: str = "toy") -> ModelFile:
    """What the toy's `model.toml` says; the hash is put in at writing."""
    return ModelFile(
        name=name,
        version="1",
        sha256="0" * 64,
        rate_hz=contract.RATE_HZ,
        chunk_samples=contract.CHUNK_SAMPLES,
        emotions=EMOTIONS,
        state=STATES,
        window=Window(speech_s=WINDOW_CHUNKS * contract.CHUNK_S),
        thresholds=Thresholds(enter=0.6, leave=0.4, hold_s=0.5),
    )


class _Graph:
    """Collects nodes and constants; each method returns the name of what it made."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, value: object, dtype: type = np.float32) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype=dtype), name))
        return name

    def op(self, kind: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        out = out or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [out], **attributes))
        return out

    def axis_mean(self, x: str, axis: int) -> str:
        return self.op("ReduceMean", x, self.constant([axis], np.int64), keepdims=0)

    def unsqueeze(self, x: str, *axes: int) -> str:
        return self.op("Unsqueeze", x, self.constant(list(axes), np.int64))

    def slice(self, x: str, start: int, end: int, axis: int) -> str:
        bounds = [self.constant([value], np.int64) for value in (start, end, axis)]
        return self.op("Slice", x, *bounds)

    def affine(self, x: str, scale: float, shift: float) -> str:
        return self.op("Add", self.op("Mul", x, self.constant(scale)), self.constant(shift))


def toy_graph(*, faulty: bool = False) -> bytes:
    """The serialized ONNX graph."""
    g = _Graph()
    audio = _trapped_audio(g) if faulty else "audio"
    power = g.axis_mean(g.op("Mul", audio, audio), 1)
    level_raw = g.affine(g.op("Log", g.op("Add", power, g.constant(1e-10))), 10 / np.log(10), 0.0)
    speech = g.op("Sigmoid", g.affine(level_raw, 2.0, 90.0), out="speech")
    is_speech = g.op("Cast", g.op("Greater", speech, g.constant(0.5)), to=TensorProto.FLOAT)
    g.op("Identity", is_speech, out="voiced")
    silent = g.affine(is_speech, -contract.SILENT_DB, contract.SILENT_DB)
    g.op("Add", g.op("Mul", is_speech, level_raw), silent, out="level_db")
    g.op("Mul", is_speech, _pitch_st(g, audio), out="pitch_st")
    tension = g.op("Sigmoid", g.affine(level_raw, 0.25, 5.0))
    if faulty:
        tension = g.op("Add", tension, _nan_trap(g))
    arousal = _arousal(g, audio)

    # One pair (is it speech, tension if so) per chunk; a chunk of silence leaves the window as it was.
    pair = g.unsqueeze(
        g.op("Concat", g.unsqueeze(is_speech, 1), g.unsqueeze(g.op("Mul", is_speech, tension), 1), axis=1), 1
    )
    moved = g.op("Concat", g.slice("recent", 1, WINDOW_CHUNKS, 1), pair, axis=1)
    gate = g.unsqueeze(is_speech, 1, 2)
    kept = g.op("Mul", "recent", g.op("Sub", g.constant(1.0), gate))
    recent = g.op("Add", g.op("Mul", moved, gate), kept, out="recent_next")
    total = g.op("Add", "total", pair, out="total_next")
    _pooled(g, recent, arousal, contract.WINDOW_OUTPUTS)
    _pooled(g, total, arousal, contract.WHOLE_OUTPUTS)
    return _serialized(g)


def _pitch_st(g: _Graph, audio: str) -> str:
    """Semitones above 55 Hz from sign changes: two of them to a period."""
    n = contract.CHUNK_SAMPLES
    positive = g.op("Cast", g.op("Greater", audio, g.constant(0.0)), to=TensorProto.FLOAT)
    change = g.op("Abs", g.op("Sub", g.slice(positive, 1, n, 1), g.slice(positive, 0, n - 1, 1)))
    rate_hz = g.op("Max", g.affine(g.axis_mean(change, 1), contract.RATE_HZ / 2, 0.0), g.constant(1.0))
    return g.affine(g.op("Log", rate_hz), 12 / np.log(2), -12 * float(np.log2(contract.PITCH_REFERENCE_HZ)))


def _arousal(g: _Graph, audio: str) -> str:
    """0..1 from a random convolution with carried tail and a random GRU: bits that depend on every kernel."""
    rng = np.random.default_rng(7)
    longer = g.op("Concat", "tail", audio, axis=1)
    g.slice(longer, contract.CHUNK_SAMPLES, contract.CHUNK_SAMPLES + TAIL, 1)
    g.nodes[-1].output[0] = "tail_next"
    filters = g.constant(rng.standard_normal((N_FILTERS, 1, KERNEL)) * 0.2)
    frames = g.op("Relu", g.op("Conv", g.unsqueeze(longer, 1), filters, strides=[STRIDE]))
    steps = g.op("Transpose", frames, perm=[2, 0, 1])
    weights = [
        g.constant(rng.standard_normal(shape) * 0.4)
        for shape in ((1, 3 * N_HIDDEN, N_FILTERS), (1, 3 * N_HIDDEN, N_HIDDEN), (1, 6 * N_HIDDEN))
    ]
    last = f"v{len(g.nodes)}_last"
    initial = g.unsqueeze("hidden", 0)
    g.nodes.append(
        helper.make_node("GRU", [steps, *weights, "", initial], ["", last], hidden_size=N_HIDDEN, linear_before_reset=1)
    )
    hidden = g.op("Squeeze", last, g.constant([0], np.int64), out="hidden_next")
    return g.op("Sigmoid", g.axis_mean(hidden, 1))


def _pooled(g: _Graph, pairs: str, arousal: str, names: tuple[str, ...]) -> None:
    """The six pooled outputs from (batch, k, 2) pairs of (is it speech, tension)."""
    sums = g.op("ReduceSum", pairs, g.constant([1], np.int64), keepdims=0)
    columns = (g.slice(sums, 0, 1, 1), g.slice(sums, 1, 2, 1))
    count, mass = (g.op("Squeeze", column, g.constant([1], np.int64)) for column in columns)
    tension = g.op("Div", mass, g.op("Max", count, g.constant(1.0)), out=names[0])
    g.affine(tension, 0.5, 0.25)
    g.nodes[-1].output[0] = names[1]
    g.op("Identity", arousal, out=names[2])
    g.op("Sub", g.constant(1.0), tension, out=names[3])
    logits = g.op("Mul", g.unsqueeze(tension, 1), g.constant([[-2.0, 2.0, 0.0]]))
    g.op("Softmax", logits, axis=-1, out=names[4])
    g.op("Mul", count, g.constant(contract.CHUNK_S), out=names[5])


def _trapped_audio(g: _Graph) -> str:
    """The audio itself; but its first sample at -1.0 is taken for an index past the end of a table of one."""
    first = g.op("Squeeze", g.slice("audio", 0, 1, 1), g.constant([1], np.int64))
    index = g.op("Cast", g.op("LessOrEqual", first, g.constant(-1.0)), to=TensorProto.INT64)
    zero = g.op("Gather", g.constant([0.0]), index, axis=0)
    return g.op("Add", "audio", g.unsqueeze(zero, 1))


def _nan_trap(g: _Graph) -> str:
    """0, or NaN (a root of -1) where the second sample is -1.0."""
    second = g.op("Squeeze", g.slice("audio", 1, 2, 1), g.constant([1], np.int64))
    trap = g.op("Cast", g.op("LessOrEqual", second, g.constant(-1.0)), to=TensorProto.FLOAT)
    return g.op("Sqrt", g.op("Neg", trap))


def _serialized(g: _Graph) -> bytes:
    """The graph with the contract's inputs and outputs declared."""

    def value(name: str, *shape: int) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape])

    inputs = [value("audio", contract.CHUNK_SAMPLES), *(value(state.name, *state.shape) for state in STATES)]
    names = contract.CHUNK_OUTPUTS + contract.WINDOW_OUTPUTS + contract.WHOLE_OUTPUTS
    outputs = [value(name, len(EMOTIONS)) if name.endswith("emotion") else value(name) for name in names]
    outputs += [value(state.next_name, *state.shape) for state in STATES]
    graph = helper.make_graph(g.nodes, "toy", inputs, outputs, g.constants)
    # An older IR and opset than the newest `onnx` writes, so that every supported ONNX Runtime opens it.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())
