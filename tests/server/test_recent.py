import io
import wave

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voicerisk.events import Role
from voicerisk.media.block import BLOCK_SAMPLES, Block, BlockAudio
from voicerisk.media.ring import Ring
from voicerisk.server.listen import Samples
from voicerisk.server.recent import CAUSE_S, KEPT_S, Recent, wav


def _block(index: int, *roles: Role) -> Block:
    samples = np.full(BLOCK_SAMPLES, 100 * index, np.int16)
    audio = {role: BlockAudio(samples, n_missing=0, n_valid=BLOCK_SAMPLES, seam=False) for role in roles}
    return Block(index, audio)


def _on(call_id: str, n_blocks: int, recent: Recent | None = None) -> Recent:
    recent = recent or Recent()
    recent.begin(call_id)
    for index in range(n_blocks):
        recent.heard(call_id, _block(index, Role.CUSTOMER, Role.AGENT))
    return recent


def _indices(sound: Ring | None) -> list[int]:
    assert sound is not None
    return [block.index for block in sound.blocks()]


def _heard(sound: Ring) -> Samples:
    with wave.open(io.BytesIO(wav(sound))) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def test_half_a_minute_and_no_more() -> None:
    """Of a live call the newest half minute is there, and less when less is asked for."""
    recent = _on("c-1", 200)
    assert _indices(recent.last("c-1", 60.0)) == list(range(75, 200))
    assert _indices(recent.last("c-1", 1.0)) == [196, 197, 198, 199]
    kept = recent.last("c-1", 60.0)
    assert kept is not None
    assert kept.seconds == KEPT_S


def test_nothing_outlives_the_call() -> None:
    """When the call ends its sound is gone, and what comes late brings nothing back."""
    recent = _on("c-1", 10)
    recent.end("c-1")
    recent.heard("c-1", _block(10, Role.CUSTOMER))
    assert recent.last("c-1", 8.0) is None
    recent.heard("nobody", _block(0, Role.CUSTOMER))
    assert recent.last("nobody", 8.0) is None


def test_a_second_stream_goes_on() -> None:
    """A call that begins again while it is on keeps what was heard."""
    recent = _on("c-1", 3)
    recent.begin("c-1")
    assert _indices(recent.last("c-1", 8.0)) == [0, 1, 2]


def test_cause_stays_until_the_alert_is_resolved() -> None:
    """What came before an alert is kept through the end of the call, and let go with the alert."""
    recent = _on("c-1", 100)
    recent.keep_cause("al-1", "c-1", 12.0)
    recent.end("c-1")
    assert _indices(recent.cause("al-1", "c-1")) == list(range(17, 50))
    assert recent.cause_s("al-1") == round(33 * 0.24, 2)
    assert abs(recent.cause_s("al-1") - CAUSE_S) < 0.24
    recent.drop_cause("al-1")
    assert (recent.cause("al-1", "c-1"), recent.cause_s("al-1")) == (None, 0.0)


def test_cause_that_is_no_longer_there() -> None:
    """Where the moment of the alert is older than what is kept, or not known, the newest seconds stand in for it."""
    recent = _on("c-1", 300)
    for alert_id, end_s in (("old", 1.0), ("no moment", None)):
        recent.keep_cause(alert_id, "c-1", end_s)
        assert _indices(recent.cause(alert_id, "c-1")) == list(range(267, 300))
    assert _indices(recent.cause("from before a restart", "c-1")) == list(range(267, 300))
    recent.keep_cause("al-2", "nobody", None)
    assert recent.cause("al-2", "nobody") is None
    assert recent.cause("al-3", None) is None


def test_who_opts_out_is_forgotten() -> None:
    """All sound of a call can be let go at once, that of its alerts too; other calls keep theirs."""
    recent = _on("c-2", 10, _on("c-1", 10))
    recent.keep_cause("al-1", "c-1", None)
    recent.keep_cause("al-2", "c-2", None)
    recent.forget("c-1")
    recent.heard("c-1", _block(10, Role.CUSTOMER))
    assert recent.last("c-1", 8.0) is None
    assert recent.cause("al-1", "c-1") is None
    assert recent.cause_s("al-2") > 0


@given(st.lists(st.integers(0, 20), max_size=60))
def test_sound_of_alerts_is_bounded(alerts: list[int]) -> None:
    """However many alerts come, the sound of a set number is kept: that of the newest."""
    recent = _on("c-1", 2, Recent(max_causes=3))
    for number in alerts:
        recent.keep_cause(f"al-{number}", "c-1", None)
    newest = list(dict.fromkeys(reversed(alerts)))
    kept = [number for number in newest if recent.cause_s(f"al-{number}")]
    assert kept == newest[:3]


def test_wav_has_two_sides() -> None:
    """The file has the customer on the left and the agent on the right; one channel for both is on the left."""
    ring = Ring()
    ring.append(_block(3, Role.CUSTOMER))
    ring.append(_block(5, Role.AGENT))
    ring.append(_block(7, Role.MIXED))
    sound = _heard(ring)
    assert sound.shape == (3 * BLOCK_SAMPLES, 2)
    left, right = sound[:, 0].reshape(3, -1), sound[:, 1].reshape(3, -1)
    assert np.allclose(left[0], 300, atol=16)
    assert np.allclose(right[1], 500, atol=16)
    assert np.allclose(left[2], 700, atol=16)
    assert not left[1].any()
    assert not right[0].any()
    assert _heard(Ring()).shape == (0, 2)
