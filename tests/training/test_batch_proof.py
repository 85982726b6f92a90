import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper

from voicerisk.training.batch_proof import BatchProofError, batch_proof

FloatArray = npt.NDArray[np.float32]


def graph_of(op: str, shape: tuple[int, ...], axes: list[int], *, keepdims: int = 1, opset: int = 18) -> bytes:
    """A graph that is one reduction of (batch, *shape)."""
    by_input = opset >= 18 or op == "ReduceSum"
    if by_input:
        node = helper.make_node(op, ["x", "axes"], ["y"], keepdims=keepdims)
    else:
        node = helper.make_node(op, ["x"], ["y"], keepdims=keepdims, axes=axes)
    rank = 1 + len(shape) - (0 if keepdims else len(axes))
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", *shape])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None] * rank)],
        [helper.make_tensor("axes", TensorProto.INT64, [len(axes)], axes)] if by_input else [],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return bytes(model.SerializeToString())


def run(graph: bytes, x: FloatArray) -> FloatArray:
    """What the graph makes of x."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": x})[0])


def places_differ(graph: bytes, shape: tuple[int, ...]) -> bool:
    """Whether the same row gives different bits at different places of a batch."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        rows = run(graph, np.repeat(rng.standard_normal((1, *shape), np.float32), 8, axis=0))
        if not (rows == rows[0]).all():
            return True
    return False


@pytest.mark.parametrize("op", ["ReduceSum", "ReduceMean"])
@pytest.mark.parametrize("shape", [(29,), (5, 26)])
@pytest.mark.parametrize("keepdims", [0, 1])
@pytest.mark.parametrize("opset", [17, 18])
def test_same_value_wherever_the_row_stands(op: str, shape: tuple[int, ...], keepdims: int, opset: int) -> None:
    """A sum that depends on the row's place comes out equal in value and shape, and the same at every place."""
    before = graph_of(op, shape, [-1], keepdims=keepdims, opset=opset)
    after = batch_proof(before)
    assert places_differ(before, shape), "else there is nothing to mend"
    assert not places_differ(after, shape)
    x = np.random.default_rng(1).standard_normal((7, *shape), np.float32)
    assert run(after, x).shape == run(before, x).shape
    np.testing.assert_allclose(run(after, x), run(before, x), atol=1e-5)


@pytest.mark.parametrize(("shape", "axes"), [((28,), [-1]), ((29, 3), [1]), ((5, 24), [2])])
def test_safe_sums_are_left_alone(shape: tuple[int, ...], axes: list[int]) -> None:
    """Whole packets, and sums over other axes, stay as they are."""
    before = graph_of("ReduceSum", shape, axes)
    assert [node.op_type for node in onnx.load_from_string(batch_proof(before)).graph.node] == ["ReduceSum"]
    assert not places_differ(before, shape)


@pytest.mark.parametrize(("op", "axes"), [("ReduceL2", [-1]), ("ReduceSum", [1, 2]), ("ReduceLogSumExp", [-1])])
def test_what_cannot_be_mended_is_refused(op: str, axes: list[int]) -> None:
    """A sum that has no replacement is an error that names it and says what to use."""
    with pytest.raises(BatchProofError, match=rf"{op} .* use sums and means over one axis"):
        batch_proof(graph_of(op, (5, 29), axes))


def test_a_maximum_is_no_sum() -> None:
    """Maxima have no order of adding and are left alone."""
    before = graph_of("ReduceMax", (29,), [-1])
    assert [node.op_type for node in onnx.load_from_string(batch_proof(before)).graph.node] == ["ReduceMax"]
