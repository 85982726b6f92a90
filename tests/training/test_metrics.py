"""How good a score is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from voicerisk.training import metrics


def ones(n: int) -> np.ndarray:
    """Equal weights."""
    return np.ones(n)


@settings(max_examples=200, deadline=None)
@given(
    truth=arrays(np.int64, st.integers(2, 40), elements=st.integers(0, 1)),
    draw=st.data(),
)
def test_auc_is_the_chance_of_the_right_order(truth: np.ndarray, draw: st.DataObject) -> None:
    """The area equals what comparing every true with every false clip gives, weights counting as repetitions."""
    n = len(truth)
    score = draw.draw(arrays(np.float64, n, elements=st.integers(0, 6).map(float)))
    weight = draw.draw(arrays(np.int64, n, elements=st.integers(0, 3)))
    value = metrics.auc(truth, score, weight.astype(float))
    positive, negative = (np.repeat(score[truth == side], weight[truth == side]) for side in (1, 0))
    if not positive.size or not negative.size:
        assert np.isnan(value)
        return
    pairs = positive[:, None] - negative[None, :]
    assert value == pytest.approx(float((pairs > 0).mean() + (pairs == 0).mean() / 2))


def test_average_precision_of_a_known_ranking() -> None:
    """Right, wrong, right, wrong gives (1 + 2/3) / 2; all tied gives the share of true ones; no true ones, nothing."""
    truth = np.array([1, 0, 1, 0])
    assert metrics.average_precision(truth, np.array([0.9, 0.8, 0.7, 0.1]), ones(4)) == pytest.approx(5 / 6)
    assert metrics.average_precision(truth, np.full(4, 0.5), ones(4)) == pytest.approx(0.5)
    assert np.isnan(metrics.average_precision(np.zeros(4, np.int64), np.arange(4.0), ones(4)))


def test_uar_counts_every_class_alike() -> None:
    """Nine of nine in one class and none of one in the other make one half; absent classes do not count."""
    truth = np.array([0] * 9 + [1])
    score = np.tile([0.8, 0.1, 0.1], (10, 1))
    assert metrics.uar(truth, score, ones(10)) == pytest.approx(0.5)


def test_ece_tells_honest_from_boastful() -> None:
    """Predictions that come true as often as they say have no error; always 0.9 for what is a coin's toss has 0.4."""
    score = np.repeat([0.1, 0.5, 0.9], 100)
    truth = np.concatenate([np.arange(100) < share for share in (10, 50, 90)]).astype(np.int64)
    assert metrics.ece(truth, score, ones(300)) == pytest.approx(0, abs=1e-9)
    coin = (np.arange(100) % 2).astype(np.int64)
    assert metrics.ece(coin, np.full(100, 0.9), ones(100)) == pytest.approx(0.4)
    bars = metrics.reliability(truth, score)
    assert [(bar.predicted, bar.observed, bar.n) for bar in bars] == [(0.1, 0.1, 100), (0.5, 0.5, 100), (0.9, 0.9, 100)]


