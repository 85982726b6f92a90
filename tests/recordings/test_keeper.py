from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import msgspec
import numpy as np
import pytest
from cryptography.fernet import Fernet, MultiFernet

from tests.eventually import eventually
from voicerisk.events import Role
from voicerisk.media.block import BLOCK_SAMPLES, Block, BlockAudio
from voicerisk.recordings.keeper import LATE_BLOCKS, PART_BLOCKS, Keeper
from voicerisk.recordings.settings import RecordingSettings
from voicerisk.recordings.vault import Both, find_parts, read_samples
from voicerisk.store.recordings import RecordingClass, RecordingRecord, read_recordings
from voicerisk.store.settings import StoreSettings
from voicerisk.store.store import Store

_KEYS = MultiFernet([Fernet(Fernet.generate_key())])
_DAY_S = 86_400.0


def _block(index: int) -> Block:
    def side(sign: int) -> BlockAudio:
        samples = np.full(BLOCK_SAMPLES, sign * (index + 1), np.int16)
        return BlockAudio(samples, n_missing=0, n_valid=BLOCK_SAMPLES, seam=False)

    return Block(index, {Role.CUSTOMER: side(1), Role.AGENT: side(-1)})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store in an empty folder."""
    store = Store.open(StoreSettings(url=f"sqlite:///{tmp_path}/x.db", answer_within_s=5.0))
    yield store
    await store.close()


def _keeper(tmp_path: Path, store: Store, **settings: object) -> Keeper:
    return Keeper(msgspec.convert(settings, RecordingSettings), tmp_path / "recordings", store, _KEYS)


async def _only(store: Store) -> RecordingRecord:
    [record] = await store.read(read_recordings)
    return record


def _sound(keeper: Keeper, record: RecordingRecord) -> Both:
    path = keeper.path_of(record)
    parts = find_parts(path)
    return np.concatenate(list(read_samples(path, parts, 0, parts.n_samples, _KEYS)))


async def test_a_flagged_call_is_kept_from_before_the_flag_to_its_end(tmp_path: Path, store: Store) -> None:
    """Both parties, sample for sample, from the seconds before the alert on, in several parts; the line says where."""
    keeper = _keeper(tmp_path, store)
    n = 2 * PART_BLOCKS + 40
    assert keeper.flag("c-1", RecordingClass.ALERT, [_block(i) for i in range(10, 20)], 1000.0, "al-1")
    for index in range(20, n):
        keeper.heard("c-1", _block(index))
    keeper.ended("c-1")
    await keeper.close()
    record = await _only(store)
    assert (record.call_id, record.alert_id, record.start_s) == ("c-1", "al-1", pytest.approx(2.4))
    assert record.seconds == pytest.approx((n - 10) * 0.24)
    sound = _sound(keeper, record)
    assert (sound[:, 0] == np.repeat(np.arange(11, n + 1), BLOCK_SAMPLES)).all()
    assert (sound[:, 1] == -sound[:, 0]).all()
    assert len(find_parts(keeper.path_of(record)).places) == 3


async def test_a_call_that_is_not_flagged_leaves_nothing(tmp_path: Path, store: Store) -> None:
    """No file and no line of a call without an alert, and none at all without a key."""
    keeper = _keeper(tmp_path, store)
    keeper.heard("c-1", _block(0))
    keeper.key("c-1", 0.1)
    keeper.ended("c-1")
    await keeper.close()
    assert not (tmp_path / "recordings").exists()
    assert await store.read(read_recordings) == []
    without = Keeper(RecordingSettings(), tmp_path / "recordings", store, None)
    assert not without.flag("c-1", RecordingClass.ALERT, [_block(0)], 1.0)
    await without.close()


async def test_a_key_told_of_late_is_still_left_out(tmp_path: Path, store: Store) -> None:
    """A key that is reported after its tone was heard, at the very border of a part, leaves no tone in the file."""
    keeper = _keeper(tmp_path, store, keys_gap_s=2.0)
    keeper.flag("c-1", RecordingClass.ALERT, [], 1000.0)
    for index in range(PART_BLOCKS + LATE_BLOCKS - 1):
        keeper.heard("c-1", _block(index))
    at_s = PART_BLOCKS * 0.24
    keeper.key("c-1", at_s)
    for index in range(PART_BLOCKS + LATE_BLOCKS - 1, PART_BLOCKS + 60):
        keeper.heard("c-1", _block(index))
    keeper.ended("c-1")
    await keeper.close()
    record = await _only(store)
    silent = ~_sound(keeper, record).any(axis=1)
    first, last = np.flatnonzero(silent)[[0, -1]] / 8000
    assert (first, last) == (pytest.approx(at_s - 1.0, abs=1e-3), pytest.approx(at_s + 2.0, abs=1e-3))
    assert silent.sum() == 3 * 8000
    assert msgspec.json.decode(record.gaps) == [{"start_s": at_s - 1.0, "end_s": at_s + 2.0, "reason": "keys"}]


async def test_opting_out_takes_the_recording_away_at_once(tmp_path: Path, store: Store) -> None:
    """After an opt-out no file is left, nothing more is written, and the line says that it is gone and why."""
    keeper = _keeper(tmp_path, store)
    keeper.flag("c-1", RecordingClass.ALERT, [], 1000.0)
    for index in range(PART_BLOCKS + LATE_BLOCKS):
        keeper.heard("c-1", _block(index))
    await eventually(lambda: any((tmp_path / "recordings").rglob("*")))
    await keeper.forget("c-1", "the customer opted out", 1100.0)
    keeper.heard("c-1", _block(500))
    keeper.ended("c-1")
    await keeper.close()
    record = await _only(store)
    assert (record.gone_at_s, record.gone_why) == (1100.0, "the customer opted out")
    assert not [path for path in (tmp_path / "recordings").rglob("*") if path.is_file()]


async def test_each_class_is_kept_for_its_own_time(tmp_path: Path, store: Store) -> None:
    """A purge takes what alerted after 30 days and what was picked for review after 90; the lines stay."""
    keeper = _keeper(tmp_path, store)
    for kind in RecordingClass:
        keeper.flag(kind.value, kind, [_block(0)], 0.0)
        keeper.ended(kind.value)
    await keeper.close()
    assert await keeper.purge(29 * _DAY_S) == 0
    assert await keeper.purge(31 * _DAY_S) == 1
    assert await keeper.purge(31 * _DAY_S) == 0
    assert await keeper.purge(91 * _DAY_S) == 1
    assert {record.gone_why for record in await store.read(read_recordings)} == {
        "kept for 30 days",
        "kept for 90 days",
    }


async def test_a_recording_ends_at_its_longest_and_too_many_are_refused(tmp_path: Path, store: Store) -> None:
    """A call without end is recorded for `max_s` only; beyond `max_at_once` a call is not recorded, but goes on."""
    keeper = _keeper(tmp_path, store, max_s=60.0, max_at_once=1)
    assert keeper.flag("c-1", RecordingClass.ALERT, [], 0.0)
    assert not keeper.flag("c-2", RecordingClass.ALERT, [], 0.0)
    for index in range(300):
        keeper.heard("c-1", _block(index))
        keeper.heard("c-2", _block(index))
    await keeper.close()
    record = await _only(store)
    assert record.seconds == pytest.approx(60.0)


async def test_a_disk_that_refuses_costs_the_recording_alone(tmp_path: Path, store: Store) -> None:
    """Where the file cannot be written the call goes on, and the line shows that nothing was kept."""
    (tmp_path / "recordings").write_text("in the way")
    keeper = _keeper(tmp_path, store)
    keeper.flag("c-1", RecordingClass.ALERT, [_block(0)], 0.0)
    keeper.ended("c-1")
    await keeper.close()
    read = partial(read_recordings, call_id="c-1")
    assert [record.seconds for record in await store.read(read)] == [0.0]
