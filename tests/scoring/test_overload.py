from voicerisk.scoring.overload import Hop, OverloadSettings, next_hop

SETTINGS = OverloadSettings(stretch_lag_s=0.2, relax_after_s=2.0)


def test_no_lag_no_stretch() -> None:
    """Without lag every chunk gets pooled scores."""
    hop = next_hop(Hop(), 0.1, 5.0, SETTINGS)
    assert hop.stretch == 1
    assert all(hop.has_heads(index) for index in range(8))


def test_stretches_at_once() -> None:
    """Lag over the limit leaves out every second chunk, over twice the limit three of four, and never more."""
    assert [next_hop(Hop(), lag_s, 5.0, SETTINGS).stretch for lag_s in (0.2, 0.21, 0.41, 9.0)] == [1, 2, 4, 4]
    assert [Hop(4).has_heads(index) for index in range(5)] == [True, False, False, False, True]


def test_relaxes_step_by_step_after_quiet() -> None:
    """The hop shortens by one step only after the lag has stayed low for the set time, again for each step."""
    hop = next_hop(Hop(), 1.0, 10.0, SETTINGS)
    seen = []
    for tenth in range(1, 60):
        hop = next_hop(hop, 0.0, 10.0 + tenth / 10, SETTINGS)
        seen.append(hop.stretch)
    assert seen == [4] * 19 + [2] * 20 + [1] * 20


def test_middling_lag_keeps_the_stretch() -> None:
    """Lag between half the limit and the limit neither stretches nor relaxes, however long it lasts."""
    hop = Hop(2, 0.0)
    for second in range(1, 30):
        hop = next_hop(hop, 0.15, float(second), SETTINGS)
    assert hop.stretch == 2
    assert next_hop(hop, 0.0, 30.0, SETTINGS).stretch == 2
    assert next_hop(hop, 0.0, 31.0, SETTINGS).stretch == 1
