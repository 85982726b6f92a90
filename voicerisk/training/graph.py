"""The ONNX graph of an ear, and how far its scores, chunk by chunk, are from the network's over whole files."""

import io
import warnings
from collections.abc import Sequence
from typing import Final

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn

from voicerisk.scoring import contract
from voicerisk.scoring.model_file import ModelError
from voicerisk.training.batch_proof import batch_proof
from voicerisk.training.corpora.clip import Audio
from voicerisk.training.evaluation.scoring import n_chunks
from voicerisk.training.network import STATES, Ear, first_states

OUTPUTS: Final = contract.CHUNK_OUTPUTS + contract.WINDOW_OUTPUTS + contract.WHOLE_OUTPUTS
OPSET: Final = 17
LARGEST_DIFFERENCE: Final = 1e-4


class ExportError(ModelError):
    """The exported graph does not do what the trained network does; the text says by how much."""


class _Flat(nn.Module):
    """The ear with its states as positional inputs and outputs, as ONNX wants them."""

    def __init__(self, ear: Ear) -> None:
        super().__init__()
        self.ear = ear

    def forward(self, audio: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        scores = self.ear(audio, dict(zip(STATES, states, strict=True)))
        return (*(scores.outputs[name] for name in OUTPUTS), *(scores.states[name] for name in STATES))


def to_onnx(ear: Ear) -> bytes:
    """The graph as a serialised ONNX model that keeps `voicerisk.scoring.contract`."""
    n_rows = 4
    inputs = ["audio", *STATES]
    outputs = [*OUTPUTS, *(name + contract.STATE_SUFFIX for name in STATES)]
    states = first_states(n_rows)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The TorchScript exporter is the one whose operators stay those that were measured row by row.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Flat(ear).eval(), (torch.zeros(n_rows, contract.CHUNK_SAMPLES), *states.values()), buffer,
            input_names=inputs, output_names=outputs, opset_version=OPSET, dynamo=False,
            dynamic_axes={name: {0: "batch"} for name in inputs + outputs},
        )  # fmt: skip
    return batch_proof(buffer.getvalue())


def largest_difference(ear: Ear, graph: bytes, audios: Sequence[Audio]) -> float:
    """The largest difference of any score between torch over whole files and ONNX Runtime over 240 ms chunks."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    worst = 0.0
    for audio in audios:
        padded = np.zeros((4, n_chunks(audio) * contract.CHUNK_SAMPLES), dtype=np.float32)
        padded[:, : len(audio)] = audio
        states = {name: state.numpy() for name, state in first_states(4).items()}
        torch_states = first_states(4)
        with torch.inference_mode():
            sums = ear.front.whole(torch.from_numpy(padded))
            for chunk in range(n_chunks(audio)):
                part = padded[:, chunk * contract.CHUNK_SAMPLES : (chunk + 1) * contract.CHUNK_SAMPLES]
                got = dict(zip(names, session.run(None, {"audio": part, **states}), strict=True))
                states = {name: got[name + contract.STATE_SUFFIX] for name in STATES}
                wanted, pooled = ear.pooled(sums[:, chunk], torch_states)
                torch_states |= pooled
                worst = max(worst, *(float(np.abs(got[name] - value.numpy()).max()) for name, value in wanted.items()))
    return worst


def checked(ear: Ear, graph: bytes, audios: Sequence[Audio], wrong: str) -> float:
    """What `largest_difference` gives. Raises `ExportError`, beginning with `wrong`, where it is more than 1e-4."""
    difference = largest_difference(ear, graph, audios)
    if not difference <= LARGEST_DIFFERENCE:
        raise ExportError(f"{wrong} (scores differ by up to {difference:.2g}, {LARGEST_DIFFERENCE:g} is allowed)")
    return difference
