import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.scoring.conftest import Tone
from tests.scoring.toy import RAISING_SAMPLE
from voicerisk.scoring.contract import CHUNK_SAMPLES
from voicerisk.scoring.engine import CapacityExceededError, ScoringEngine, Slot, StaleSlotError
from voicerisk.scoring.model import Model
from voicerisk.scoring.scores import ChunkScore, ScoringError

Int16 = npt.NDArray[np.int16]


def voices(n: int, n_chunks: int, seed: int = 0) -> Int16:
    """(n_chunks, n, 1920): n channels of noise, each with its own loudness from silent to clipping."""
    rng = np.random.default_rng(seed)
    gain = np.geomspace(3, 20_000, n)[:, np.newaxis]
    noise = rng.standard_normal((n_chunks, n, CHUNK_SAMPLES)) * gain
    return np.clip(noise, -32768, 32767).astype(np.int16)


def alone(model: Model, audio: Int16) -> list[ChunkScore | ScoringError]:
    """The scores of one channel (n_chunks, 1920), run by itself in an engine of its own."""
    engine = ScoringEngine(model, 1, 1)
    slot = engine.open()
    return [engine.run([slot], chunk[np.newaxis]).rows()[0] for chunk in audio]


def test_hears_loudness(toy: Model, tone: Tone) -> None:
    """A quiet voice is calm, a loud one tense, and silence is no speech at all; pitch is that of the tone."""
    engine = ScoringEngine(toy, 3, 3)
    slots = [engine.open() for _ in range(3)]
    scores = engine.run(slots, np.stack([tone(0.02), tone(0.5), tone(0.0)]))
    quiet, loud, silent = (scores.row(i) for i in range(3))
    assert quiet.window is not None
    assert loud.window is not None
    assert silent.window is not None
    assert quiet.window.tension < 0.1
    assert loud.window.tension > 0.9
    assert (silent.speech, silent.level_db, silent.pitch_st, silent.window.speech_s) == (0.0, -100.0, 0.0, 0.0)
    assert loud.pitch_st == pytest.approx(24.0, abs=0.2)
    assert loud.level_db == pytest.approx(-9.03, abs=0.01)


def test_int16_and_float32_are_the_same(toy: Model) -> None:
    """Full scale is 1.0: a chunk as int16 and as float32 over 32768 gives the same score."""
    chunk = voices(1, 1)[0]
    engine = ScoringEngine(toy, 2, 1)
    one = engine.run([engine.open()], chunk)
    other = engine.run([engine.open()], chunk.astype(np.float32) / 32768)
    assert one.row(0) == other.row(0)


def test_state_is_carried_by_slot(toy: Model, tone: Tone) -> None:
    """Each channel has its own history: speech adds up where there is speech, and only there."""
    engine = ScoringEngine(toy, 2, 2)
    talker, listener = engine.open(), engine.open()
    for _ in range(5):
        scores = engine.run([listener, talker], np.stack([tone(0.0), tone(0.1)]))
    assert scores.column("window_speech_s").tolist() == [0.0, 1.2]


def test_window_forgets_and_whole_does_not(toy: Model, tone: Tone) -> None:
    """The rolling window holds the last 13 chunks of speech, the whole holds all of them."""
    engine = ScoringEngine(toy, 1, 1)
    slot = engine.open()
    for amplitude in [0.5] * 13 + [0.02] * 13:
        score = engine.run([slot], tone(amplitude)[np.newaxis]).row(0)
    assert score.window is not None
    assert score.whole is not None
    assert score.window.tension < 0.05
    assert 0.4 < score.whole.tension < 0.6
    assert (score.window.speech_s, score.whole.speech_s) == (3.12, 6.24)


def test_a_call_goes_on_from_a_copy_of_its_state(toy: Model) -> None:
    """From one copied state several channels go on, in another engine too, with the very scores of the whole call."""
    audio = voices(3, 6)
    engine, other = ScoringEngine(toy, 2, 2), ScoringEngine(toy, 3, 3)
    slot = engine.open()
    for chunk in audio[:4, 1:2]:
        engine.run([slot], chunk)
    state = engine.state_of(slot)
    whole = [engine.run([slot], chunk).row(0) for chunk in audio[4:, 1:2]]
    copies = [other.open(state), other.open(), other.open(state)]
    for chunk, expected in zip(audio[4:], whole, strict=True):
        scores = other.run(copies, chunk[[1, 0, 1]])
        assert scores.row(0) == scores.row(2) == expected


