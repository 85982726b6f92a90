"""Frame features of telephone speech, written so that the same code trains in torch and serves as ONNX operators.

Every 10 ms a 40 ms Hann frame gives some twenty values that describe the voice and not the words: how the spectrum
tilts (vocal effort), how periodic it is, its pitch and its loudness. The choice follows the Geneva minimalistic set
(Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set", IEEE Trans. Affective Computing 7(2), 2016), cut down
to what survives a telephone line and fits one matrix product per frame. All but loudness and level are independent of
the line's gain.
"""

import math
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

RATE_HZ: Final = 8000
HOP: Final = 80
FRAME: Final = 320
HISTORY_FRAMES: Final = 3
CHUNK_FRAMES: Final = 24
TAIL: Final = FRAME - HOP + HISTORY_FRAMES * HOP
"""Samples of the past that a chunk needs: its first frame, and those before it that differences and medians look at."""

N_DFT: Final = 480
BIN_HZ: Final = RATE_HZ / N_DFT
N_BINS: Final = N_DFT // 2 + 1
MIN_LAG: Final = 13
MAX_LAG: Final = 124
N_MELS: Final = 26
N_MFCC: Final = 5
PITCH_REFERENCE_HZ: Final = 55.0
DB: Final = 10.0 / math.log(10.0)
"""Decibels per neper of power."""

FLOOR: Final = 1e-9
"""Power added to every band, so that digital silence has a finite logarithm; about -90 dBFS."""
RELATIVE_FLOOR: Final = 10**-5.2
"""Share of the frame's own power added to every band: hides the codec's and the line's noise, whatever the gain."""

NAMES: Final = (
    "loudness", "alpha_db", "hammarberg_db", "slope_low", "slope_mid", "slope_high", "centroid_khz", "flux", "pitch_st",
    "hnr_db", "mfcc1", "mfcc2", "mfcc3", "mfcc4", "mfcc5", "low_centroid", "high_centroid", "flatness_db",
    "double_period", "shimmer_db", "jitter_st",
)  # fmt: skip
"""What stands in the last axis of `Frames.values`, in order."""
LOUDNESS: Final = NAMES.index("loudness")
PITCH: Final = NAMES.index("pitch_st")


class Frames(NamedTuple):
    """Features of (batch, time) frames, each 10 ms after the one before."""

    values: Tensor
    """(batch, time, len(NAMES)), see NAMES."""
    level_db: Tensor
    """(batch, time) frame level in dBFS, DC and hum removed."""
    periodicity: Tensor
    """(batch, time) peak of the normalised autocorrelation, 0..1."""


def _hz(bins: np.ndarray) -> np.ndarray:
    return bins * BIN_HZ


def _mel_bank() -> np.ndarray:
    """Triangular mel filters, (N_BINS, N_MELS), 60-3900 Hz, each of area one in bins."""
    mel = np.linspace(_to_mel(60.0), _to_mel(3900.0), N_MELS + 2)
    edges = 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    hz = _hz(np.arange(N_BINS))
    bank = np.zeros((N_BINS, N_MELS))
    for m in range(N_MELS):
        low, mid, high = edges[m : m + 3]
        bank[:, m] = np.clip(np.minimum((hz - low) / (mid - low), (high - hz) / (high - mid)), 0.0, None)
    return bank / bank.sum(0)


def _to_mel(hz: float) -> float:
    return 2595.0 * math.log10(1.0 + hz / 700.0)


def _regression(hz: np.ndarray, low: float, high: float) -> np.ndarray:
    """Weights whose product with a dB spectrum is its least-squares slope in dB per kHz within the band."""
    inside = (hz >= low) & (hz <= high)
    centred = np.where(inside, (hz - hz[inside].mean()) / 1000.0, 0.0)
    return centred / (centred**2).sum()


