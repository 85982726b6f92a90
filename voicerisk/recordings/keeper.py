"""Records the calls that were flagged, from a little before the flag to their end, a part at a time."""

import asyncio
from collections.abc import Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec
import numpy as np
import structlog
from cryptography.fernet import MultiFernet
from prometheus_client import Counter, Gauge

from voicerisk.events import Role
from voicerisk.media.block import BLOCK_SAMPLES, Block
from voicerisk.recordings.files import last_written, remove_older
from voicerisk.recordings.gaps import Gap, Gaps, silenced
from voicerisk.recordings.settings import RecordingSettings
from voicerisk.recordings.vault import Both, VaultError, add_part, find_parts
from voicerisk.scoring.contract import CHUNK_S, RATE_HZ
from voicerisk.store import recordings
from voicerisk.store.recordings import RecordingClass, RecordingRecord
from voicerisk.store.store import Store

_log = structlog.get_logger(__name__)

PART_BLOCKS: Final = 125
"""Blocks of a part: 30 s, which is what a crash may cost."""

MAX_WAITING_PARTS: Final = 4
"""Parts of one call that wait for the disk: of a disk that hangs, the memory must not fill."""

LATE_BLOCKS: Final = 12
"""Blocks that are held back: a key that the customer pressed may be told of a little later than it was heard."""

_DAY_S: Final = 86_400.0

RECORDING = Gauge("voicerisk_recordings_live", "Calls that are being recorded now")
NOT_RECORDED = Counter("voicerisk_recordings_refused", "Flagged calls that could not be recorded", ["why"])


class _Tape:
    """One call that is being recorded: blocks that are not written yet, and its line."""

    __slots__ = ("blocks", "forgotten", "n_blocks", "n_waiting", "record", "writing")

    def __init__(self, record: RecordingRecord) -> None:
        self.record = record
        self.blocks: list[Block] = []
        self.n_blocks = 0
        self.n_waiting = 0
        self.forgotten = False
        self.writing: asyncio.Task[None] | None = None


