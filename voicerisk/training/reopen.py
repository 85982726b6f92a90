"""The trainable ear back from a model folder, whose graph keeps every weight under the name it had in training."""

import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from voicerisk.scoring.model import Model
from voicerisk.scoring.model_file import GRAPH_FILE
from voicerisk.training.committee import Committee
from voicerisk.training.graph import ExportError
from voicerisk.training.network import Ear


def ear_of(model: Model) -> Ear:
    """The trainable ear inside a model folder. Raises `ExportError` where the graph is not one of this package's."""
    graph = onnx.load_from_string((model.folder / GRAPH_FILE).read_bytes()).graph
    state: dict[str, Tensor] = {}
    for item in graph.initializer:
        if item.name.startswith("ear."):
            state[item.name.removeprefix("ear.")] = torch.from_numpy(numpy_helper.to_array(item).copy())
    try:
        committees = [_committee(state, name) for name in ("tone", "known", "mood", "speech")]
    except (KeyError, RuntimeError) as error:
        raise ExportError(f"{model.folder}: holds no trainable ear of this package ({error})") from error
    return Ear(*committees).eval()


def _committee(state: dict[str, Tensor], name: str) -> Committee:
    own = {key.removeprefix(f"{name}."): value for key, value in state.items() if key.startswith(f"{name}.")}
    if name == "mood":
        # It is scaled by the same numbers as "tone", and the exporter writes equal tensors once.
        own = {part: state[f"tone.{part}"] for part in ("centre", "scale")} | own
    first, last = own["weights.0"], own["weights.2"]
    net = Committee(first.shape[1], last.shape[2], first.shape[0], first.shape[2], 0.0)
    net.load_state_dict(own)
    return net.eval()