class FrameFeatures(nn.Module):
    """Frame features of raw 8 kHz audio; no parameters, only constants."""

    def __init__(self) -> None:
        super().__init__()
        window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(FRAME) + 0.5) / FRAME)
        scale = 1.0 / np.sqrt(N_DFT * (window**2).sum())
        n, k = np.arange(FRAME) - (FRAME - 1) / 2, np.arange(N_BINS)
        phase = 2 * np.pi * np.outer(n, k) / N_DFT
        keep = _hz(k) >= 60.0
        no_mean = np.eye(FRAME) - 1.0 / FRAME
        cosine = no_mean @ (window[:, None] * np.cos(phase)) * scale * keep
        sine = (window[:, None] * np.sin(phase)) * scale * keep
        half = FRAME // 2
        # The window is symmetric, so cosines see only the even part of a frame and sines only the odd part.
        self._constant("cosine", cosine[half:])
        self._constant("sine", sine[half:])

        bank = _mel_bank()
        self._constant("mel", bank)
        hz = _hz(k)
        low, mid, high = (hz >= 60) & (hz <= 1000), (hz > 1000) & (hz <= 3900), hz <= 3900
        moments = np.stack(
            [low, mid, hz * high / 1000, high & keep, hz * low / 1000, hz * mid / 1000], axis=1
        )  # powers and first moments of bands
        self._constant("moments", moments.astype(float))

        edges = 700.0 * (10.0 ** (np.linspace(_to_mel(60.0), _to_mel(3900.0), N_MELS + 2) / 2595.0) - 1.0)
        centre = edges[1:-1]
        slopes = [_regression(centre, a, b) for a, b in ((60, 550), (500, 1500), (1500, 3500))]
        m = np.arange(N_MELS)
        dct = [np.cos(np.pi * (c + 1) * (m + 0.5) / N_MELS) * math.sqrt(2.0 / N_MELS) for c in range(N_MFCC)]
        mean = np.full(N_MELS, 1.0 / N_MELS)
        self._constant("spectral", np.stack([*slopes, *dct, mean], axis=1))
        self.n_low = int((centre < 2000).sum())

        lags = np.arange(MIN_LAG - 1, MAX_LAG + 2)
        fold = np.where((k == 0) | (k == N_BINS - 1), 1.0, 2.0)
        padded = np.concatenate([window, np.zeros(2 * FRAME)])
        own = np.array([(window * padded[lag : lag + FRAME]).sum() for lag in lags]) / (window**2).sum()
        autocorrelation = fold[:, None] * np.cos(2 * np.pi * np.outer(k, lags) / N_DFT) / own
        self._constant("autocorrelation", autocorrelation)
        self._constant("total", fold[:, None])
        pitch_st = 12 * np.log2(RATE_HZ / lags / PITCH_REFERENCE_HZ)
        self._constant("short_lag_bonus", 0.0025 * (pitch_st - pitch_st.min()))

    def _constant(self, name: str, value: np.ndarray) -> None:
        self.register_buffer(name, torch.tensor(value, dtype=torch.float32), persistent=False)

    def forward(self, audio: Tensor) -> Frames:
        """Features of the frames that end at every 80th sample.

        Args:
            audio: (batch, TAIL + 80 * n) samples at 8 kHz, full scale 1.0, the first TAIL being the past.

        Returns:
            n + HISTORY_FRAMES frames for each row.
        """
        blocks = audio.reshape(audio.shape[0], -1, HOP)
        n = blocks.shape[1] - FRAME // HOP + 1
        early = torch.cat([blocks[:, 0:n], blocks[:, 1 : n + 1]], dim=-1).flip(-1)
        late = torch.cat([blocks[:, 2 : n + 2], blocks[:, 3 : n + 3]], dim=-1)
        real, imaginary = (late + early) @ self.cosine, (late - early) @ self.sine
        power = real * real + imaginary * imaginary

        total = power @ self.total
        level_db = DB * torch.log(total + FLOOR / 10)
        floor = total * RELATIVE_FLOOR + FLOOR / N_BINS
        mel = power @ self.mel + floor
        log_mel = torch.log(mel)
        loudness = DB / 0.23 * torch.log(torch.exp(0.23 * log_mel).mean(-1, keepdim=True))
        mel_db = DB * log_mel
        spectral = mel_db @ self.spectral
        hammarberg = mel_db[..., : self.n_low].amax(-1, keepdim=True) - mel_db[..., self.n_low :].amax(-1, keepdim=True)
        moments = power @ self.moments
        low, mid = moments[..., 0:1] + 16 * floor, moments[..., 1:2] + 16 * floor
        alpha = DB * torch.log(low / mid)
        shape = torch.sqrt(mel)
        shape = shape / torch.sqrt((mel).sum(-1, keepdim=True))
        change = shape[:, 1:] - shape[:, :-1]
        flux = torch.sqrt((change * change).sum(-1, keepdim=True) + 1e-9)
        flatness = spectral[..., 8:9] - DB * torch.log(mel.mean(-1, keepdim=True))

        correlation = (power @ self.autocorrelation) / (total + FLOOR)
        best = (correlation[..., 1:-1] + self.short_lag_bonus[1:-1]).argmax(-1, keepdim=True)
        left, peak, right = (correlation.gather(-1, best + offset) for offset in (0, 1, 2))
        bend = left - 2 * peak + right
        shift = torch.clamp(0.5 * (left - right) / torch.minimum(bend, torch.full_like(bend, -1e-4)), -0.5, 0.5)
        lag = best.to(audio.dtype) + MIN_LAG + shift
        periodicity = torch.clamp(peak - 0.25 * (left - right) * shift, 0.0, 1.0)
        raw_pitch = 12.0 / math.log(2.0) * torch.log(RATE_HZ / PITCH_REFERENCE_HZ / lag)
        a, b, c = raw_pitch[:, :-2], raw_pitch[:, 1:-1], raw_pitch[:, 2:]
        # The middle of three neighbours: one frame's octave error does not become a jump in pitch.
        median = torch.maximum(torch.minimum(a, b), torch.minimum(torch.maximum(a, b), c))
        pitch = torch.cat([raw_pitch[:, :2], median], dim=1)
        hnr_ratio = torch.clamp(periodicity, 0.05, 0.999)
        hnr = DB * torch.log(hnr_ratio / (1.0 - hnr_ratio))
        double = torch.clamp((best + MIN_LAG).to(audio.dtype) * 2.0, max=float(MAX_LAG))
        at_double = correlation.gather(-1, double.to(torch.int64) - MIN_LAG + 1)

        pad = torch.zeros_like(level_db[:, :1])
        jitter = torch.cat([pad, (raw_pitch[:, 1:] - raw_pitch[:, :-1]).abs().clamp(max=6.0)], dim=1)
        shimmer = torch.cat([pad, (level_db[:, 1:] - level_db[:, :-1]).abs().clamp(max=12.0)], dim=1)
        values = torch.cat(
            [
                loudness, alpha, hammarberg, spectral[..., 0:3],
                moments[..., 2:3] / (moments[..., 3:4] + floor), torch.cat([pad, flux], dim=1), pitch, hnr,
                spectral[..., 3:8] / 10.0,
                moments[..., 4:5] / (moments[..., 0:1] + floor), moments[..., 5:6] / (moments[..., 1:2] + floor),
                flatness, at_double, shimmer, jitter,
            ],
            dim=-1,
        )  # fmt: skip
        return Frames(values, level_db.squeeze(-1), periodicity.squeeze(-1))
