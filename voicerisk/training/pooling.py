"""Sums over frames that can be added up chunk by chunk, and the functionals of speech that follow from them.

A rolling window, the whole call and a training clip are all the same thing here: a sum of chunk sums. So a functional
means the same in training and in serving, and a window costs one addition per chunk. Percentiles come from soft
histograms, whose counts add up like every other sum.
"""

from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from voicerisk.training.features import LOUDNESS, NAMES, PITCH, Frames

N_FEATURES: Final = len(NAMES)
_CENTRE: Final = (
    -45.0,
    12.0,
    15.0,
    5.0,
    -8.0,
    -5.0,
    0.7,
    0.35,
    20.0,
    8.0,
    3.0,
    0.0,
    0.0,
    0.0,
    0.0,
    0.45,
    1.8,
    -10.0,
    0.6,
    1.5,
    0.5,
)
_SCALE: Final = (
    12.0,
    8.0,
    8.0,
    20.0,
    10.0,
    6.0,
    0.4,
    0.2,
    8.0,
    5.0,
    3.0,
    2.0,
    1.5,
    1.2,
    1.0,
    0.1,
    0.3,
    4.0,
    0.25,
    1.5,
    0.8,
)

N_UNVOICED: Final = 8
"""The first so many features are also averaged over unvoiced frames."""

PITCH_BINS_ST: Final = (2.0, 44.0, 29)
LOUDNESS_BINS_DB: Final = (-84.0, 0.0, 29)
HISTOGRAMS: Final = (PITCH_BINS_ST, LOUDNESS_BINS_DB)
"""Of as many bins each, so that their percentiles are found together."""
_BINNED: Final = (PITCH, LOUDNESS)
QUANTILES: Final = (0.2, 0.5, 0.8)

_FIXED: Final = 12
N_SUMS: Final = _FIXED + 3 * N_FEATURES + N_UNVOICED + sum(bins[2] for bins in HISTOGRAMS)
"""Length of a chunk's sums. The first three: voiced, unvoiced and all frames."""

FUNCTIONALS: Final = (
    *(f"{name}_mean" for name in NAMES if name != "loudness"),
    *(f"{name}_sd" for name in NAMES),
    *(f"{name}_unvoiced" for name in NAMES[:N_UNVOICED] if name != "loudness"),
    *(f"{name}_step" for name in NAMES),
    "unvoiced_below_voiced_db",
    "pitch_p20", "pitch_p50", "pitch_p80", "pitch_range",
    "loudness_p20", "loudness_p50", "loudness_p80", "loudness_range",
    "rise", "fall", "steep", "steep_pitch", "pitch_rise", "pitch_fall",
    "onsets_in_voice", "onsets", "voiced_share", "active_share",
)  # fmt: skip


def bin_table(bins: tuple[float, float, int]) -> tuple[list[float], list[float], list[float]]:
    """For each bin of a histogram: where the first one's middle lies, how many there are to a unit, and its number."""
    low, high, n_bins = bins
    return [low] * n_bins, [(n_bins - 1) / (high - low)] * n_bins, [float(n) for n in range(n_bins)]


def memberships(value: Tensor, low: Tensor, per_unit: Tensor, number: Tensor) -> Tensor:
    """How much values belong to each triangular bin of a `bin_table`: (..., 1) -> (..., n_bins), which sum to one."""
    place = ((value - low) * per_unit).clamp(0.0, float(number.max()))
    return torch.relu(1.0 - (place - number).abs())


