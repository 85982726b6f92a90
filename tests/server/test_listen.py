import asyncio

import numpy as np

from voicerisk.server.listen import BACKLOG_S, PRE_ROLL_S, RATE_HZ, Block, Ears, Listener, Samples, interleave

CHUNK = 1920


def _ramp(n: int, start: int = 0) -> Samples:
    return (np.arange(start, start + n) % 30_000).astype(np.int16)


def _pcm(block: Block | None) -> Samples:
    assert block is not None
    return np.frombuffer(block.pcm, dtype="<i2").reshape(-1, 2)


def test_customer_left_agent_right() -> None:
    """Samples alternate customer, agent; a missing voice is silence, a shorter one is padded."""
    both = _pcm(interleave(_ramp(4, 1), _ramp(4, 11)))
    assert both.tolist() == [[1, 11], [2, 12], [3, 13], [4, 14]]
    assert _pcm(interleave(_ramp(2, 5), None)).tolist() == [[5, 0], [6, 0]]
    assert _pcm(interleave(_ramp(3, 1), _ramp(1, 9))).tolist() == [[1, 9], [2, 0], [3, 0]]
    assert interleave(None, None).n == 0


def test_buffers_may_be_reused() -> None:
    """The block is a copy: what the sender does to its buffer afterwards is not heard."""
    samples = _ramp(4, 1)
    block = interleave(samples, None)
    samples[:] = 0
    assert _pcm(block)[:, 0].tolist() == [1, 2, 3, 4]


async def test_hears_the_last_moment_then_everything() -> None:
    """Who comes hears at most half a second of the past, and then every sample in order."""
    ears = Ears()
    for chunk in range(20):
        ears.hear(_ramp(CHUNK, chunk * CHUNK), None)
    listener = ears.add("Maya")
    for chunk in range(20, 23):
        ears.hear(_ramp(CHUNK, chunk * CHUNK), None)
    ears.end()
    heard = []
    while (block := await listener.next()) is not None:
        heard.append(_pcm(block)[:, 0])
    joined = np.concatenate(heard)
    assert len(joined) / RATE_HZ <= PRE_ROLL_S + 3 * 0.24
    assert np.array_equal(joined, _ramp(len(joined), 23 * CHUNK - len(joined)))
    assert listener.take_gap() == 0


async def test_slow_listener_loses_the_oldest() -> None:
    """Above its limit a listener's oldest sound is dropped and counted; what it hears then is the newest."""
    ears = Ears()
    slow, quick = ears.add("slow"), ears.add("quick")
    n_blocks = 25
    for chunk in range(n_blocks):
        ears.hear(_ramp(CHUNK, chunk * CHUNK), None)
        assert _pcm(await quick.next())[0, 0] == chunk * CHUNK % 30_000
    waiting = [await slow.next()]
    gap = slow.take_gap()
    while slow._blocks:
        waiting.append(await slow.next())
    n_heard = sum(len(_pcm(block)) for block in waiting)
    assert n_heard <= BACKLOG_S * RATE_HZ
    assert gap + n_heard == n_blocks * CHUNK
    assert _pcm(waiting[0])[0, 0] == gap % 30_000
    assert quick.take_gap() == 0


async def test_waits_and_wakes() -> None:
    """A listener with nothing to hear waits, and is woken by sound or by the end of the call."""
    listener = Listener("Maya", [])
    waiting = asyncio.create_task(listener.next())
    await asyncio.sleep(0.01)
    assert not waiting.done()
    listener.push(interleave(_ramp(3), None))
    block = await waiting
    assert block is not None
    assert block.n == 3
    ending = asyncio.create_task(listener.next())
    await asyncio.sleep(0.01)
    listener.end()
    assert await ending is None


def test_past_is_bounded() -> None:
    """However long nobody listens, a call keeps half a second of sound, and a single long block at most."""
    ears = Ears()
    for _ in range(1000):
        ears.hear(_ramp(CHUNK), _ramp(CHUNK))
    assert sum(block.n for block in ears._recent) <= PRE_ROLL_S * RATE_HZ
    ears.hear(_ramp(8 * RATE_HZ), None)
    assert len(ears._recent) == 1


def test_people() -> None:
    """Who listens is known by name, each once, and forgotten when they leave."""
    ears = Ears()
    first, second, third = ears.add("Maya"), ears.add("Maya"), ears.add("Dan")
    assert ears.people == ("Maya", "Dan")
    ears.remove(first)
    ears.remove(first)
    ears.remove(third)
    assert ears.people == ("Maya",)
    ears.remove(second)
    assert ears.people == ()
