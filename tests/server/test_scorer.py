import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager

import numpy as np
import numpy.typing as npt
import pytest
from prometheus_client import REGISTRY

from tests.scoring.toy import RAISING_SAMPLE, toy_model
from voicerisk import clock
from voicerisk.scoring.contract import CHUNK_SAMPLES
from voicerisk.scoring.engine import ScoringEngine
from voicerisk.scoring.model import Model
from voicerisk.scoring.overload import OverloadSettings
from voicerisk.scoring.scores import ChunkScore, ChunkScores
from voicerisk.server.scorer import (
    CapacityExceededError,
    Outcome,
    QueueFullError,
    ScorerSettings,
    ScorerStoppedError,
    ScorerThread,
    ScoringError,
    Slot,
    StaleSlotError,
)

Int16 = npt.NDArray[np.int16]
Start = Callable[..., AbstractAsyncContextManager[ScorerThread]]


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The tiny model with its two traps."""
    return toy_model(tmp_path_factory.mktemp("models"), faulty=True)


@pytest.fixture
def start(toy: Model) -> Start:
    """Starts a scorer with the given settings, and stops it at the end of the block."""

    @contextlib.asynccontextmanager
    async def running(**settings: object) -> AsyncIterator[ScorerThread]:
        scorer = ScorerThread(toy, ScorerSettings(**settings), asyncio.get_running_loop())  # type: ignore[arg-type]
        scorer.start()
        try:
            yield scorer
        finally:
            await scorer.stop(5.0)

    return running


class Held:
    """Stands in the model's way: while held, the engine's runs do not begin."""

    def __init__(self, scorer: ScorerThread, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entered = threading.Event()
        self.go = threading.Event()
        run = scorer.engine.run

        def held(*args: object, **kwargs: object) -> object:
            self.entered.set()
            assert self.go.wait(10.0)
            return run(*args, **kwargs)  # type: ignore[arg-type]

        monkeypatch.setattr(scorer.engine, "run", held)

    async def until_entered(self) -> None:
        """Returns once the thread stands before the model."""
        assert await asyncio.to_thread(self.entered.wait, 10.0)


class Call:
    """One channel that keeps what it was told."""

    def __init__(self, scorer: ScorerThread) -> None:
        self.scorer = scorer
        self.slot: Slot = scorer.open()
        self.outcomes: list[Outcome] = []
        self.news = asyncio.Event()

    def say(self, samples: Int16) -> None:
        """Submits one chunk, received now."""
        self.scorer.submit(self.slot, samples, clock.monotonic_s(), self.hear)

    def hear(self, outcome: Outcome) -> None:
        """Keeps the outcome; must run on the event loop's thread."""
        assert threading.current_thread() is threading.main_thread()
        self.outcomes.append(outcome)
        self.news.set()

    async def until(self, n: int) -> list[Outcome]:
        """All outcomes, as soon as there are n."""
        async with asyncio.timeout(10.0):
            while len(self.outcomes) < n:
                self.news.clear()
                await self.news.wait()
        return self.outcomes


def voice(n_chunks: int, seed: int, level: float = 2000.0) -> list[Int16]:
    """Chunks of noise."""
    noise = np.random.default_rng(seed).standard_normal((n_chunks, CHUNK_SAMPLES)) * level
    return list(np.clip(noise, -32000, 32000).astype(np.int16))


def poisoned(chunk: Int16) -> Int16:
    """The chunk with the sample on which the model raises."""
    chunk = chunk.copy()
    chunk[0] = RAISING_SAMPLE
    return chunk


def alone(model: Model, chunks: list[Int16]) -> list[Outcome]:
    """What an engine of its own says to these chunks of one channel."""
    engine = ScoringEngine(model, 1, 1)
    slot = engine.open()
    return [engine.run([slot], chunk[np.newaxis]).rows()[0] for chunk in chunks]


def counted(name: str) -> float:
    """The value of a metric now."""
    value = REGISTRY.get_sample_value(name)
    assert value is not None, name
    return value


