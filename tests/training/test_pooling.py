"""Pooling: sums that add up, functionals that ignore gain, and a whole that equals its chunks."""

import numpy as np
import pytest
import torch

from voicerisk.training.features import TAIL
from voicerisk.training.network import FrontEnd, first_states
from voicerisk.training.pooling import (
    FUNCTIONALS,
    N_SUMS,
    QUANTILES,
    bin_table,
    functionals,
    functionals_of,
    memberships,
    quantiles,
)

CHUNK = 1920


def babble(seconds: float, seed: int = 0) -> torch.Tensor:
    """Something like speech: a buzz whose pitch and loudness wander, over noise; (1, n)."""
    random = np.random.default_rng(seed)
    n = int(8000 * seconds) // CHUNK * CHUNK
    t = np.arange(n) / 8000
    phase = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * 0.7 * t)) / 8000
    loudness = np.clip(np.sin(2 * np.pi * 2.3 * t) + 0.5, 0, None)
    buzz = sum(np.sin(k * phase) / k for k in range(1, 20)) * loudness * 0.05
    return torch.from_numpy((buzz + 1e-4 * random.standard_normal(n)).astype(np.float32)[None])


def test_chunks_add_up_to_the_whole() -> None:
    """A recording taken whole has the sums of its chunks taken one by one."""
    front, audio = FrontEnd(), babble(3.0)
    states = first_states(1)
    tail, peak = states["tail"], states["peak"]
    whole = front.whole(audio)
    for chunk in range(whole.shape[1]):
        heard = torch.cat([tail, audio[:, chunk * CHUNK : (chunk + 1) * CHUNK]], 1)
        out = front(heard, peak)
        tail, peak = heard[:, -TAIL:], out.peak
        assert torch.allclose(out.sums, whole[:, chunk], atol=1e-3)


def test_functionals_ignore_gain() -> None:
    """The same speech at -35 dB less has nearly the same functionals."""
    front, audio = FrontEnd(), babble(4.0)
    loud, soft = (functionals(front.whole(audio * gain).sum(1))[0] for gain in (1.0, 10 ** (-20 / 20)))
    worst = (loud - soft).abs()
    assert worst.max() < 0.25, FUNCTIONALS[int(worst.argmax())]
    assert worst.mean() < 0.03


def test_functionals_of_nothing_are_finite() -> None:
    """Before anything was said all functionals are finite, and one for each name."""
    out = functionals(torch.zeros(2, N_SUMS))
    assert out.shape == (2, len(FUNCTIONALS))
    assert out.isfinite().all()


def test_several_poolings_at_once_are_the_same() -> None:
    """Poolings taken side by side have exactly the functionals that each has by itself."""
    sums = FrontEnd().whole(babble(4.0))[0]
    for got, alone in zip(functionals_of(sums, sums * 3.0), (sums, sums * 3.0), strict=True):
        assert torch.equal(got, functionals(alone))


def test_quantiles_of_soft_histograms() -> None:
    """Percentiles from soft counts are those of the values, to a fraction of a bin, whatever the bins' bounds."""
    values = torch.from_numpy(np.random.default_rng(1).normal(20.0, 4.0, 4000).astype(np.float32))
    bounds = torch.tensor([[[2.0], [44.0]], [[-10.0], [60.0]]])
    tables = [[torch.tensor(part) for part in bin_table((low, high, 29))] for low, high in bounds[..., 0].tolist()]
    counts = torch.stack([memberships(values.unsqueeze(-1), *table).sum(0) for table in tables])
    found = quantiles(counts, bounds[:, 0], bounds[:, 1])
    wanted = np.quantile(values.numpy(), QUANTILES)
    for row in found.numpy():
        assert row == pytest.approx(wanted, abs=0.4)
