"""An ONNX graph rewritten so that a row's scores cannot depend on where in a batch the row stands.

ONNX Runtime sums over the last axis with a vector loop that starts at the first 16-byte boundary. Where a row is not
a multiple of 4 floats long, that boundary falls differently from row to row, the terms are added in another order, and
the sum moves by a few units in the last place: enough to push a score across a rounding boundary once in a while, in
one batch and not in another. A matrix product with a vector of ones adds in one fixed order wherever the row stands.

`voicerisk.scoring.independence` tells the whole story, and measures the result whenever a model is loaded.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

from voicerisk.scoring.independence import ROW_MULTIPLE
from voicerisk.scoring.model_file import ModelError

SUMS: Final = frozenset({"ReduceSum", "ReduceMean"})
OTHER_SUMS: Final = frozenset({"ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSum", "ReduceLogSumExp"})

Shape = tuple[int, ...]


class BatchProofError(ModelError):
    """The graph holds a sum that is not safe and cannot be replaced; the text names it and says what to use instead."""


def batch_proof(graph: bytes) -> bytes:
    """The same function of its inputs as a serialized ONNX model, safe at any place in the batch. Weights are the same.

    Raises:
        BatchProofError: A sum over the last axis that has no replacement here.
    """
    model = onnx.load_from_string(graph)
    shapes = _shapes(model)
    constants = _constants(model)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        if node.op_type in SUMS | OTHER_SUMS and _is_unsafe(node, shapes, constants):
            nodes += _sum_as_product(node, shapes[node.input[0]], model.graph)
        else:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _is_unsafe(node: onnx.NodeProto, shapes: Mapping[str, Shape], constants: Mapping[str, npt.NDArray[Any]]) -> bool:
    """Whether the node sums over the last axis, and a row of it is not a whole number of packets.

    Raises:
        BatchProofError: It sums over the last axis and others at once, or is none of those that can be replaced.
    """
    shape = shapes[node.input[0]]
    axes = [axis % len(shape) for axis in _axes(node, constants) or range(len(shape))]
    if len(shape) - 1 not in axes or shape[-1] % ROW_MULTIPLE == 0:
        return False
    if len(axes) > 1 or node.op_type in OTHER_SUMS:
        raise BatchProofError(
            f"{node.op_type} {node.name} over axes {axes} of {shape}: use sums and means over one axis, or make the "
            f"last axis a multiple of {ROW_MULTIPLE}"
        )
    return True


def _sum_as_product(node: onnx.NodeProto, shape: Shape, graph: onnx.GraphProto) -> Sequence[onnx.NodeProto]:
    """The sum (or mean) over the last axis as a matrix product with a column of ones (or of 1/length)."""
    out, length = node.output[0], shape[-1]
    weight = 1.0 if node.op_type == "ReduceSum" else 1.0 / length
    graph.initializer.append(numpy_helper.from_array(np.full((length, 1), weight, np.float32), f"{out}/ones"))
    operands = [node.input[0], f"{out}/ones"]
    if _attributes(node).get("keepdims", 1):
        return [helper.make_node("MatMul", operands, [out], name=node.name)]
    graph.initializer.append(numpy_helper.from_array(np.array([-1], np.int64), f"{out}/axis"))
    return [
        helper.make_node("MatMul", operands, [f"{out}/kept"], name=node.name),
        helper.make_node("Squeeze", [f"{out}/kept", f"{out}/axis"], [out], name=f"{node.name}/squeeze"),
    ]


def _axes(node: onnx.NodeProto, constants: Mapping[str, npt.NDArray[Any]]) -> list[int]:
    """The axes of a reduction, from its second input or, before opset 13 or 18, its attribute; [] means all."""
    if len(node.input) > 1 and node.input[1]:
        return [int(axis) for axis in constants[node.input[1]]]
    return [int(axis) for axis in _attributes(node).get("axes", [])]


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    return {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}


def _constants(model: onnx.ModelProto) -> dict[str, npt.NDArray[Any]]:
    """Values of the initializers and the Constant nodes."""
    values = {initializer.name: numpy_helper.to_array(initializer) for initializer in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Constant" and "value" in _attributes(node):
            values[node.output[0]] = numpy_helper.to_array(_attributes(node)["value"])
    return values


def _shapes(model: onnx.ModelProto) -> dict[str, Shape]:
    """The shape of every tensor in a run over one batch of silence.

    ONNX's own shape inference gives up at the first reshape to a computed shape; a run does not.
    """
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    public = {output.name for output in model.graph.output}
    for name in (name for node in model.graph.node for name in node.output if name and name not in public):
        opened.graph.output.append(helper.make_empty_tensor_value_info(name))
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(opened.SerializeToString(), options, providers=["CPUExecutionProvider"])
    silence = {node.name: np.zeros((ROW_MULTIPLE, *node.shape[1:]), np.float32) for node in session.get_inputs()}
    names = [output.name for output in session.get_outputs()]
    values = dict(zip(names, session.run(names, silence), strict=True))
    return {name: np.shape(value) for name, value in (values | silence).items()}