def quantiles(counts: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Where the shares `QUANTILES` of soft histograms lie; (..., n_bins) with bounds (..., 1) -> (..., shares)."""
    width = (high - low) / (counts.shape[-1] - 1)
    total = counts.sum(-1, keepdim=True).unsqueeze(-2)
    below = (torch.cumsum(counts, -1) - counts).unsqueeze(-2)
    share = torch.tensor(QUANTILES, dtype=counts.dtype, device=counts.device).unsqueeze(-1)
    filled = torch.clamp((share * total - below) / (counts + 1e-3).unsqueeze(-2), 0.0, 1.0)
    return low + width * (filled.sum(-1) - 0.5)


class ChunkSums(nn.Module):
    """What a chunk adds to every pooling."""

    binned: Tensor
    low: Tensor
    per_unit: Tensor
    number: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("centre", torch.tensor(np.array(_CENTRE), dtype=torch.float32), persistent=False)
        self.register_buffer("scale", torch.tensor(1.0 / np.array(_SCALE), dtype=torch.float32), persistent=False)
        parts = zip(*(bin_table(bins) for bins in HISTOGRAMS), strict=True)
        for name, part in zip(("low", "per_unit", "number"), parts, strict=True):
            self.register_buffer(name, torch.tensor(part).flatten(), persistent=False)
        binned = [at for at, bins in zip(_BINNED, HISTOGRAMS, strict=True) for _ in range(bins[2])]
        self.register_buffer("binned", torch.tensor(binned), persistent=False)

    def weights(self, frames: Frames, peak_db: Tensor) -> tuple[Tensor, Tensor]:
        """How much each frame counts as active (near the speaker's own level) and as voiced, both 0..1.

        Args:
            frames: (batch, time) features.
            peak_db: (batch, 1) or (batch, time) the speaker's running peak level.
        """
        level = frames.level_db
        active = torch.sigmoid((level - peak_db + 28.0) / 2.0) * torch.sigmoid((level + 72.0) / 1.5)
        voiced = active * torch.sigmoid((frames.periodicity - 0.5) / 0.04)
        return active, voiced

    def forward(self, frames: Frames, active: Tensor, voiced: Tensor) -> Tensor:
        """Sums per chunk.

        Args:
            frames: (batch, 1 + n) features, the first frame being the one before the chunk.
            active: (batch, 1 + n) weights.
            voiced: (batch, 1 + n) weights.

        Returns:
            (batch, N_SUMS)
        """
        z = ((frames.values - self.centre) * self.scale).clamp(-6.0, 6.0)
        before, now = z[:, :-1], z[:, 1:]
        active, voiced = active.unsqueeze(-1), voiced.unsqueeze(-1)
        a, v_before, v = active[:, 1:], voiced[:, :-1], voiced[:, 1:]
        u, pair = a - v, v * v_before
        step = now - before
        d_loud = step[..., LOUDNESS : LOUDNESS + 1]
        d_pitch = step[..., PITCH : PITCH + 1].clamp(-0.4, 0.4)
        ways = torch.relu(torch.cat([d_loud, -d_loud, d_pitch, -d_pitch], -1))
        steep = torch.sigmoid((d_loud.abs() - 0.15) / 0.02)
        bins = memberships(frames.values[:, 1:, self.binned], self.low, self.per_unit, self.number)
        # One sum over time for everything: what a frame adds, in the order of `N_SUMS`.
        added = [
            v, u, a, torch.ones_like(a), pair, torch.relu(v - v_before),
            pair * torch.cat([ways, steep, d_pitch * d_pitch], -1), v * torch.cat([now, now * now], -1),
            pair * step.abs().clamp(max=2.0), u * now[..., :N_UNVOICED], v * bins,
        ]  # fmt: skip
        return torch.cat(added, -1).sum(1)


def functionals(sums: Tensor) -> Tensor:
    """Functionals of pooled sums, about of unit size, independent of gain: (batch, N_SUMS) -> (batch, functionals)."""
    sizes = [_FIXED, N_FEATURES, N_FEATURES, N_FEATURES, N_UNVOICED, sum(bins[2] for bins in HISTOGRAMS)]
    fixed, first, second, steps, unvoiced, counts = sums.split(sizes, -1)
    v, u, a, n, pair, onset, loudness, pitch, steep, steep_pitch = fixed.split([1, 1, 1, 1, 1, 1, 2, 2, 1, 1], -1)
    per_voiced, per_pair, per_frame = 1.0 / (v + 0.5), 1.0 / (pair + 0.5), 1.0 / (n + 0.5)
    mean = first * per_voiced
    sd = torch.sqrt((second * per_voiced - mean * mean).clamp(min=0.0) + 1e-3)
    mean_u = unvoiced / (u + 2.0)
    columns = [(*bins[:2], _CENTRE[at], _SCALE[at]) for at, bins in zip(_BINNED, HISTOGRAMS, strict=True)]
    low, high, centre, scale = torch.tensor(columns, dtype=sums.dtype, device=sums.device).T.unsqueeze(-1)
    points = (quantiles(counts.reshape(-1, len(HISTOGRAMS), HISTOGRAMS[0][2]), low, high) - centre) / scale
    p, q = points[:, 0], points[:, 1] - mean[:, LOUDNESS : LOUDNESS + 1]
    return torch.cat(
        [
            mean[:, 1:], sd, mean_u[:, 1:], steps * per_pair * 5.0,
            torch.tanh(mean_u[:, 0:1] - mean[:, LOUDNESS : LOUDNESS + 1] * u / (u + 2.0)),
            p, p[:, 2:] - p[:, :1], q, q[:, 2:] - q[:, :1],
            loudness * per_pair * 5.0, steep * per_pair * 5.0, torch.sqrt(steep_pitch * per_pair + 1e-5) * 10.0,
            pitch * per_pair * 20.0, onset * per_voiced * 10.0, onset * per_frame * 20.0, v / (a + 0.5), a * per_frame,
        ],
        dim=-1,
    )  # fmt: skip


def functionals_of(*sums: Tensor) -> tuple[Tensor, ...]:
    """Functionals of several poolings of the same calls, each (batch, N_SUMS), by one run through the operators."""
    stacked = functionals(torch.stack(sums, 1).reshape(-1, N_SUMS))
    return stacked.reshape(-1, len(sums), len(FUNCTIONALS)).unbind(1)
