import hashlib
from collections.abc import Callable
from pathlib import Path

import msgspec
import onnx
import pytest
from onnx import TensorProto, helper

from tests.scoring.toy import EMOTIONS, STATES, toy_graph, toy_spec, write_toy_folder
from voicerisk.scoring.model import ModelError, StateSpec, find_model, load_model, write_model_folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The toy model's folder."""
    write_toy_folder(tmp_path / "toy")
    return tmp_path / "toy"


def with_graph(folder: Path, change: Callable[[onnx.ModelProto], None]) -> Path:
    """The folder with its graph changed and the hash made right again."""
    graph = onnx.load_from_string(toy_graph())
    change(graph)
    write_model_folder(folder, graph.SerializeToString(), toy_spec(), "card")
    return folder


def test_loads_by_path_and_by_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is found by its folder, by name under a given root, and by name under VOICERISK_MODELS."""
    assert load_model(folder).spec.emotions == EMOTIONS
    assert load_model(str(folder)).folder == folder
    assert load_model("toy", root=folder.parent).folder == folder
    monkeypatch.setenv("VOICERISK_MODELS", str(folder.parent))
    assert load_model("toy").folder == folder


def test_a_given_root_is_the_only_place(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is not under the given root is not silently taken from elsewhere."""
    monkeypatch.setenv("VOICERISK_MODELS", str(folder.parent))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ModelError, match=r"no model named 'toy' in .*empty; there are none"):
        find_model("toy", root=tmp_path / "empty")


def test_unknown_name_lists_what_is_there(folder: Path) -> None:
    """Asking for a model that does not exist names the place and the models that do."""
    with pytest.raises(ModelError, match=r"no model named 'tensoin' in .*; there are: toy"):
        load_model("tensoin", root=folder.parent)


def test_unknown_path(tmp_path: Path) -> None:
    """A path that is no folder is an error that says so."""
    with pytest.raises(ModelError, match="nowhere: no such model folder"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["model.onnx", "model.toml", "CARD.md"])
def test_missing_file(folder: Path, name: str) -> None:
    """Each of the three files is required, and the one that is missing is named."""
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name.replace(".", r"\.")):
        load_model(folder)


def test_altered_graph(folder: Path) -> None:
    """A graph with one byte changed is refused, with both hashes."""
    path = folder / "model.onnx"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(ModelError, match=rf"sha256 is {hashlib.sha256(content).hexdigest()}, but model\.toml says"):
        load_model(folder)


def test_not_a_graph(tmp_path: Path) -> None:
    """A file that is no ONNX graph is an error that names the file, even when its hash is right."""
    write_model_folder(tmp_path / "m", b"not a graph", toy_spec(), "card")
    with pytest.raises(ModelError, match=r"model\.onnx: ONNX Runtime .* cannot open it"):
        load_model(tmp_path / "m")


def test_missing_output(folder: Path) -> None:
    """A graph without one of the contract's outputs is refused by that output's name."""

    def drop(graph: onnx.ModelProto) -> None:
        del graph.graph.output[[output.name for output in graph.graph.output].index("valence")]

    with pytest.raises(ModelError, match="output valence missing"):
        load_model(with_graph(folder, drop))


def test_output_outside_the_contract(folder: Path) -> None:
    """A graph that gives something nobody asked for is refused by name."""

    def add(graph: onnx.ModelProto) -> None:
        graph.graph.node.append(helper.make_node("Identity", ["tension"], ["surprise"]))
        graph.graph.output.append(helper.make_tensor_value_info("surprise", TensorProto.FLOAT, ["batch"]))

    with pytest.raises(ModelError, match="output surprise is neither in the contract nor a"):
        load_model(with_graph(folder, add))


def test_fixed_batch(folder: Path) -> None:
    """A graph exported for one batch size only is refused with the shape that would be right."""

    def fix(graph: onnx.ModelProto) -> None:
        graph.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4

    with pytest.raises(ModelError, match=r"input audio has shape \[4, 1920\]; it must be \['batch', 1920\]"):
        load_model(with_graph(folder, fix))


def test_wrong_state_shape(folder: Path) -> None:
    """A [[state]] whose shape is not the graph's is refused with both shapes."""
    states = (StateSpec("tail", (79,)), *STATES[1:])
    write_model_folder(folder, toy_graph(), msgspec.structs.replace(toy_spec(), state=states), "card")
    with pytest.raises(ModelError, match=r"input tail has shape \['batch', 80\]; it must be \['batch', 79\]"):
        load_model(folder)


def test_undeclared_state(folder: Path) -> None:
    """A state that model.toml forgets is refused by name."""
    write_model_folder(folder, toy_graph(), msgspec.structs.replace(toy_spec(), state=STATES[1:]), "card")
    with pytest.raises(ModelError, match="input tail is neither"):
        load_model(folder)


def test_wrong_number_of_labels(folder: Path) -> None:
    """Labels that do not fit the emotion output are refused."""
    spec = msgspec.structs.replace(toy_spec(), emotions=("calm", "angry"))
    write_model_folder(folder, toy_graph(), spec, "card")
    with pytest.raises(ModelError, match=r"output emotion has shape \['batch', 3\]; it must be \['batch', 2\]"):
        load_model(folder)


def test_outputs_that_lie_about_their_shape(folder: Path) -> None:
    """A graph whose declared shapes do not bind is caught by the trial run."""

    def lie(graph: onnx.ModelProto) -> None:
        for node in graph.graph.node:
            if list(node.output) == ["voiced"]:
                node.op_type = "Unsqueeze"
                node.input.append("axes")
        graph.graph.initializer.append(helper.make_tensor("axes", TensorProto.INT64, [1], [1]))
        for output in graph.graph.output:
            if output.name == "voiced":
                output.type.tensor_type.ClearField("shape")

    with pytest.raises(ModelError, match=r"output voiced (has shape|came out as)"):
        load_model(with_graph(folder, lie))


def test_posteriors_that_do_not_sum_to_one(folder: Path) -> None:
    """An emotion head that gives logits instead of posteriors is refused."""

    def raw(graph: onnx.ModelProto) -> None:
        for node in graph.graph.node:
            if list(node.output) == ["all_emotion"]:
                node.op_type = "Identity"
                del node.attribute[:]

    with pytest.raises(ModelError, match=r"output all_emotion sums to .*; posteriors must sum to 1"):
        load_model(with_graph(folder, raw))


def test_state_bytes(folder: Path) -> None:
    """The memory that a channel's state takes is the sum of its states' shapes in float32."""
    assert load_model(folder).state_bytes == 4 * (80 + 8 + 13 * 2 + 2)
