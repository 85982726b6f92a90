"""The order of one channel: holes, late pieces, doubles, clocks that jump."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.media.reorder import MAX_HELD, SEAM, Gap, Orderer, OrderLimits, Piece, StreamClock

LIMITS = OrderLimits.at_rate(8000, tolerance_s=0.015, window_s=0.1, max_gap_s=60.0, max_late_s=10.0)
SOUND = np.arange(1, 32001, dtype=np.int16)


def _orderer() -> Orderer:
    return Orderer(LIMITS, StreamClock())


def _frame(number: int, n_samples: int = 160) -> tuple[np.ndarray, int]:
    return SOUND[number * n_samples : (number + 1) * n_samples], number * n_samples


def _laid_out(pieces: Sequence[Piece]) -> list[int]:
    """The pieces one after the other, gaps as zeros, seams as -1."""
    samples: list[int] = []
    for piece in pieces:
        if isinstance(piece, Gap):
            samples += [0] * piece.n_samples
        elif piece is SEAM:
            samples.append(-1)
        else:
            samples += piece.tolist()
    return samples


def _push_frames(orderer: Orderer, numbers: Sequence[int]) -> list[int]:
    pieces = [piece for number in numbers for piece in orderer.push(*_frame(number))]
    return _laid_out([*pieces, *orderer.flush()])


def test_frames_in_order_come_out_at_once() -> None:
    """A frame that is expected is given out by the call that brought it."""
    orderer = _orderer()
    for number in range(5):
        assert len(orderer.push(*_frame(number))) == 1


@given(st.lists(st.integers(0, 3), min_size=20, max_size=20))
def test_shuffled_frames_come_out_in_order(jitter: list[int]) -> None:
    """Frames that come up to three places late find their place again."""
    numbers = sorted(range(1, 20), key=lambda number: number + jitter[number] + number / 100)
    assert _push_frames(_orderer(), [0, *numbers]) == SOUND[: 20 * 160].tolist()


def test_a_hole_that_does_not_fill_becomes_a_gap() -> None:
    """A lost frame is waited for until the window has passed, then silence of its length stands in for it."""
    orderer = _orderer()
    orderer.push(*_frame(0))
    held = [orderer.push(*_frame(number)) for number in range(2, 7)]
    assert held == [[], [], [], [], []]
    out = orderer.push(*_frame(7))
    assert out[0] == Gap(160)
    assert _laid_out(out) == [0] * 160 + SOUND[2 * 160 : 8 * 160].tolist()


def test_doubles_are_cut_off_and_counted() -> None:
    """A frame that comes twice is given out once."""
    orderer = _orderer()
    assert _push_frames(orderer, [0, 1, 1, 2, 0, 3]) == SOUND[: 4 * 160].tolist()
    assert orderer.late_samples == 320


def test_an_overlap_is_trimmed() -> None:
    """Of a piece that reaches back over half of what is there, only the new part is given out."""
    orderer = _orderer()
    out = [*orderer.push(SOUND[:320], 0), *orderer.push(SOUND[100:500], 100)]
    assert _laid_out(out) == SOUND[:500].tolist()


def test_a_timestamp_that_wobbles_makes_no_gap() -> None:
    """Timestamps a few milliseconds off, early or late, join without a seam."""
    orderer = _orderer()
    pieces = [piece for n, off in enumerate((0, 40, -40, 72, 0)) for piece in orderer.push(_frame(n)[0], n * 160 + off)]
    assert _laid_out(pieces) == SOUND[: 5 * 160].tolist()


def test_a_clock_that_is_set_makes_a_seam_and_costs_nothing() -> None:
    """A jump of a day, there and back, gives out every sample in order and no silence."""
    orderer = _orderer()
    day = 86_400 * 8000
    pieces = [*orderer.push(SOUND[:160], 0), *orderer.push(SOUND[160:320], day), *orderer.push(SOUND[320:480], 320)]
    assert _laid_out(pieces) == [*SOUND[:160].tolist(), -1, *SOUND[160:320].tolist(), -1, *SOUND[320:480].tolist()]


def test_channels_of_one_stream_jump_together() -> None:
    """When one track's clock was set, the other track's audio keeps its place beside it."""
    clock = StreamClock()
    one, other = Orderer(LIMITS, clock), Orderer(LIMITS, clock)
    one.push(*_frame(0))
    other.push(*_frame(0))
    jump = 100 * 8000
    one.push(SOUND[160:320], 160 + jump)
    out = other.push(SOUND[480:640], 480 + jump)
    assert out == []
    assert other.flush()[0] == Gap(320)


def test_many_tiny_pieces_behind_a_hole_are_not_all_kept() -> None:
    """A peer cannot fill memory with single samples behind a hole that never fills."""
    orderer = _orderer()
    orderer.push(*_frame(0))
    out: list[Piece] = []
    for number in range(MAX_HELD + 1):
        out += orderer.push(SOUND[:1], 400 + number)
    assert out[0] == Gap(240)


def test_gaps_must_be_earned() -> None:
    """Single samples an hour's worth of minutes apart do not each buy a minute of silence."""
    orderer = _orderer()
    n_silence = 0
    for number in range(60):
        for piece in orderer.push(SOUND[:1], number * 59 * 8000):
            n_silence += piece.n_samples if isinstance(piece, Gap) else 0
    assert n_silence <= 60 * 8000 + 60 * 10


def test_what_the_peer_left_out_is_a_gap() -> None:
    """Samples that the peer says it dropped are silence, and later timestamps still fit."""
    orderer = _orderer()
    pieces = [*orderer.push(*_frame(0)), *orderer.lose(320), *orderer.push(*_frame(3))]
    assert _laid_out(pieces) == SOUND[:160].tolist() + [0] * 320 + SOUND[480:640].tolist()


@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 400)), max_size=60))
def test_any_positions_keep_the_account(frames: list[tuple[int, int]]) -> None:
    """Whatever positions a peer makes up, every sample is given out once or counted as late, and gaps stay bounded."""
    orderer = _orderer()
    pieces: list[Piece] = []
    for start, n_samples in frames:
        pieces += orderer.push(SOUND[:n_samples], start)
    pieces += orderer.flush()
    n_given = sum(len(piece) for piece in pieces if isinstance(piece, np.ndarray))
    n_gap = sum(piece.n_samples for piece in pieces if isinstance(piece, Gap))
    n_pushed = sum(n_samples for _, n_samples in frames)
    assert n_given + orderer.late_samples == n_pushed
    assert n_gap <= LIMITS.max_gap + 10 * n_pushed
    assert orderer.position == n_given + n_gap
