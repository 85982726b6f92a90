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
