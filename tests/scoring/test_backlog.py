import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.scoring.backlog import Backlog, QueueFullError, ScorerSettings, Waiting
from voicerisk.scoring.engine import Slot, StaleSlotError
from voicerisk.scoring.overload import OverloadSettings

SAMPLES = np.zeros(1920, np.int16)


def chunk(received_at_s: float = 0.0) -> Waiting:
    """A chunk that came in at that time."""
    return Waiting(SAMPLES, received_at_s, lambda outcome: None)


def backlog(n_channels: int, **settings: float) -> Backlog:
    """A backlog with channels under slots 0, 1, 2 ..."""
    result = Backlog(ScorerSettings(**settings))  # type: ignore[arg-type]
    for i in range(n_channels):
        result.open(Slot(i))
    return result


def slots(batch: list) -> list[int]:  # type: ignore[type-arg]
    """Whose chunks a batch holds, in its order."""
    return [taken.channel.slot for taken in batch]


def test_one_chunk_of_each_in_order_of_arrival() -> None:
    """A batch holds at most one chunk of a channel; a flood lines up behind everybody else's ready chunks."""
    waiting = backlog(3)
    for i, at_s in ((1, 0.1), (1, 0.2), (1, 0.3), (0, 0.4), (2, 0.5)):
        waiting.add(Slot(i), chunk(at_s))
    first = waiting.take(1.0)
    assert slots(first) == [1, 0, 2]
    assert waiting.is_idle, "the flood's next chunk is not ready while its first one is in flight"
    waiting.add(Slot(0), chunk(1.1))
    assert waiting.is_idle
    waiting.finish(first, 1.2)
    second = waiting.take(1.2)
    assert sorted(slots(second)) == [0, 1]
    assert [taken.waiting.received_at_s for taken in second if taken.channel.slot == 1] == [0.2]


def test_max_batch_takes_the_longest_waiting() -> None:
    """With more ready than fit, those who wait longest go first and the rest come next."""
    waiting = backlog(5, max_batch=2)
    for i in (3, 1, 4, 0, 2):
        waiting.add(Slot(i), chunk())
    order = []
    while not waiting.is_idle:
        batch = waiting.take(0.0)
        order.append(slots(batch))
        waiting.finish(batch, 0.0)
    assert order == [[3, 1], [4, 0], [2]]


def test_queue_bound() -> None:
    """Above its bound a call's chunk is refused; the chunks that wait stay, and other calls notice nothing."""
    waiting = backlog(2, max_waiting_chunks=3)
    for at_s in range(3):
        waiting.add(Slot(0), chunk(at_s))
    with pytest.raises(QueueFullError, match="3 chunks wait already"):
        waiting.add(Slot(0), chunk())
    waiting.add(Slot(1), chunk())
    assert waiting.n_waiting == 4


def test_lag_is_that_of_the_ready_chunk() -> None:
    """Lag counts from when a chunk could have been scored: a flood does not make lag, a slow model does."""
    waiting = backlog(2)
    assert waiting.lag_s(5.0) == 0.0
    for _ in range(50):
        waiting.add(Slot(0), chunk(1.0))
    assert waiting.lag_s(1.5) == 0.5
    batch = waiting.take(1.5)
    assert waiting.lag_s(2.0) == 1.0, "a run that hangs is lag as well"
    waiting.finish(batch, 2.0)
    assert waiting.lag_s(2.25) == 0.25, "the flood's second chunk became ready at 2.0"
    waiting.close(Slot(0), drop=True)
    assert waiting.lag_s(9.0) == 0.0


def test_gathers_only_while_everybody_is_in_time() -> None:
    """Idle: no wait. Just after a batch: wait for company. A full batch, or somebody late: no wait."""
    waiting = backlog(3, gather_s=0.01, max_batch=2)
    waiting.add(Slot(0), chunk(1.0))
    assert waiting.gathering_s(1.0) <= 0.0
    waiting.finish(waiting.take(1.0), 1.002)
    waiting.add(Slot(0), chunk(1.004))
    assert waiting.gathering_s(1.004) == pytest.approx(0.006)
    assert waiting.gathering_s(1.011) <= 0.0
    waiting.add(Slot(1), chunk(1.005))
    assert waiting.gathering_s(1.005) == 0.0, "the batch is full"
    waiting.close(Slot(1), drop=True)
    assert waiting.gathering_s(1.005) > 0.0
    waiting.add(Slot(0), chunk(1.005))
    assert waiting.gathering_s(1.005) == 0.0, "a second chunk of one call waits: it is late"


