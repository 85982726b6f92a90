"""What tests all over the tree share: the model that ships, a call that escalates, the service as a real process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import soundfile

from tests.service_process import ServiceProcess
from voicerisk.media.g711 import decode_ulaw, encode_ulaw
from voicerisk.scoring.model import Model, load_model

ROOT = Path(__file__).parents[1]

StartService = Callable[..., Awaitable[ServiceProcess]]


NEED_TORCH = (
    "test_calm_view.py",
    "test_committee.py",
    "test_description.py",
    "test_detector.py",
    "test_export.py",
    "test_features.py",
    "test_finetune.py",
    "test_judging.py",
    "test_pooling.py",
    "test_train.py",
)
"""Tests of training whose very import needs the extra `train`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--train-extra` runs what needs torch and its company; without it those tests are not part of the suite."""
    parser.addoption("--train-extra", action="store_true", help="run the tests that need the extra `train`")


def pytest_configure(config: pytest.Config) -> None:
    """Makes the marker known."""
    config.addinivalue_line("markers", "train_extra: needs the extra `train`; run with --train-extra")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out whole files that need the extra, unless they are asked for."""
    needs = collection_path.parent.name == "training" and collection_path.name in NEED_TORCH
    return True if needs and not config.getoption("--train-extra") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselects single tests that need the extra, unless they are asked for: what is installed decides nothing."""
    if config.getoption("--train-extra"):
        return
    left_out = [item for item in items if item.get_closest_marker("train_extra")]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def ear() -> Model:
    """The model that ships."""
    return load_model("tension")


@pytest.fixture(scope="session")
def escalating(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """26 s of a call in which the customer gets upset after 13: 8 kHz stereo, customer and agent.

    Cut from one of the demo's calls, and rounded to what mu-law can say, so that every way in brings the same samples.
    """
    samples, rate_hz = soundfile.read(ROOT / "streams/demo/escalates-third-call.ogg", dtype="int16")
    cut = samples[10 * rate_hz : 36 * rate_hz]
    path = tmp_path_factory.mktemp("calls") / "escalating.flac"
    soundfile.write(path, decode_ulaw(encode_ulaw(cut.ravel())).reshape(cut.shape), rate_hz)
    return path


@pytest.fixture
async def start_service(tmp_path: Path) -> AsyncIterator[StartService]:
    """Starts `voicerisk serve` with the given lines of configuration; whatever was started is killed at the end."""
    started: list[ServiceProcess] = []

    async def start(*settings: str, folder: Path = tmp_path / "service") -> ServiceProcess:
        service = ServiceProcess(folder, *settings)
        started.append(service)
        return await service.ready()

    try:
        yield start
    finally:
        for service in started:
            service.kill()
