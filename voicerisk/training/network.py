"""The ear: one streaming network from raw 8 kHz audio to the scores of `voicerisk.scoring.contract`.

Frames become chunk sums (`pooling`), chunk sums become a rolling window, the caller's own baseline and a whole, and
committees judge the functionals of those. Nothing recurs but sums, a level tracker and a ring of chunks, so a clip in
training and a window in a live call are the same thing.
"""

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from voicerisk.scoring import contract
from voicerisk.training.committee import Committee
from voicerisk.training.corpora.labels import EMOTION_CLASSES
from voicerisk.training.features import CHUNK_FRAMES, HISTORY_FRAMES, HOP, PITCH, TAIL, FrameFeatures, Frames
from voicerisk.training.pooling import FUNCTIONALS, N_SUMS, ChunkSums, functionals_of

SCALES: Final = ("tension", "stress", "arousal", "valence")
EMOTIONS: Final = EMOTION_CLASSES
N_OUTPUTS: Final = len(SCALES) + len(EMOTIONS)

WINDOW_CHUNKS: Final = 13
"""Chunks of speech in the rolling window: 3.12 s."""
BASELINE_FRAMES: Final = 1500.0
"""The caller's own baseline is his first 15 s of speech; then it stands still, so that long anger stays anger."""
BASELINE_FROM_S: Final = 1.5
BASELINE_FULL_S: Final = 5.0
"""Seconds of baseline from which it begins to count, and from which it counts in full."""
KNOWN_SHARE: Final = 0.75
"""What judges beside the baseline never counts for more: over bad lines the two together beat either one."""
PEAK_FALL_DB: Final = 0.4
"""How far the running peak level sinks in a chunk: a quiet speaker after a loud click is heard again within seconds."""
RECENT_DECAY: Final = 0.8
"""Share of the recent past that stays with the speech detector from chunk to chunk: it looks back about a second."""
MIN_VOICED: Final = 2.0
"""Voiced frames that a chunk needs to be pooled."""

STATES: Final[dict[str, tuple[int, ...]]] = {
    "tail": (TAIL,),
    "peak": (1,),
    "recent": (N_SUMS,),
    "ring": (WINDOW_CHUNKS, N_SUMS),
    "base": (N_SUMS,),
    "whole": (N_SUMS,),
}

N_SPEECH_INPUTS: Final = 2 * len(FUNCTIONALS) + 6
N_KNOWN_INPUTS: Final = 2 * len(FUNCTIONALS)


class Heard(NamedTuple):
    """What the front end makes of one chunk."""

    sums: Tensor
    """(batch, N_SUMS)"""
    peak: Tensor
    """(batch, 1) running peak level above -100 dBFS"""
    frames: Frames
    voiced: Tensor
    """(batch, CHUNK_FRAMES) weights"""


class Scores(NamedTuple):
    """What one chunk gives, by the names of the contract, and the states for the next chunk."""

    outputs: dict[str, Tensor]
    states: dict[str, Tensor]


def track_peak(level_db: Tensor, peak: Tensor) -> Tensor:
    """The running peak level above -100 dBFS after a chunk: (batch, frames), (batch, 1) -> (batch, 1)."""
    smooth = (level_db[:, :-2] + level_db[:, 1:-1] + level_db[:, 2:]) / 3.0
    return torch.maximum(smooth.amax(-1, keepdim=True) + 100.0, peak - PEAK_FALL_DB).clamp(min=0.0)


def speech_inputs(sums: Tensor, recent: Tensor) -> Tensor:
    """What the speech detector sees: functionals of this chunk and of the recent second, and how much was voiced."""
    return torch.cat([*functionals_of(sums, recent), sums[:, :3] / CHUNK_FRAMES, recent[:, :3] / CHUNK_FRAMES], -1)


def known_inputs(now: Tensor, base: Tensor) -> Tensor:
    """What is seen of a caller with a baseline: functionals, and how they differ from his own."""
    return torch.cat([now, now - base], -1)


class FrontEnd(nn.Module):
    """From audio to chunk sums; constants only, nothing to train."""

    def __init__(self) -> None:
        super().__init__()
        self.features = FrameFeatures()
        self.pool = ChunkSums()

    def forward(self, heard: Tensor, peak: Tensor) -> Heard:
        """One chunk: (batch, TAIL + 1920) samples, the first TAIL being the past, and (batch, 1) the peak so far."""
        frames = self.features(heard)
        frames = Frames(*(part[:, HISTORY_FRAMES - 1 :] for part in frames))
        peak = track_peak(frames.level_db, peak)
        active, voiced = self.pool.weights(frames, peak - 100.0)
        return Heard(self.pool(frames, active, voiced), peak, frames, voiced[:, 1:])

    def whole(self, audio: Tensor) -> Tensor:
        """All chunks of whole recordings at once, as `forward` gives one: (batch, 1920 * c) -> (batch, c, N_SUMS)."""
        n_rows, n_chunks = audio.shape[0], audio.shape[1] // contract.CHUNK_SAMPLES
        frames = self.features(nn.functional.pad(audio, (TAIL, 0)))
        at = HISTORY_FRAMES - 1 + torch.arange(n_chunks)[:, None] * CHUNK_FRAMES + torch.arange(CHUNK_FRAMES + 1)
        parts = [part[:, at] for part in frames]
        peak, peaks = torch.zeros(n_rows, 1), []
        for chunk in range(n_chunks):
            peak = track_peak(parts[1][:, chunk], peak)
            peaks.append(peak)
        flat = Frames(*(part.flatten(0, 1) for part in parts))
        active, voiced = self.pool.weights(flat, torch.stack(peaks, 1).flatten(0, 1) - 100.0)
        sums: Tensor = self.pool(flat, active, voiced)
        return sums.view(n_rows, n_chunks, N_SUMS)


