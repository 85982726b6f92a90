"""ONNX from a trained ear, checked against torch and chunk by chunk."""

import io
import warnings
from typing import Final

import torch
from torch import Tensor, nn

from voicerisk.scoring import contract
from voicerisk.training.batch_proof import batch_proof
from voicerisk.training.network import STATES, Ear, first_states

OUTPUTS: Final = contract.CHUNK_OUTPUTS + contract.WINDOW_OUTPUTS + contract.WHOLE_OUTPUTS
OPSET: Final = 17


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
    ear = ear.eval().cpu()
    n_rows = 4
    inputs = ["audio", *STATES]
    outputs = [*OUTPUTS, *(name + contract.STATE_SUFFIX for name in STATES)]
    states = first_states(n_rows)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The TorchScript exporter is the one whose operators stay those that were measured row by row.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Flat(ear).eval(), (torch.zeros(n_rows, contract.CHUNK_SAMPLES), *states.values()), buffer, input_names=inputs,
            output_names=outputs, dynamic_axes={name: {0: "batch"} for name in inputs + outputs}, opset_version=OPSET,
            dynamo=False,
        )  # fmt: skip
    return batch_proof(buffer.getvalue())
