"""Promise 2: each moment of a call's audio goes through the encoder once, and never again."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pytest
import soundfile

import voicerisk.replay
from tests.conftest import StartService
from tests.eventually import eventually
from tests.promises.driver import Driver, at_once, of_twilio, paced, together
from voicerisk.floor import FloorSettings
from voicerisk.scoring.contract import CHUNK_SAMPLES
from voicerisk.scoring.engine import ScoringEngine, Slot
from voicerisk.scoring.model import Model
from voicerisk.scoring.scores import ChunkScores
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.l16 import l16
from voicerisk.simulate.play import play


class WatchedEngine(ScoringEngine):
    """The real engine, which also notes what it is given, slot by slot."""

    heard: ClassVar[dict[Slot, list[npt.NDArray[np.int16]]]] = defaultdict(list)

    def run(self, slots: Sequence[Slot], audio: npt.NDArray[np.int16], *, heads: bool = True) -> ChunkScores:
        """Scores as ever."""
        for slot, chunk in zip(slots, audio, strict=True):
            self.heard[slot].append(chunk.copy())
        return super().run(slots, audio, heads=heads)


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> dict[Slot, list[npt.NDArray[np.int16]]]:
    """What the encoder is given in a replay: the chunks of each slot in order."""
    WatchedEngine.heard = defaultdict(list)
    monkeypatch.setattr(voicerisk.replay, "ScoringEngine", WatchedEngine)
    return WatchedEngine.heard


def customer_of(path: Path) -> npt.NDArray[np.int16]:
    """The file's first channel, filled up with silence to whole chunks."""
    samples, _ = soundfile.read(path, dtype="int16", always_2d=True)
    return np.pad(samples[:, 0], (0, -len(samples) % CHUNK_SAMPLES))


def test_the_encoder_hears_the_customer_once_from_end_to_end(
    ear: Model, escalating: Path, heard: dict[Slot, list[npt.NDArray[np.int16]]]
) -> None:
    """Put end to end, the chunks that went into the model are the customer's audio: nothing twice, nothing left out."""
    list(voicerisk.replay.replay([escalating], ear, FloorSettings()))
    (chunks,) = heard.values()
    assert np.array_equal(np.concatenate(chunks), customer_of(escalating))


@pytest.mark.parametrize("drive", [at_once, paced])
def test_one_row_of_the_model_for_each_block(ear: Model, escalating: Path, drive: type) -> None:
    """Two calls side by side cost as many rows of the model as they have blocks of 240 ms, whatever the packets."""
    driver = Driver(ear)
    drive(driver, together(of_twilio(escalating, "a", 0.02), of_twilio(escalating, "b", 0.2)))
    n_blocks = len(customer_of(escalating)) // CHUNK_SAMPLES
    assert driver.n_scored == {"a": n_blocks, "b": n_blocks}


async def test_live_as_well(escalating: Path, start_service: StartService) -> None:
    """The running server reports one scored chunk for each 240 ms of a call, although it pools a window for each."""
    service = await start_service()
    await asyncio.gather(
        *(
            play(service.gateway("/fork"), l16(SimulatedCall(path=escalating, call_id=name)), speed=0.0)
            for name in ("a", "b")
        )
    )

    async def both_ended() -> bool:
        return await service.ended_calls() == {"a", "b"}

    await eventually(both_ended, 60.0)
    n_blocks = len(customer_of(escalating)) // CHUNK_SAMPLES
    assert await service.metric("voicerisk_score_batch_size_sum") == 2 * n_blocks