class Ear(nn.Module):
    """The whole graph; see the module's docstring."""

    def __init__(self, tone: Committee, known: Committee, mood: Committee, speech: Committee) -> None:
        super().__init__()
        self.front = FrontEnd()
        self.tone, self.known, self.mood, self.speech = tone, known, mood, speech

    def forward(self, audio: Tensor, states: dict[str, Tensor]) -> Scores:
        """Scores of one chunk of every row.

        Args:
            audio: (batch, 1920) at 8 kHz, full scale 1.0.
            states: as in STATES, zeros at the start of a call.
        """
        heard = torch.cat([states["tail"], audio], dim=1)
        sums, peak, frames, voiced = self.front(heard, states["peak"])
        outputs, after = self.pooled(sums, states)
        none = sums[:, 0] < 0.5
        per_voiced = 1.0 / voiced.sum(-1).clamp(min=1e-6)
        level_db = (frames.level_db[:, 1:] * voiced).sum(-1) * per_voiced
        pitch_st = (frames.values[:, 1:, PITCH] * voiced).sum(-1) * per_voiced
        outputs["level_db"] = torch.where(none, torch.full_like(level_db, contract.SILENT_DB), level_db)
        outputs["pitch_st"] = torch.where(none, torch.zeros_like(pitch_st), pitch_st)
        return Scores(outputs, {"tail": heard[:, -TAIL:], "peak": peak, **after})

    def pooled(self, sums: Tensor, states: dict[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """All outputs but level and pitch after a chunk's sums, (batch, N_SUMS), and the states that pool them."""
        recent = states["recent"] * RECENT_DECAY + sums
        speech = torch.sigmoid(self.speech(speech_inputs(sums, recent))[:, 0])
        accepted = ((speech > 0.5) & (sums[:, 0] >= MIN_VOICED)).to(sums.dtype).unsqueeze(-1)
        added = accepted * sums
        ring, base = states["ring"], states["base"]
        # What leaves the window becomes the caller's baseline, until there is enough of it.
        leaving = ring[:, 0] * accepted * (base[:, 3:4] < BASELINE_FRAMES).to(sums.dtype)
        shifted = torch.cat([ring[:, 1:], added.unsqueeze(1)], 1)
        keep = accepted.unsqueeze(-1) > 0
        ring, base, whole = torch.where(keep, shifted, ring), base + leaving, states["whole"] + added
        window = ring.sum(1)
        now, own, all_ = functionals_of(window, base, whole)
        # Window and whole go through the same committees; side by side that is half the operators.
        both = torch.stack([now, all_], 1).reshape(-1, len(FUNCTIONALS))
        alone, mood = (committee(both).reshape(-1, 2, N_OUTPUTS) for committee in (self.tone, self.mood))
        tension = torch.stack([self.beside(alone[:, 0], now, own, base), alone[:, 1]], 1)[..., :1]
        outputs = {
            "speech": speech,
            "voiced": sums[:, 0] / CHUNK_FRAMES,
            **_named(tension, mood, torch.stack([window, whole], 1)),
        }
        return outputs, {"recent": recent, "ring": ring, "base": base, "whole": whole}

    def beside(self, alone: Tensor, now: Tensor, own: Tensor, base: Tensor) -> Tensor:
        """Raw outputs for a window, the more relative to the caller's baseline the more there is of it.

        Args:
            alone: (batch, N_OUTPUTS) what is said of the window by itself.
            now: (batch, functionals) of the window.
            own: (batch, functionals) of the baseline.
            base: (batch, N_SUMS) the baseline.
        """
        seconds = base[:, 3:4] * (HOP / contract.RATE_HZ)
        share = ((seconds - BASELINE_FROM_S) / (BASELINE_FULL_S - BASELINE_FROM_S)).clamp(0.0, 1.0)
        known: Tensor = self.known(known_inputs(now, own))
        return alone + KNOWN_SHARE * share * (known - alone)


def _named(tension: Tensor, mood: Tensor, sums: Tensor) -> dict[str, Tensor]:
    """Window's and whole's outputs by the names of the contract; all (batch, 2, ...), the window first.

    Tension must hold for voices of any language, so it comes from committees kept from knowing the corpora; what else
    there is to say of a voice comes from one that was left free.
    """
    scales = torch.sigmoid(torch.cat([tension, mood[..., 1 : len(SCALES)]], -1))
    emotion = torch.softmax(mood[..., len(SCALES) :], -1)
    speech_s = sums[..., 3] * (HOP / contract.RATE_HZ)
    outputs: dict[str, Tensor] = {}
    for at, (prefix, seconds) in enumerate((("", "window_speech_s"), ("all_", "all_speech_s"))):
        outputs |= {prefix + name: scales[:, at, i] for i, name in enumerate(SCALES)}
        outputs |= {f"{prefix}emotion": emotion[:, at], seconds: speech_s[:, at]}
    return outputs


def first_states(n_rows: int) -> dict[str, Tensor]:
    """States at the start of a call: zeros."""
    return {name: torch.zeros(n_rows, *shape) for name, shape in STATES.items()}
