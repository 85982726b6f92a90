from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from tests.scoring.toy import toy_model
from voicerisk.scoring import contract
from voicerisk.scoring.model import Model

Tone = Callable[[float], npt.NDArray[np.int16]]


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A tiny model that hears loudness."""
    return toy_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def faulty_toy(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The tiny model with its two traps."""
    return toy_model(tmp_path_factory.mktemp("models"), faulty=True)


@pytest.fixture(scope="session")
def tone() -> Tone:
    """Makes one chunk of a 220 Hz tone of the given amplitude (1.0 = full scale)."""
    at_s = np.arange(contract.CHUNK_SAMPLES) / contract.RATE_HZ

    def make(amplitude: float) -> npt.NDArray[np.int16]:
        return (32767 * amplitude * np.sin(2 * np.pi * 220 * at_s)).astype(np.int16)

    return make