class Keeper:
    """All recordings that are being made. Used from one event loop; files are written on a thread of its own."""

    def __init__(self, settings: RecordingSettings, folder: Path, store: Store, keys: MultiFernet | None) -> None:
        self.settings = settings
        self.folder = folder
        self.keys = keys
        self._store = store
        self._tapes: dict[str, _Tape] = {}
        self._finishing: set[_Tape] = set()
        self._gaps: dict[str, Gaps] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recorder")

    # What a live call tells

    def flag(
        self, call_id: str, kind: RecordingClass, before: Iterable[Block], now: float, alert_id: str | None = None
    ) -> bool:
        """The call is recorded from `before` on, its newest blocks; True where it is, or was already.

        A call that was picked for review and then alerts is kept as one that alerted, or the longer of the two.
        """
        if self.keys is None:
            return False
        if call_id in self._tapes:
            return True
        if len(self._tapes) >= self.settings.max_at_once:
            NOT_RECORDED.labels("too_many").inc()
            _log.warning("a flagged call is not recorded: too many at once", call=call_id)
            return False
        blocks = list(before)
        id_ = uuid4().hex
        start_s = blocks[0].start_s if blocks else 0.0
        tape = _Tape(
            RecordingRecord(
                id=id_, call_id=call_id, alert_id=alert_id, kind=kind, file=f"{id_[:2]}/{id_}", began_at_s=now,
                start_s=start_s,
            )
        )  # fmt: skip
        self._tapes[call_id] = tape
        RECORDING.set(len(self._tapes))
        for block in blocks:
            self._take(tape, block)
        self._spawn(self._save(tape.record))
        return True

    def heard(self, call_id: str, block: Block) -> None:
        """The next 240 ms of a call; calls that are not recorded pass."""
        if (tape := self._tapes.get(call_id)) is None:
            return
        self._take(tape, block)
        if tape.n_blocks * CHUNK_S >= self.settings.max_s:
            self._finish(call_id)

    def key(self, call_id: str, at_s: float) -> None:
        """The customer pressed a key at about media second `at_s`: what is around it is left out."""
        self._gaps_of(call_id).key(at_s)

    def pause(self, call_id: str, at_s: float) -> None:
        """Nothing is kept of the call from here on, until `resume`."""
        self._gaps_of(call_id).pause(at_s)

    def resume(self, call_id: str, at_s: float) -> None:
        """The call's sound is kept again."""
        if (gaps := self._gaps.get(call_id)) is not None:
            gaps.resume(at_s)

    def ended(self, call_id: str) -> None:
        """The call is over: what is left of it is written."""
        self._finish(call_id)
        self._gaps.pop(call_id, None)

    # What people ask

    def is_recording(self, call_id: str) -> bool:
        """Whether the call is being recorded now."""
        return call_id in self._tapes

    async def forget(self, call_id: str, why: str, now: float) -> None:
        """Lets go of every recording of the call, also of those that are being made or written.

        Raises `StoreError` where the list of earlier ones cannot be read, and `OSError` where a file cannot go.
        """
        tapes = [tape for tape in self._finishing if tape.record.call_id == call_id]
        if (live := self._tapes.pop(call_id, None)) is not None:
            RECORDING.set(len(self._tapes))
            tapes.append(live)
        for tape in tapes:
            # What waits for the disk must not bring the file back.
            tape.forgotten = True
            tape.blocks.clear()
        for tape in tapes:
            if tape.writing is not None:
                await asyncio.wait({tape.writing})
            await self.let_go(tape.record, why, now)
        for record in await self._store.read(partial(recordings.read_recordings, call_id=call_id)):
            if record.gone_at_s is None:
                await self.let_go(record, why, now)

    async def let_go(self, record: RecordingRecord, why: str, now: float) -> None:
        """Deletes the recording's file; its line stays and says why. Raises `OSError` where the file cannot go."""
        await asyncio.to_thread(self.path_of(record).unlink, missing_ok=True)
        await self._save(msgspec.structs.replace(record, gone_at_s=now, gone_why=why))
        _log.info("recording.gone", recording=record.id, why=why)

    async def purge(self, now: float) -> int:
        """How many recordings were let go because they are older than their class is kept."""
        days = {RecordingClass.ALERT: self.settings.alert_days, RecordingClass.REVIEW: self.settings.review_days}
        n_gone = 0
        for kind, kept_days in days.items():
            old = partial(recordings.read_old, kind=kind, before_s=now - kept_days * _DAY_S)
            for record in await self._store.read(old):
                try:
                    await self.let_go(record, f"kept for {kept_days:g} days", now)
                except OSError as error:
                    # One file that cannot go must not keep all the others.
                    _log.error("recording.stays", recording=record.id, problem=str(error))
                    continue
                n_gone += 1
        # A file without a line, because the crash came between: nothing else would ever let it go.
        n_gone += await asyncio.to_thread(remove_older, self.folder, now - max(days.values()) * _DAY_S)
        return n_gone

    async def mend(self) -> int:
        """How many lines were brought up to their files: those of calls that were recorded when the process died.

        To be called before the first call is recorded. Raises `StoreError`.
        """
        n_mended = 0
        for path in await asyncio.to_thread(last_written, self.folder, self.settings.max_s):
            record = await self._store.read(partial(recordings.read_recording, id_=path.name))
            if record is None or record.gone_at_s is not None:
                continue
            try:
                parts = await asyncio.to_thread(find_parts, path)
            except VaultError as error:
                _log.error("a recording cannot be read", recording=record.id, problem=str(error))
                continue
            seconds = round(parts.n_samples / RATE_HZ, 3)
            if seconds != record.seconds:
                await self._save(msgspec.structs.replace(record, seconds=seconds))
                n_mended += 1
        return n_mended

    def path_of(self, record: RecordingRecord) -> Path:
        """Where the recording's file lies. Its name is one that we made, never one that somebody asked for."""
        return self.folder / record.file

    async def close(self) -> None:
        """Writes what is left of every call."""
        for call_id in list(self._tapes):
            self._finish(call_id)
        while self._tasks:
            await asyncio.wait(self._tasks)
        self._thread.shutdown()

    # How it is done

    def _gaps_of(self, call_id: str) -> Gaps:
        return self._gaps.setdefault(call_id, Gaps(self.settings.keys_gap_s))

    def _take(self, tape: _Tape, block: Block) -> None:
        tape.blocks.append(block)
        tape.n_blocks += 1
        if len(tape.blocks) >= PART_BLOCKS + LATE_BLOCKS:
            part, tape.blocks = tape.blocks[:PART_BLOCKS], tape.blocks[PART_BLOCKS:]
            self._write(tape, part)

    def _finish(self, call_id: str) -> None:
        if (tape := self._tapes.pop(call_id, None)) is not None:
            RECORDING.set(len(self._tapes))
            self._finishing.add(tape)
            self._write(tape, tape.blocks)
            tape.blocks = []
            if tape.writing is not None:
                tape.writing.add_done_callback(lambda _: self._finishing.discard(tape))

    def _write(self, tape: _Tape, blocks: list[Block]) -> None:
        if tape.n_waiting >= MAX_WAITING_PARTS:
            NOT_RECORDED.labels("disk").inc()
            _log.error("a part of a recording is let go: the disk is too slow", recording=tape.record.id)
            blocks = []
        tape.n_waiting += 1
        gaps = self._gaps[tape.record.call_id].all if tape.record.call_id in self._gaps else ()
        tape.writing = self._spawn(self._written(tape, blocks, gaps, tape.writing))

    async def _written(
        self, tape: _Tape, blocks: list[Block], gaps: tuple[Gap, ...], before: asyncio.Task[None] | None
    ) -> None:
        try:
            if before is not None:
                await asyncio.wait({before})
            if not tape.forgotten:
                await self._write_part(tape, blocks, gaps)
        finally:
            tape.n_waiting -= 1

    async def _write_part(self, tape: _Tape, blocks: list[Block], gaps: tuple[Gap, ...]) -> None:
        if blocks and self.keys is not None:
            write = partial(_write_part, self.path_of(tape.record), blocks, gaps, self.keys)
            try:
                n_samples = await asyncio.get_running_loop().run_in_executor(self._thread, write)
            except OSError as error:
                NOT_RECORDED.labels("disk").inc()
                _log.error("a part of a recording could not be written", recording=tape.record.id, problem=str(error))
                return
            seconds = round(tape.record.seconds + n_samples / RATE_HZ, 3)
            tape.record = msgspec.structs.replace(tape.record, seconds=seconds, gaps=msgspec.json.encode(gaps).decode())
        await self._save(tape.record)

    async def _save(self, record: RecordingRecord) -> None:
        await self._store.save(("recording", record.id), partial(recordings.write_recording, recording=record))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def both_sides(blocks: Iterable[Block]) -> Both:
    """The sound of consecutive blocks, (n, 2): customer left, agent right; a single channel is on the left."""
    pieces = []
    for block in blocks:
        n = max((audio.n_valid for audio in block.roles.values()), default=BLOCK_SAMPLES)
        both = np.zeros((n, 2), np.int16)
        for role, audio in block.roles.items():
            side = 1 if role is Role.AGENT else 0
            both[: audio.n_valid, side] = audio.samples[: audio.n_valid]
        pieces.append(both)
    return np.concatenate(pieces) if pieces else np.zeros((0, 2), np.int16)


def _write_part(path: Path, blocks: list[Block], gaps: tuple[Gap, ...], keys: MultiFernet) -> int:
    samples = silenced(both_sides(blocks), blocks[0].start_s, gaps)
    add_part(path, samples, keys)
    return len(samples)
