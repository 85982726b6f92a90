"""The encoder is causal and carries its state: a file in one piece and in chunks of 240 ms comes out the same."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
import soundfile

from voicerisk.scoring.contract import CHUNK_SAMPLES, STATE_SUFFIX
from voicerisk.scoring.model import Model

FRAMES_PER_CHUNK = 24
"""A frame every 10 ms."""
FIXTURES = Path(__file__).parents[1] / "fixtures"
TOLERANCE = 1e-4

Encoded = dict[str, npt.NDArray[np.float32]]


def _origins(graph: onnx.ModelProto) -> dict[str, set[str]]:
    """Which inputs of the graph each of its values depends on."""
    origins = {value.name: {value.name} for value in graph.graph.input}
    for node in graph.graph.node:
        origins |= dict.fromkeys(node.output, set().union(*(origins.get(name, set()) for name in node.input)))
    return origins


def _part(graph: onnx.ModelProto, inputs: set[str], outputs: Sequence[str]) -> bytes:
    """The part of the graph that makes `outputs`, with audio of any length."""
    needed, nodes = set(outputs), []
    for node in reversed(graph.graph.node):
        if needed & set(node.output):
            nodes.append(node)
            needed |= set(node.input)
    given = [value for value in graph.graph.input if value.name in inputs]
    for value in given:
        if value.name == "audio":
            value.type.tensor_type.shape.dim[1].dim_param = "samples"
    made = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in outputs]
    part = onnx.helper.make_graph(
        nodes[::-1], "encoder", given, made, [i for i in graph.graph.initializer if i.name in needed]
    )
    model = onnx.helper.make_model(part, opset_imports=list(graph.opset_import), ir_version=graph.ir_version)
    return bytes(model.SerializeToString())


class Encoder:
    """The part of the graph that lies between the sound and the frames, on pieces of any length.

    A state that depends on the sound and itself alone is the encoder's own memory. What depends on nothing else, and
    has something in the graph that does depend on more and uses it, is what the encoder hands on.
    """

    def __init__(self, model: Model) -> None:
        graph = onnx.load(model.folder / "model.onnx")
        self._shapes = {state.name: state.shape for state in model.spec.state}
        origins = _origins(graph)
        self.memory = [name for name in self._shapes if origins[name + STATE_SUFFIX] <= {"audio", name}]
        own = {"audio", *self.memory}
        used = {
            name
            for node in graph.graph.node
            if not set().union(*(origins.get(name, set()) for name in node.input)) <= own
            for name in node.input
        }
        self.values = sorted(name for name in used if "audio" in origins.get(name, set()) <= own)
        self._outputs = [*self.values, *(name + STATE_SUFFIX for name in self.memory)]
        self._session = ort.InferenceSession(_part(graph, own, self._outputs), providers=["CPUExecutionProvider"])

    def encode(self, pieces: Sequence[npt.NDArray[np.float32]]) -> list[Encoded]:
        """What the encoder hands on for each piece, its memory carried from one to the next."""
        memory = {name: np.zeros((1, *self._shapes[name]), np.float32) for name in self.memory}
        encoded = []
        for piece in pieces:
            values = dict(
                zip(self._outputs, self._session.run(self._outputs, {"audio": piece[None], **memory}), strict=True)
            )
            memory = {name: values[name + STATE_SUFFIX] for name in self.memory}
            encoded.append({name: values[name] for name in self.values})
        return encoded


@pytest.mark.parametrize("name", ["calm.flac", "angry.flac", "call.flac"])
def test_a_file_in_one_piece_and_in_chunks_is_the_same(ear: Model, name: str) -> None:
    """Every frame that the shipped model's encoder makes differs by at most 1e-4 between the two ways."""
    samples, _ = soundfile.read(FIXTURES / name, dtype="int16", always_2d=True)
    n_chunks = len(samples) // CHUNK_SAMPLES
    audio = samples[: n_chunks * CHUNK_SAMPLES, 0].astype(np.float32) / 32768.0
    encoder = Encoder(ear)
    assert encoder.memory
    (whole,) = encoder.encode([audio])
    chunked = encoder.encode(list(audio.reshape(n_chunks, CHUNK_SAMPLES)))
    compared = 0
    for value in encoder.values:
        n_frames = chunked[0][value].shape[1] if chunked[0][value].ndim > 1 else 0
        # Frames of the past stand before a chunk's own; a value without a time axis is none of the frames.
        n_past = n_frames - FRAMES_PER_CHUNK
        if n_past < 0 or whole[value].shape[1] != n_past + n_chunks * FRAMES_PER_CHUNK:
            continue
        one_by_one = np.concatenate([piece[value][:, n_past:] for piece in chunked], axis=1)
        assert np.abs(one_by_one - whole[value][:, n_past:]).max() <= TOLERANCE, value
        compared += 1
    assert compared >= 3
