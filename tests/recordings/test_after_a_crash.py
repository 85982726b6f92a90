"""What a crash, a hung disk or a late write leaves of recordings, and what is made of it."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
from cryptography.fernet import Fernet, MultiFernet

from voicerisk.events import Role
from voicerisk.media.block import BLOCK_SAMPLES, Block, BlockAudio
from voicerisk.recordings import keeper as keeper_module
from voicerisk.recordings.keeper import LATE_BLOCKS, MAX_WAITING_PARTS, PART_BLOCKS, Keeper
from voicerisk.recordings.settings import RecordingSettings
from voicerisk.recordings.vault import Both, add_part
from voicerisk.store.recordings import RecordingClass, RecordingRecord, read_recordings, write_recording
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

_KEYS = MultiFernet([Fernet(Fernet.generate_key())])
_SOUND = np.ones((8000, 2), np.int16)
_DAY_S = 86_400.0


def _block(index: int) -> Block:
    audio = BlockAudio(np.ones(BLOCK_SAMPLES, np.int16), n_missing=0, n_valid=BLOCK_SAMPLES, seam=False)
    return Block(index, {Role.CUSTOMER: audio})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store in an empty folder."""
    store = Store.open(StoreSettings(url=f"sqlite:///{tmp_path}/x.db", answer_within_s=5.0))
    yield store
    await store.close()


@pytest.fixture
def keeper(tmp_path: Path, store: Store) -> Keeper:
    """A keeper with a key."""
    return Keeper(RecordingSettings(alert_days=10.0, review_days=20.0), tmp_path / "recordings", store, _KEYS)


async def test_the_line_of_a_recording_that_a_crash_cut_short_gets_its_length(keeper: Keeper, store: Store) -> None:
    """The file has two parts, the line knows of one: after a restart it says two; a line that is gone stays gone."""
    cut = RecordingRecord(
        id="ab1", call_id="c-1", kind=RecordingClass.ALERT, file="ab/ab1", began_at_s=1.0, start_s=0.0, seconds=1.0
    )
    gone = msgspec.structs.replace(cut, id="ab2", file="ab/ab2", gone_at_s=5.0, gone_why="deleted by Maya")
    for record in (cut, gone):
        await store.write(partial(write_recording, recording=record))
        for _ in range(2):
            add_part(keeper.path_of(record), _SOUND, _KEYS)
    assert await keeper.mend() == 1
    assert {one.id: one.seconds for one in await store.read(read_recordings)} == {"ab1": 2.0, "ab2": 1.0}
    assert await keeper.mend() == 0
    await keeper.close()


async def test_a_file_without_a_line_goes_with_the_oldest(keeper: Keeper) -> None:
    """Sound that no line tells of is let go when no recording is kept so long, and not before."""
    now = 100 * _DAY_S
    for name, days in (("aa1", 19.0), ("aa2", 21.0)):
        path = keeper.folder / "aa" / name
        add_part(path, _SOUND, _KEYS)
        os.utime(path, (now - days * _DAY_S,) * 2)
    assert await keeper.purge(now) == 1
    assert [path.name for path in keeper.folder.glob("*/*")] == ["aa1"]
    await keeper.close()


async def test_what_waits_for_the_disk_does_not_bring_a_forgotten_call_back(
    keeper: Keeper, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recording is full and on its way to a slow disk when the customer opts out: no file is left."""
    goes_on = threading.Event()

    def slow(*args: object) -> None:
        goes_on.wait(5.0)
        add_part(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(keeper_module, "add_part", slow)
    keeper.flag("c-1", RecordingClass.ALERT, [_block(0)], 1000.0)
    keeper.ended("c-1")
    forgetting = asyncio.create_task(keeper.forget("c-1", "the customer opted out", 1001.0))
    await asyncio.sleep(0.05)
    goes_on.set()
    await forgetting
    await keeper.close()
    assert list(keeper.folder.glob("*/*")) == []
    [record] = await store.read(read_recordings)
    assert record.gone_why == "the customer opted out"


async def test_a_hung_disk_costs_sound_and_not_memory(keeper: Keeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a part hangs, a few more wait for it, and what comes after those is let go."""
    goes_on = threading.Event()
    monkeypatch.setattr(keeper_module, "add_part", lambda *_: goes_on.wait(5.0))
    held: list[int] = []
    real = keeper_module.both_sides

    def counted(blocks: Sequence[Block]) -> Both:
        held.append(len(blocks))
        return real(blocks)

    monkeypatch.setattr(keeper_module, "both_sides", counted)
    keeper.flag("c-1", RecordingClass.ALERT, [], 1000.0)
    for index in range((MAX_WAITING_PARTS + 3) * PART_BLOCKS + LATE_BLOCKS):
        keeper.heard("c-1", _block(index))
    goes_on.set()
    keeper.ended("c-1")
    await keeper.close()
    assert sum(held) <= (MAX_WAITING_PARTS + 1) * PART_BLOCKS