def test_a_foreign_or_closed_state_is_refused(toy: Model) -> None:
    """A start that is not of the model's shapes opens no slot; a closed channel has no state."""
    engine = ScoringEngine(toy, 1, 1)
    slot = engine.open()
    state = engine.state_of(slot)
    engine.close(slot)
    with pytest.raises(StaleSlotError, match="is not open"):
        engine.state_of(slot)
    for foreign in (state[:1], tuple(part[np.newaxis] for part in state), ()):
        with pytest.raises(ValueError, match="not of this model"):
            engine.open(foreign)
    assert engine.n_open == 0


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 7, 8, 13, 31, 33])
def test_batch_size_moves_no_bit(toy: Model, n: int) -> None:
    """A channel gives the same bits alone and in a batch of any size, over many chunks; states included."""
    audio = voices(n, 6)
    together = ScoringEngine(toy, n, n)
    slots = [together.open() for _ in range(n)]
    rows = [together.run(slots, chunk).rows() for chunk in audio]
    for i in {0, n // 2, n - 1}:
        single = ScoringEngine(toy, 1, 1)
        slot = single.open()
        assert [single.run([slot], chunk[i : i + 1]).rows()[0] for chunk in audio] == [row[i] for row in rows]
        for mine, shared in zip(single._states, together._states, strict=True):
            assert mine[0].tobytes() == shared[i].tobytes()


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_neighbours_and_order_move_nothing(toy: Model, data: st.DataObject) -> None:
    """Whoever is in the batch, in whatever order and however often it changes, a channel's scores stay the same."""
    n = 6
    audio = voices(n, 5, seed=1)
    expected = [alone(toy, audio[:, i]) for i in range(n)]
    engine = ScoringEngine(toy, n, n)
    slots = [engine.open() for _ in range(n)]
    n_done = [0] * n
    while any(done < len(audio) for done in n_done):
        waiting = [i for i in range(n) if n_done[i] < len(audio)]
        batch = data.draw(st.permutations(waiting).flatmap(lambda p: st.integers(1, len(p)).map(lambda k: p[:k])))
        chunk = np.stack([audio[n_done[i], i] for i in batch])
        for i, score in zip(batch, engine.run([slots[i] for i in batch], chunk).rows(), strict=True):
            assert score == expected[i][n_done[i]]
            n_done[i] += 1


def test_heads_left_out_change_no_state(toy: Model) -> None:
    """A stretched hop gives the per-chunk outputs alone, and the next pooled scores are as if it had not been."""
    audio = voices(1, 6, seed=2)[:, 0]
    expected = alone(toy, audio)
    engine = ScoringEngine(toy, 1, 1)
    slot = engine.open()
    for i, chunk in enumerate(audio):
        score = engine.run([slot], chunk[np.newaxis], heads=i % 2 == 1).row(0)
        full = expected[i]
        assert isinstance(full, ChunkScore)
        if i % 2 == 1:
            assert score == full
        else:
            assert score == ChunkScore(full.speech, full.voiced, full.level_db, full.pitch_st)


def test_capacity(toy: Model) -> None:
    """Slots run out at capacity and come back by closing."""
    engine = ScoringEngine(toy, 2, 2)
    first, _ = engine.open(), engine.open()
    assert engine.n_open == 2
    with pytest.raises(CapacityExceededError, match="all 2 scoring slots are taken"):
        engine.open()
    engine.close(first)
    assert engine.n_open == 1
    engine.open()


def test_next_user_of_a_slot_starts_anew(toy: Model, tone: Tone) -> None:
    """Nothing of the call before is heard in the next call that gets its place."""
    engine = ScoringEngine(toy, 1, 1)
    first = engine.open()
    fresh = engine.run([first], tone(0.1)[np.newaxis]).row(0)
    engine.run([first], tone(0.9)[np.newaxis])
    engine.close(first)
    second = engine.open()
    assert second != first
    assert engine.run([second], tone(0.1)[np.newaxis]).row(0) == fresh


def test_stale_slots_are_errors(toy: Model, tone: Tone) -> None:
    """A closed slot, one never given out, and one given twice in a batch are refused, and nothing is run."""
    engine = ScoringEngine(toy, 2, 4)
    old = engine.open()
    engine.close(old)
    new = engine.open()
    assert (engine.is_open(old), engine.is_open(new)) == (False, True)
    two = np.stack([tone(0.1)] * 2)
    for slots in ([new, old], [new, Slot(1)], [new, Slot(-2)], [new, Slot(99)], [new, new]):
        with pytest.raises(StaleSlotError):
            engine.run(slots, two)
    with pytest.raises(StaleSlotError, match="is not open"):
        engine.close(old)
    assert engine.run([new], two[:1]).column("all_speech_s")[0] == 0.24


@pytest.mark.parametrize(
    ("shape", "dtype"), [((1, 1919), "int16"), ((2, 1920), "int16"), ((1920,), "int16"), ((1, 1920), "float64")]
)
def test_wrong_audio(toy: Model, shape: tuple[int, ...], dtype: str) -> None:
    """Audio of the wrong shape or type is refused with the right one."""
    engine = ScoringEngine(toy, 1, 1)
    with pytest.raises(ValueError, match=r"it must be int16 or float32 \(1, 1920\)"):
        engine.run([engine.open()], np.zeros(shape, dtype))


def test_too_many_and_none(toy: Model) -> None:
    """A batch is neither empty nor larger than was prepared for."""
    engine = ScoringEngine(toy, 2, 1)
    slots = [engine.open(), engine.open()]
    for bad in (slots, []):
        with pytest.raises(ValueError, match="it must be 1 to 1"):
            engine.run(bad, np.zeros((len(bad), CHUNK_SAMPLES), np.int16))
    with pytest.raises(ValueError, match="at least 1"):
        ScoringEngine(toy, 0, 1)


@pytest.mark.parametrize("guilty", [[2], [0, 3], [4], [0, 1, 2, 3, 4]])
def test_a_raising_row_fails_alone(faulty_toy: Model, guilty: list[int]) -> None:
    """Rows on which the model raises fail with its reason; the others score as ever, and so does the next run."""
    audio = voices(5, 3, seed=3)
    audio[:, :, 0] = 0
    innocent = [i for i in range(5) if i not in guilty]
    expected = [alone(faulty_toy, audio[:, i]) for i in range(5)]
    restarted = [alone(faulty_toy, audio[2:, i]) for i in range(5)]
    engine = ScoringEngine(faulty_toy, 5, 5)
    slots = [engine.open() for _ in range(5)]
    assert engine.run(slots, audio[0]).rows() == [scores[0] for scores in expected]
    poisoned = audio[1].copy()
    poisoned[guilty, 0] = RAISING_SAMPLE
    scores = engine.run(slots, poisoned)
    assert sorted(scores.failures) == guilty
    assert all("the model raised: " in reason and "Gather" in reason for reason in scores.failures.values())
    assert [scores.rows()[i] for i in innocent] == [expected[i][1] for i in innocent]
    after = engine.run(slots, audio[2]).rows()
    assert [after[i] for i in innocent] == [expected[i][2] for i in innocent]
    assert [after[i] for i in guilty] == [restarted[i][0] for i in guilty]


def test_a_row_that_is_not_finite_fails_alone(faulty_toy: Model) -> None:
    """NaN in the audio or in the scores fails its own row by name, and that row starts anew."""
    audio = voices(3, 2, seed=4).astype(np.float32) / np.float32(32768)
    audio[:, :, :2] = 0.0
    engine = ScoringEngine(faulty_toy, 3, 3)
    slots = [engine.open() for _ in range(3)]
    bad = audio[0].copy()
    bad[0, 700] = np.inf
    bad[2, 1] = -1.0
    scores = engine.run(slots, bad)
    assert scores.failures == {
        0: "the audio is not finite (NaN or infinity among the samples)",
        2: "the model's output tension is not finite",
    }
    assert bad[0, 700] == np.inf, "the caller's audio is left as it was"
    after = engine.run(slots, audio[1])
    assert not after.failures
    again = ScoringEngine(faulty_toy, 1, 1)
    assert after.row(2) == again.run([again.open()], audio[1, 2:]).row(0)
