from pathlib import Path

import onnx
import pytest
from onnx import helper

from tests.scoring.toy import toy_graph, toy_spec
from voicerisk.scoring.independence import dependent_outputs, padded
from voicerisk.scoring.model import Model, ModelError, load_model, write_model_folder


def test_padded() -> None:
    """Rows are rounded up to whole packets of four."""
    assert [padded(n) for n in (1, 3, 4, 5, 128)] == [4, 4, 4, 8, 128]


def test_toy_keeps_the_promise(toy: Model) -> None:
    """A graph of convolution, GRU, products and safe sums gives the same bits in any batch."""
    assert dependent_outputs(toy.session, toy.spec) == []


def test_quantised_on_the_fly(tmp_path: Path) -> None:
    """A model that takes its number range from the whole batch (dynamic quantisation) is refused at loading."""
    graph = onnx.load_from_string(toy_graph())
    # What dynamic quantisation puts before a product: the audio in steps of a size that the loudest caller sets.
    graph.graph.node.insert(0, helper.make_node("DynamicQuantizeLinear", ["audio"], ["q", "scale", "zero"]))
    graph.graph.node.insert(1, helper.make_node("DequantizeLinear", ["q", "scale", "zero"], ["coarse"]))
    for node in graph.graph.node[2:]:
        node.input[:] = ["coarse" if name == "audio" else name for name in node.input]
    write_model_folder(tmp_path / "toy", graph.SerializeToString(), toy_spec(), "card")
    with pytest.raises(ModelError, match=r"tension.* of one call depend on the other calls in the batch"):
        load_model(tmp_path / "toy")


def test_unaligned_sum(tmp_path: Path) -> None:
    """A model that sums rows of 29 numbers, at another alignment in each row, is refused at loading."""
    graph = onnx.load_from_string(toy_graph())
    for node in graph.graph.node:
        if list(node.output) == ["speech"]:
            node.output[0] = "speech_before"
    bounds = {"from": 100, "to": 129, "axis": 1}
    graph.graph.initializer.extend(helper.make_tensor(n, onnx.TensorProto.INT64, [1], [v]) for n, v in bounds.items())
    graph.graph.node.extend(
        [
            helper.make_node("Slice", ["audio", *bounds], ["piece"]),
            helper.make_node("ReduceSum", ["piece", "axis"], ["sum"], keepdims=0),
            helper.make_node("Add", ["speech_before", "sum"], ["speech"]),
        ]
    )
    # `speech` moves last, so whoever reads it must read what it was before.
    for node in list(graph.graph.node)[:-1]:
        if list(node.output) != ["speech_before"]:
            node.input[:] = ["speech_before" if name == "speech" else name for name in node.input]
    write_model_folder(tmp_path / "toy", graph.SerializeToString(), toy_spec(), "card")
    with pytest.raises(ModelError, match="speech of one call depend"):
        load_model(tmp_path / "toy")