def test_interval_follows_the_speakers_not_the_clips() -> None:
    """A thousand clips of five speakers who differ give a far wider interval than a thousand speakers would."""
    random = np.random.default_rng(0)
    truth = np.tile([0, 1], 500)
    who = np.repeat(np.arange(5), 200)
    score = truth * random.normal(1, 2, 5)[who] + random.normal(0, 1, 1000)
    few = metrics.estimate(metrics.auc, truth, score, [str(w) for w in who])
    many = metrics.estimate(metrics.auc, truth, score, [str(i // 2) for i in range(1000)])
    assert few.value == many.value
    assert few.low is not None
    assert few.high is not None
    assert many.low is not None
    assert many.high is not None
    assert few.low < few.value < few.high  # type: ignore[operator]
    assert few.high - few.low > 3 * (many.high - many.low)
    assert (few.n, few.n_speakers, many.n_speakers) == (1000, 5, 500)


def test_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    """Of a hundred samples of sixty speakers, at least 88 intervals hold the true area (the nominal figure is 95)."""
    true_auc = 0.7602  # of two normals one apart: Phi(1 / sqrt 2)
    held = 0
    for seed in range(100):
        random = np.random.default_rng(seed)
        truth = np.tile([0, 1], 180)
        score = truth + random.normal(0, 1, 360)
        speakers = [str(i // 6) for i in range(360)]
        found = metrics.estimate(metrics.auc, truth, score, speakers, resamples=200, seed=seed)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= true_auc <= found.high
    assert held >= 88


@pytest.mark.parametrize(
    ("truth", "speakers", "value"), [([1, 1, 1], "abc", None), ([0, 1, 1], "aab", 0.5), ([], "", None)]
)
def test_no_figure_where_there_is_none(truth: list[int], speakers: str, value: float | None) -> None:
    """One class alone has no area; two speakers have no interval; no clips have neither."""
    found = metrics.estimate(metrics.auc, np.array(truth, np.int64), np.zeros(len(truth)), list(speakers))
    assert (found.value, found.low, found.high, found.n) == (value, None, None, len(truth))


def test_a_gain_is_the_difference_of_two_areas_on_the_same_clips() -> None:
    """From three of four pairs in order to all four is a gain of a quarter; over itself a score gains nothing."""
    truth = np.array([0, 0, 1, 1])
    first, second = np.array([0.1, 0.6, 0.5, 0.9]), np.array([0.1, 0.2, 0.5, 0.9])
    assert metrics.auc_gain(truth, np.stack([first, second], axis=1), ones(4)) == pytest.approx(0.25)
    assert metrics.auc_gain(truth, np.stack([first, first], axis=1), ones(4)) == 0.0


def test_too_few_clips_of_a_class_tell_nothing() -> None:
    """Four angry clips among many give no figure, five do; one class gives none, whatever is asked of it."""
    speakers = [str(index % 8) for index in range(40)]
    score = np.linspace(0, 1, 40)
    for n, has_value in ((0, False), (4, False), (5, True), (35, True), (36, False)):
        truth = (np.arange(40) >= 40 - n).astype(np.int64)
        assert (metrics.estimate_apart(metrics.auc, truth, score, speakers).value is not None) == has_value
    posteriors = np.eye(3)[np.zeros(40, np.int64)]
    assert metrics.estimate_apart(metrics.uar, np.zeros(40, np.int64), posteriors, speakers, min_each=1).value is None


def test_a_class_of_two_speakers_has_no_interval() -> None:
    """Where only two of ten speakers are ever angry the figure stands without an interval; with three it has one."""
    who = np.repeat(np.arange(10), 8)
    score = np.random.default_rng(0).random(80)
    for n_angry, has_interval in ((2, False), (3, True)):
        truth = ((who < n_angry) & (np.arange(80) % 2 == 0)).astype(np.int64)
        found = metrics.estimate_apart(metrics.auc, truth, score, [str(one) for one in who])
        assert found.value is not None
        assert (found.low is not None, found.high is not None) == (has_interval, has_interval)


def test_the_mean_over_corpora_varies_as_drawing_their_speakers_does() -> None:
    """The interval of a mean of three corpora is, within a tenth of its width, that of drawing speakers in each."""
    random = np.random.default_rng(0)
    corpora = []
    for speakers, spread in ((12, 0.3), (20, 0.8), (30, 0.1)):
        who = np.repeat(np.arange(speakers), 10)
        truth = np.tile([0, 1], 5 * speakers)
        corpora.append((truth, truth * random.normal(1, spread, speakers)[who] + random.normal(0, 1, len(who)), who))
    found = metrics.mean_of([metrics.estimate(metrics.auc, t, s, [str(one) for one in w]) for t, s, w in corpora])
    draws = np.zeros(400)
    for truth, score, who in corpora:
        n = int(who.max()) + 1
        drawn = random.multinomial(n, np.full(n, 1 / n), size=400)
        draws += np.array([metrics.auc(truth, score, counts[who].astype(float)) for counts in drawn]) / 3
    low, high = np.quantile(draws, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.1 * (high - low))
    assert found.high == pytest.approx(high, abs=0.1 * (high - low))


def test_mean_leaves_out_what_has_no_figure() -> None:
    """The mean is over what has a figure; without a single interval among them it has none; of none there is none."""
    some = [metrics.Estimate(value, None, None, 4, 1) for value in (0.8, None, 0.9)]
    assert metrics.mean_of(some) == metrics.Estimate(0.85, None, None, 8, 2)
    assert metrics.mean_of([]) == metrics.Estimate(None, None, None, 0, 0)
    narrow = metrics.Estimate(0.8, 0.7, 0.9, 4, 4)
    assert metrics.mean_of([narrow]) == narrow
    assert metrics.mean_of([narrow, some[2]]).low is None


def test_an_interval_beside_its_figure_widens_the_mean_one_way_only() -> None:
    """Where a figure lies below its own interval, as an error may, the mean is not made wider below it."""
    error = metrics.Estimate(0.1, 0.12, 0.2, 4, 4)
    assert metrics.mean_of([error, error]) == metrics.Estimate(0.1, 0.1, 0.1707, 8, 8)
