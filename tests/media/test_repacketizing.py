"""The same audio in packets of any size gives the same blocks, bit for bit."""

from collections.abc import Iterator, Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from voicerisk.events import Role
from voicerisk.gateways.codec import Channel
from voicerisk.media.block import Block
from voicerisk.media.timeline import Timeline

RATES_HZ = st.sampled_from([8000, 16000, 24000, 48000])
PACKETS_MS = st.lists(st.sampled_from([10, 20, 30, 40, 60, 100, 200]), min_size=1, max_size=6)


def _packets(n_ms: int, sizes_ms: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Begin and end of each packet, in milliseconds."""
    at, number = 0, 0
    while at < n_ms:
        stop = min(n_ms, at + sizes_ms[number % len(sizes_ms)])
        yield at, stop
        at, number = stop, number + 1


def _noise(rate_hz: int, n_ms: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-20000, 20000, rate_hz * n_ms // 1000, np.int16)


def _frozen(blocks: Sequence[Block]) -> list[object]:
    return [
        (block.index, [(role, a.samples.tobytes(), a.n_missing, a.n_valid, a.seam) for role, a in block.roles.items()])
        for block in blocks
    ]


def _run(rate_hz: int, sizes_ms: Sequence[int], holes_ms: Sequence[tuple[int, int]], *, timed: bool) -> list[object]:
    """A call of both parties, 2.5 s; `holes_ms` are lost on the customer's channel."""
    n_ms, per_ms = 2500, rate_hz // 1000
    timeline = Timeline()
    timeline.open_stream("s", (Channel(Role.CUSTOMER, rate_hz), Channel(Role.AGENT, rate_hz)))
    sound = [_noise(rate_hz, n_ms, 1), _noise(rate_hz, n_ms, 2)]
    blocks: list[Block] = []
    for start, stop in _packets(n_ms, sizes_ms):
        for channel in (0, 1):
            for a, b in _kept(start, stop, holes_ms) if channel == 0 else [(start, stop)]:
                samples = sound[channel][a * per_ms : b * per_ms]
                timeline.push("s", channel, samples, a * per_ms if timed else None)
                blocks += timeline.blocks()
    return _frozen(blocks + timeline.finish())


def _kept(start: int, stop: int, holes_ms: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """What is left of [start, stop) without the holes, which must be in order."""
    kept = []
    for a, b in holes_ms:
        if start < a:
            kept.append((start, min(stop, a)))
        start = max(start, b)
    return [(a, b) for a, b in [*kept, (start, stop)] if a < b]


@settings(max_examples=25, deadline=None)
@given(rate_hz=RATES_HZ, sizes_ms=PACKETS_MS, timed=st.booleans())
def test_packet_size_does_not_matter(rate_hz: int, sizes_ms: list[int], timed: bool) -> None:
    """With and without timestamps, at any rate, blocks are those of 20 ms packets."""
    assert _run(rate_hz, sizes_ms, [], timed=timed) == _run(rate_hz, [20], [], timed=timed)


@settings(max_examples=25, deadline=None)
@given(
    rate_hz=RATES_HZ,
    sizes_ms=PACKETS_MS,
    holes=st.lists(st.tuples(st.integers(2, 100), st.integers(1, 60)), max_size=4),
)
def test_packet_size_does_not_matter_around_holes(
    rate_hz: int, sizes_ms: list[int], holes: list[tuple[int, int]]
) -> None:
    """The same lost 20 ms frames leave the same silence, whatever packets the rest came in."""
    lost = sorted({frame for start, length in holes for frame in range(start, min(start + length, 120))})
    holes_ms = [(frame * 20, frame * 20 + 20) for frame in lost]
    assert _run(rate_hz, sizes_ms, holes_ms, timed=True) == _run(rate_hz, [20], holes_ms, timed=True)