def test_wakes_the_thread_when_there_is_news() -> None:
    """`add` asks for a look at the first ready chunk, at a full batch and at a late chunk, not for every chunk."""
    waiting = backlog(4, max_batch=3)
    assert [waiting.add(Slot(i), chunk()) for i in range(4)] == [True, False, True, False]
    assert waiting.add(Slot(0), chunk())


def test_close_lets_waiting_chunks_through() -> None:
    """A closed channel is done when its last chunk is scored; it takes nothing more meanwhile."""
    waiting = backlog(1)
    waiting.add(Slot(0), chunk())
    waiting.add(Slot(0), chunk())
    assert not waiting.close(Slot(0), drop=False)
    with pytest.raises(StaleSlotError):
        waiting.add(Slot(0), chunk())
    assert waiting.finish(waiting.take(0.0), 0.0) == []
    assert waiting.finish(waiting.take(0.0), 0.0) == [Slot(0)]
    assert not waiting.channels
    assert not waiting.close(Slot(0), drop=False)


def test_drop_takes_waiting_chunks_out() -> None:
    """A dropped channel is done at once, or as soon as its chunk in flight is back."""
    waiting = backlog(2)
    for i in (0, 0, 1, 1):
        waiting.add(Slot(i), chunk())
    assert waiting.close(Slot(0), drop=True)
    batch = waiting.take(0.0)
    assert slots(batch) == [1]
    assert not waiting.close(Slot(1), drop=True)
    assert waiting.finish(batch, 0.0) == [Slot(1)]
    assert (waiting.n_waiting, waiting.is_idle) == (0, True)


def test_heads_under_lag() -> None:
    """While the model lags, every second chunk of each call goes without pooled scores, counted per call."""
    waiting = backlog(2, overload=OverloadSettings(stretch_lag_s=0.1))  # type: ignore[arg-type]
    heads: dict[int, list[bool]] = {0: [], 1: []}
    for step in range(4):
        for i in (0, 1) if step else (0,):
            waiting.add(Slot(i), chunk(float(step)))
        batch = waiting.take(step + 0.15)
        for taken in batch:
            heads[taken.channel.slot].append(taken.heads)
        waiting.finish(batch, step + 0.2)
    assert heads == {0: [True, False, True, False], 1: [True, False, True]}


def test_abandon_gives_everything_back() -> None:
    """What waits at the end is handed out once, in each call's order."""
    waiting = backlog(2)
    for i, at_s in ((0, 0.0), (1, 1.0), (0, 2.0)):
        waiting.add(Slot(i), chunk(at_s))
    assert [(c.slot, w.received_at_s) for c, w in waiting.abandon()] == [(0, 0.0), (0, 2.0), (1, 1.0)]
    assert (waiting.abandon(), waiting.n_waiting, waiting.is_idle) == ([], 0, True)


@given(st.lists(st.tuples(st.sampled_from(["add", "take", "finish", "close", "drop"]), st.integers(0, 3))))
def test_no_chunk_is_lost_or_doubled(actions: list[tuple[str, int]]) -> None:
    """Whatever happens in whatever order, each chunk comes out once, in its channel's order, or was dropped."""
    waiting = backlog(4, max_batch=2, max_waiting_chunks=3)
    sent: dict[int, list[float]] = {i: [] for i in range(4)}
    came: dict[int, list[float]] = {i: [] for i in range(4)}
    in_flight: list = []  # type: ignore[type-arg]
    dropped: set[int] = set()
    for now, (action, i) in enumerate(actions):
        if action == "add":
            try:
                waiting.add(Slot(i), chunk(float(now)))
                sent[i].append(float(now))
            except (QueueFullError, StaleSlotError):
                pass
        elif action == "take" and not in_flight:
            in_flight = waiting.take(float(now))
            assert len({taken.channel.slot for taken in in_flight}) == len(in_flight) <= 2
            for taken in in_flight:
                came[taken.channel.slot].append(taken.waiting.received_at_s)
        elif action == "finish":
            waiting.finish(in_flight, float(now))
            in_flight = []
        elif action in ("close", "drop"):
            if action == "drop" and Slot(i) in waiting.channels:
                dropped.add(i)
            waiting.close(Slot(i), drop=action == "drop")
        assert waiting.n_waiting == sum(len(channel.queue) for channel in waiting.channels.values())
    waiting.finish(in_flight, 1e9)
    while not waiting.is_idle:
        batch = waiting.take(1e9)
        for taken in batch:
            came[taken.channel.slot].append(taken.waiting.received_at_s)
        waiting.finish(batch, 1e9)
    for i in range(4):
        assert came[i] == (sent[i][: len(came[i])] if i in dropped else sent[i])
