from pathlib import Path

import pytest

from tests.scoring.toy import toy_model
from tests.training.made import write_emodb
from voicerisk.scoring.model import Model


@pytest.fixture(scope="session")
def loudness(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """A tiny model that hears loudness."""
    return toy_model(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="session")
def corpora_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small made-up EmoDB: four speakers, six clips each of neutral, happy and angry."""
    return write_emodb(tmp_path_factory.mktemp("corpora"))
