"""Why a row's score does not depend on its batch, and the measurement that proves it for a model when it is loaded.

ONNX Runtime's float kernels work row by row, but four things can still move a row's last bits (found by running each
operator at many batch sizes and positions, ONNX Runtime 1.31 on CPU):

1. Element-wise operators that come from Eigen (Log, Softplus, Sin, Elu ...) compute packets of 4 floats with one
   formula and the 1 to 3 left over at the end of the tensor with another.
2. A batched matrix product whose rows are the batch has kernels of its own for 1 row and for left-over rows.
3. A reduction drops axes of length 1 before it picks its loop, so that a batch of 1 is summed in another order.
4. A sum over the last axis starts its vector loop at the first 16-byte boundary, which differs from row to row where
   a row is not a multiple of 4 floats.

The first three are gone when the number of rows is always a multiple of 4: the engine pads every batch with up to 3
rows of silence. The fourth is about a row's place, not the batch's size, so the graph must not hold such sums: the
exporter replaces them (`voicerisk.training.batch_proof`). A model that breaks the promise in any way, known or not,
is refused here.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime as ort

from voicerisk.scoring import contract
from voicerisk.scoring.model_file import ModelFile

ROW_MULTIPLE: Final = 4
N_CHUNKS: Final = 4
N_ROWS: Final = 5 * ROW_MULTIPLE

FloatArray = npt.NDArray[np.float32]


def padded(n: int) -> int:
    """The number of rows n rounded up to a multiple of `ROW_MULTIPLE`."""
    return -(-n // ROW_MULTIPLE) * ROW_MULTIPLE


def dependent_outputs(session: ort.InferenceSession, spec: ModelFile) -> list[str]:
    """Outputs (states included) whose bits depend on the batch; empty if the model keeps the promise.

    The same voice is run by itself (padded with silence, as the engine does), and at every second place of a larger
    batch among louder and quieter strangers; all its outputs must be the same bits over `N_CHUNKS` chunks.
    """
    voice = _voice()
    gains = np.geomspace(0.01, 5.0, N_ROWS, dtype=np.float32)
    alone_states = _first_states(spec, ROW_MULTIPLE)
    crowd_states = _first_states(spec, N_ROWS)
    names = [output.name for output in session.get_outputs()]
    differ: dict[str, None] = {}
    for chunk in voice.reshape(N_CHUNKS, contract.CHUNK_SAMPLES):
        alone = np.zeros((ROW_MULTIPLE, contract.CHUNK_SAMPLES), np.float32)
        alone[0] = chunk
        crowd = np.clip(chunk[np.newaxis, ::-1] * gains[:, np.newaxis], -1.0, 1.0)
        crowd[::2] = chunk
        # The voice stands at the places 0, 2, 4 ..., and once at an odd place.
        crowd[1] = chunk
        same = np.arange(N_ROWS) % 2 == 0
        same[1] = True
        expected = dict(zip(names, session.run(names, {"audio": alone, **alone_states}), strict=True))
        got = dict(zip(names, session.run(names, {"audio": crowd, **crowd_states}), strict=True))
        for name in names:
            if not (got[name][same] == expected[name][0]).all():
                differ[name] = None
        alone_states = {state.name: expected[state.next_name] for state in spec.state}
        crowd_states = {state.name: got[state.next_name] for state in spec.state}
    return list(differ)


def _first_states(spec: ModelFile, n_rows: int) -> dict[str, FloatArray]:
    return {state.name: np.zeros((n_rows, *state.shape), np.float32) for state in spec.state}


def _voice() -> FloatArray:
    """A second of something like a voice: gliding harmonics in syllables over a little noise."""
    at_s = np.arange(N_CHUNKS * contract.CHUNK_SAMPLES) / contract.RATE_HZ
    phase = 2 * np.pi * (170 * at_s + 12 * np.sin(2 * np.pi * 1.3 * at_s))
    harmonics = sum(np.sin(k * phase) / k for k in range(1, 16))
    syllables = 0.1 * (0.3 + np.abs(np.sin(2 * np.pi * 2.1 * at_s)))
    noise = np.random.default_rng(0).standard_normal(len(at_s)) * 0.005
    return np.asarray(syllables * harmonics + noise, np.float32)
