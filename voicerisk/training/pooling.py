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
QUANTILES: Final = (0.2, 0.5, 0.8)

_FIXED: Final = 12
N_SUMS: Final = _FIXED + 3 * N_FEATURES + N_UNVOICED + PITCH_BINS_ST[2] + LOUDNESS_BINS_DB[2]
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


def soft_bins(value: Tensor, low: float, high: float, n_bins: int) -> Tensor:
    """Membership of each value in `n_bins` triangular bins from low to high; the last axis is new and sums to one."""
    centres = torch.linspace(low, high, n_bins, dtype=value.dtype, device=value.device)
    width = (high - low) / (n_bins - 1)
    return torch.clamp(1.0 - (value.clamp(low, high).unsqueeze(-1) - centres).abs() / width, min=0.0)


def quantile(counts: Tensor, share: float, low: float, high: float) -> Tensor:
    """Where the given share of a soft histogram lies; (..., n_bins) -> (..., 1)."""
    n_bins = counts.shape[-1]
    width = (high - low) / (n_bins - 1)
    total = counts.sum(-1, keepdim=True)
    below = torch.cumsum(counts, -1) - counts
    filled = torch.clamp((share * total - below) / (counts + 1e-3), 0.0, 1.0)
    return low + width * (filled.sum(-1, keepdim=True) - 0.5)


class ChunkSums(nn.Module):
    """What a chunk adds to every pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("centre", torch.tensor(np.array(_CENTRE), dtype=torch.float32), persistent=False)
        self.register_buffer("scale", torch.tensor(1.0 / np.array(_SCALE), dtype=torch.float32), persistent=False)

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
        a, v_before, v = active[:, 1:], voiced[:, :-1], voiced[:, 1:]
        u = a - v
        pair = v * v_before
        d_loud = now[..., LOUDNESS] - before[..., LOUDNESS]
        d_pitch = (now[..., PITCH] - before[..., PITCH]).clamp(-0.4, 0.4)
        onset = torch.relu(v - v_before)
        fixed = torch.stack(
            [
                v.sum(-1), u.sum(-1), a.sum(-1), torch.full_like(a[:, 0], float(a.shape[1])),
                pair.sum(-1), onset.sum(-1),
                (pair * torch.relu(d_loud)).sum(-1), (pair * torch.relu(-d_loud)).sum(-1),
                (pair * torch.relu(d_pitch)).sum(-1), (pair * torch.relu(-d_pitch)).sum(-1),
                (pair * torch.sigmoid((d_loud.abs() - 0.15) / 0.02)).sum(-1), (pair * d_pitch * d_pitch).sum(-1),
            ],
            dim=-1,
        )  # fmt: skip
        weight = v.unsqueeze(-1)
        first, second = (now * weight).sum(1), (now * now * weight).sum(1)
        steps = ((now - before).abs().clamp(max=2.0) * pair.unsqueeze(-1)).sum(1)
        unvoiced = (now[..., :N_UNVOICED] * u.unsqueeze(-1)).sum(1)
        pitch = (soft_bins(frames.values[:, 1:, PITCH], *PITCH_BINS_ST) * weight).sum(1)
        loudness = (soft_bins(frames.values[:, 1:, LOUDNESS], *LOUDNESS_BINS_DB) * weight).sum(1)
        return torch.cat([fixed, first, second, steps, unvoiced, pitch, loudness], dim=-1)


def functionals(sums: Tensor) -> Tensor:
    """Functionals of pooled sums, about of unit size, independent of gain: (batch, N_SUMS) -> (batch, functionals)."""
    cuts = np.cumsum(
        [_FIXED, N_FEATURES, N_FEATURES, N_FEATURES, N_UNVOICED, PITCH_BINS_ST[2], LOUDNESS_BINS_DB[2]]
    ).tolist()
    fixed, first, second, steps, unvoiced, pitch, loudness = (
        sums[:, a:b] for a, b in zip([0, *cuts[:-1]], cuts, strict=True)
    )
    v, u, a, n, pair = (fixed[:, i : i + 1] for i in range(5))
    per_voiced, per_pair, per_frame = 1.0 / (v + 0.5), 1.0 / (pair + 0.5), 1.0 / (n + 0.5)
    mean = first * per_voiced
    sd = torch.sqrt((second * per_voiced - mean * mean).clamp(min=0.0) + 1e-3)
    mean_u = unvoiced / (u + 2.0)
    scale = _SCALE
    p = [(quantile(pitch, q, *PITCH_BINS_ST[:2]) - _CENTRE[PITCH]) / scale[PITCH] for q in QUANTILES]
    mean_loudness = mean[:, LOUDNESS : LOUDNESS + 1]
    middle = (quantile(loudness, q, *LOUDNESS_BINS_DB[:2]) for q in QUANTILES)
    q = [(m - _CENTRE[LOUDNESS]) / scale[LOUDNESS] - mean_loudness for m in middle]
    rates = fixed[:, 5:6] * per_voiced * 10.0
    return torch.cat(
        [
            mean[:, 1:], sd, mean_u[:, 1:], steps * per_pair * 5.0,
            torch.tanh(mean_u[:, 0:1] - mean_loudness * u / (u + 2.0)),
            *p, p[2] - p[0], *q, q[2] - q[0],
            fixed[:, 6:8] * per_pair * 5.0, fixed[:, 10:11] * per_pair * 5.0,
            torch.sqrt(fixed[:, 11:12] * per_pair + 1e-5) * 10.0,
            fixed[:, 8:10] * per_pair * 20.0, rates, fixed[:, 5:6] * per_frame * 20.0, v / (a + 0.5), a * per_frame,
        ],
        dim=-1,
    )  # fmt: skip