async def test_scores_are_those_of_the_engine(toy: Model, start: Start) -> None:
    """Forty calls at once, with bursts and gaps, each get exactly the scores they get alone, in order."""
    audio = [voice(6, seed=i, level=30.0 * 1.2**i) for i in range(40)]
    async with start(max_batch=16) as scorer:
        calls = [Call(scorer) for _ in audio]
        for step in range(6):
            for i, call in enumerate(calls):
                # Some send a chunk at a time, some nothing and then all at once.
                if i % 3:
                    call.say(audio[i][step])
                elif step == 5:
                    for chunk in audio[i]:
                        call.say(chunk)
            await asyncio.sleep(0.005)
        for i, call in enumerate(calls):
            assert await call.until(6) == alone(toy, audio[i])


async def test_the_loop_does_not_wait(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the model stands still, calls open, submit, and close without waiting, and lag tells of it."""
    async with start(capacity=50) as scorer:
        held = Held(scorer, monkeypatch)
        calls = [Call(scorer) for _ in range(20)]
        chunk = voice(1, seed=0)[0]
        calls[0].say(chunk)
        await held.until_entered()
        began_at_s = clock.monotonic_s()
        for call in calls:
            call.say(chunk)
        scorer.close(Call(scorer).slot)
        assert clock.monotonic_s() - began_at_s < 1.0
        assert scorer.n_waiting(calls[1].slot) == 1
        assert scorer.lag_s() > 0.0
        held.go.set()
        await calls[0].until(2)
        await calls[19].until(1)
        assert scorer.lag_s() == 0.0


async def test_waiting_chunks_are_batched(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks that gathered while the model ran go in together, at most `max_batch` of them."""
    async with start(max_batch=8) as scorer:
        held = Held(scorer, monkeypatch)
        sizes: list[int] = []
        run = scorer.engine.run

        def counting(slots: Sequence[Slot], audio: Int16, *, heads: bool) -> ChunkScores:
            sizes.append(len(slots))
            return run(slots, audio, heads=heads)

        monkeypatch.setattr(scorer.engine, "run", counting)
        calls = [Call(scorer) for _ in range(13)]
        chunk = voice(1, seed=0)[0]
        calls[0].say(chunk)
        await held.until_entered()
        for call in calls[1:]:
            call.say(chunk)
        held.go.set()
        for call in calls:
            await call.until(1)
        assert sizes == [1, 8, 4]


async def test_an_error_reaches_its_own_call_only(toy: Model, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a batch of four whose third makes the model raise, three are scored, one gets an error; the next works."""
    chunks = voice(2, seed=5)
    failures = counted("voicerisk_score_failures_total")
    async with start() as scorer:
        held = Held(scorer, monkeypatch)
        first = Call(scorer)
        first.say(chunks[0])
        await held.until_entered()
        calls = [Call(scorer) for _ in range(4)]
        for i, call in enumerate(calls):
            call.say(poisoned(chunks[0]) if i == 2 else chunks[0])
            call.say(chunks[1])
        held.go.set()
        good = alone(toy, chunks)
        for i, call in enumerate(calls):
            outcomes = await call.until(2)
            if i == 2:
                assert isinstance(outcomes[0], ScoringError)
                assert "the model raised" in str(outcomes[0])
                assert outcomes[1] == alone(toy, chunks[1:])[0]
            else:
                assert outcomes == good
    assert counted("voicerisk_score_failures_total") - failures == 1


async def test_a_fault_of_the_engine_hangs_nobody(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a run fails altogether, its calls get an error and the thread goes on."""
    async with start() as scorer:
        run = scorer.engine.run

        def broken(*args: object, **kwargs: object) -> object:
            monkeypatch.setattr(scorer.engine, "run", run)
            raise MemoryError("no memory")

        monkeypatch.setattr(scorer.engine, "run", broken)
        call = Call(scorer)
        for chunk in voice(2, seed=6):
            call.say(chunk)
        failed, scored = await call.until(2)
        assert isinstance(failed, ScoringError)
        assert "no memory" in str(failed)
        assert isinstance(scored, ChunkScore)


async def test_a_thread_that_dies_answers_everybody(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should the thread itself end, chunks in flight and waiting are answered, and the door is closed."""
    async with start() as scorer:
        held = Held(scorer, monkeypatch)
        calls = [Call(scorer) for _ in range(3)]
        chunk = voice(1, seed=0)[0]

        def exits(*args: object, **kwargs: object) -> object:
            raise SystemExit

        calls[0].say(chunk)
        await held.until_entered()
        for call in calls[1:]:
            call.say(chunk)
            call.say(chunk)
        monkeypatch.setattr(scorer.engine, "run", exits)
        held.go.set()
        await calls[0].until(1)
        for call in calls[1:]:
            assert [type(outcome) for outcome in await call.until(2)] == [ScorerStoppedError] * 2
        assert not scorer.accepting
        with pytest.raises(ScorerStoppedError):
            calls[0].say(chunk)
        with pytest.raises(ScorerStoppedError):
            scorer.open()


async def test_a_callback_that_raises_costs_nobody(start: Start) -> None:
    """An exception in one call's callback does not keep the others from theirs."""
    async with start() as scorer:
        chunk = voice(1, seed=0)[0]
        bad, good = scorer.open(), Call(scorer)

        def fails(outcome: Outcome) -> None:
            raise ZeroDivisionError

        scorer.submit(bad, chunk, clock.monotonic_s(), fails)
        good.say(chunk)
        await good.until(1)
        good.say(chunk)
        await good.until(2)


async def test_queue_bound_and_room(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that floods is refused at its bound, may wait for room instead, and delays no one."""
    async with start(max_waiting_chunks=10) as scorer:
        held = Held(scorer, monkeypatch)
        flood, other = Call(scorer), Call(scorer)
        chunk = voice(1, seed=0)[0]
        flood.say(chunk)
        await held.until_entered()
        for _ in range(10):
            flood.say(chunk)
        with pytest.raises(QueueFullError, match="10 chunks wait already"):
            flood.say(chunk)
        other.say(chunk)
        room = asyncio.create_task(scorer.wait_for_room(flood.slot))
        await asyncio.sleep(0.01)
        assert not room.done()
        held.go.set()
        async with asyncio.timeout(5.0):
            await room
        assert scorer.n_waiting(flood.slot) <= 5
        await other.until(1)
        assert len(flood.outcomes) < 11
        await flood.until(11)
        await scorer.wait_for_room(flood.slot)


async def test_closing_ends_the_wait_for_room(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that waits for room is let go when its call is closed."""
    async with start(max_waiting_chunks=2) as scorer:
        held = Held(scorer, monkeypatch)
        call = Call(scorer)
        chunk = voice(1, seed=0)[0]
        call.say(chunk)
        await held.until_entered()
        call.say(chunk)
        call.say(chunk)
        room = asyncio.create_task(scorer.wait_for_room(call.slot))
        await asyncio.sleep(0.01)
        scorer.close(call.slot, drop=True)
        async with asyncio.timeout(5.0):
            await room
        held.go.set()


async def test_close_scores_what_waits(start: Start) -> None:
    """A call that ends normally still gets the scores of its last chunks; then its place is free again."""
    async with start(capacity=1) as scorer:
        call = Call(scorer)
        for chunk in voice(5, seed=0):
            call.say(chunk)
        scorer.close(call.slot)
        scorer.close(call.slot)
        with pytest.raises(StaleSlotError):
            call.say(voice(1, seed=0)[0])
        await call.until(5)
        assert scorer.accepting, "the last score came, so the place is free"
        assert all(isinstance(outcome, ChunkScore) for outcome in call.outcomes)
        scorer.open()


async def test_drop_says_no_word_more(toy: Model, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an opt-out nothing is delivered, not even the chunk in flight, and the next user starts anew."""
    async with start(capacity=1) as scorer:
        held = Held(scorer, monkeypatch)
        call = Call(scorer)
        chunks = voice(3, seed=8)
        for chunk in chunks:
            call.say(chunk)
        await held.until_entered()
        scorer.close(call.slot, drop=True)
        with pytest.raises(CapacityExceededError):
            scorer.open()
        held.go.set()
        async with asyncio.timeout(5.0):
            while not scorer.accepting:  # noqa: ASYNC110 - that nothing tells of it is what is being tested
                await asyncio.sleep(0.001)
        successor = Call(scorer)
        successor.say(chunks[2])
        assert await successor.until(1) == alone(toy, chunks[2:])
        assert call.outcomes == []


async def test_door_and_stretch_under_lag(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is behind first leaves out pooled scores, then closes the door, and both pass when it caught up."""
    stretched = counted("voicerisk_score_stretched_chunks_total")
    overload = OverloadSettings(stretch_lag_s=0.02, door_lag_s=0.08, relax_after_s=0.0)
    async with start(overload=overload, gather_s=0.0) as scorer:
        held = Held(scorer, monkeypatch)
        calls = [Call(scorer) for _ in range(3)]
        chunks = voice(8, seed=0)
        assert scorer.accepting
        calls[0].say(chunks[0])
        await held.until_entered()
        for call in calls[1:]:
            call.say(chunks[0])
        await asyncio.sleep(0.1)
        assert not scorer.accepting
        held.go.set()
        for call in calls:
            await call.until(1)
        assert scorer.stretch == 4
        assert scorer.accepting
        calls[1].say(chunks[1])
        outcome = (await calls[1].until(2))[1]
        assert isinstance(outcome, ChunkScore)
        assert outcome.window is None
        for chunk in chunks[2:]:
            calls[1].say(chunk)
            await calls[1].until(len(calls[1].outcomes) + 1)
        assert scorer.stretch == 1
        assert isinstance(last := calls[1].outcomes[-1], ChunkScore)
        assert last.window is not None
    assert counted("voicerisk_score_stretched_chunks_total") > stretched


async def test_stop_flushes(start: Start) -> None:
    """A clean stop scores what waits, takes nothing new, and ends the thread."""
    async with start() as scorer:
        call = Call(scorer)
        for chunk in voice(20, seed=0):
            call.say(chunk)
        await scorer.stop(5.0)
        assert [type(outcome) for outcome in call.outcomes] == [ChunkScore] * 20
        assert (scorer.is_alive, scorer.accepting) == (False, False)
        with pytest.raises(ScorerStoppedError):
            call.say(voice(1, seed=0)[0])
    assert "scorer" not in {thread.name for thread in threading.enumerate()}


async def test_stop_keeps_its_deadline(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be scored by the deadline is answered with an error instead."""
    async with start() as scorer:
        held = Held(scorer, monkeypatch)
        call = Call(scorer)
        for chunk in voice(4, seed=0):
            call.say(chunk)
        await held.until_entered()
        stopping = asyncio.create_task(scorer.stop(0.05))
        await asyncio.sleep(0.2)
        held.go.set()
        await stopping
        assert [type(outcome) for outcome in call.outcomes] == [ChunkScore] + [ScorerStoppedError] * 3


@pytest.mark.parametrize("bad", [np.zeros(1919, np.int16), np.zeros(1920, np.float32), np.zeros((1, 1920), np.int16)])
async def test_a_wrong_chunk_is_refused_at_once(start: Start, bad: Int16) -> None:
    """A chunk of the wrong length or type is the submitter's error and never reaches a batch."""
    async with start() as scorer:
        with pytest.raises(ValueError, match=r"a chunk is int16 \(1920,\)"):
            Call(scorer).say(bad)


async def test_metrics_count_every_chunk(start: Start) -> None:
    """Each chunk is in the delay histogram and in exactly one batch; open channels and lag are shown."""
    before = {
        name: counted(f"voicerisk_score_{name}")
        for name in ("delay_seconds_count", "batch_size_sum", "run_seconds_sum")
    }
    async with start() as scorer:
        calls = [Call(scorer) for _ in range(3)]
        assert counted("voicerisk_scored_channels") == 3
        for call in calls:
            for chunk in voice(2, seed=0):
                call.say(chunk)
        for call in calls:
            await call.until(2)
        scorer.close(calls[0].slot)
        await scorer.stop(5.0)
    assert counted("voicerisk_scored_channels") == 2
    assert counted("voicerisk_score_delay_seconds_count") - before["delay_seconds_count"] == 6
    assert counted("voicerisk_score_batch_size_sum") - before["batch_size_sum"] == 6
    assert counted("voicerisk_score_run_seconds_sum") > before["run_seconds_sum"]
    assert counted("voicerisk_score_lag_seconds") == 0.0
