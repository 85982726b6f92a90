"""The ear: one streaming network from raw 8 kHz audio to the scores of `voicerisk.scoring.contract`.

Frames become chunk sums (`pooling`), chunk sums become a rolling window and a whole, and small committees of networks
judge the functionals of those. Nothing is recurrent but sums, a level tracker and a ring of chunks, so a clip in
training and a window in a live call are the same thing.
"""

from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from voicerisk.scoring import contract
from voicerisk.training.features import CHUNK_FRAMES, HISTORY_FRAMES, PITCH, TAIL, FrameFeatures, Frames
from voicerisk.training.pooling import FUNCTIONALS, N_SUMS, ChunkSums, functionals

EMOTIONS: Final = ("neutral", "happy", "sad", "angry", "fearful", "disgusted", "surprised")
TENSION, STRESS, AROUSAL, VALENCE = range(4)
N_SCALES: Final = 4
N_OUTPUTS: Final = N_SCALES + len(EMOTIONS)

WINDOW_CHUNKS: Final = 13
"""Chunks of speech in the rolling window: 3.12 s."""
PEAK_FALL_DB: Final = 0.4
"""How far the running peak level sinks in a chunk: a quiet speaker after a loud click is heard again within seconds."""
RECENT_DECAY: Final = 0.8
"""Share of the recent past that stays with the speech detector from chunk to chunk: it looks back about a second."""
MIN_VOICED: Final = 2.0
"""Voiced frames that a chunk needs to be pooled."""
CLIP: Final = 4.0

STATES: Final[dict[str, tuple[int, ...]]] = {
    "tail": (TAIL,),
    "peak": (1,),
    "recent": (N_SUMS,),
    "ring": (WINDOW_CHUNKS, N_SUMS),
    "whole": (N_SUMS,),
}


class Committee(nn.Module):
    """Several small networks side by side in one matrix product; the mean of their outputs is the committee's."""

    def __init__(self, n_inputs: int, n_outputs: int, n_members: int, n_hidden: int, dropout: float) -> None:
        super().__init__()
        self.dropout = dropout
        self.register_buffer("centre", torch.zeros(n_inputs))
        self.register_buffer("scale", torch.ones(n_inputs))
        sizes = (n_inputs, n_hidden, n_hidden, n_outputs)
        self.weights = nn.ParameterList(
            torch.randn(n_members, a, b) / a**0.5 for a, b in zip(sizes[:-1], sizes[1:], strict=True)
        )
        self.biases = nn.ParameterList(torch.zeros(n_members, 1, b) for b in sizes[1:])

    def members(self, x: Tensor) -> Tensor:
        """Outputs of each member: (members or 1, batch, n_inputs) -> (members, batch, n_outputs)."""
        drop = nn.functional.dropout
        x = drop(((x - self.centre) * self.scale).clamp(-CLIP, CLIP), self.dropout / 2, self.training)
        x = drop(torch.tanh(x @ self.weights[0] + self.biases[0]), self.dropout, self.training)
        x = drop(torch.relu(x @ self.weights[1] + self.biases[1]), self.dropout, self.training)
        return x @ self.weights[2] + self.biases[2]

    def forward(self, x: Tensor) -> Tensor:
        """(batch, n_inputs) -> (batch, n_outputs)"""
        return self.members(x.unsqueeze(0)).mean(0)


class Scores(NamedTuple):
    """What one chunk gives, by the names of the contract, and the states for the next chunk."""

    outputs: dict[str, Tensor]
    states: dict[str, Tensor]


def track_peak(level_db: Tensor, peak: Tensor) -> Tensor:
    """The running peak level above -100 dBFS after a chunk: (batch, frames), (batch, 1) -> (batch, 1)."""
    smooth = (level_db[:, :-2] + level_db[:, 1:-1] + level_db[:, 2:]) / 3.0
    return torch.maximum(smooth.amax(-1, keepdim=True) + 100.0, peak - PEAK_FALL_DB).clamp(min=0.0)


def speech_input(sums: Tensor, recent: Tensor) -> Tensor:
    """What the speech detector sees: this chunk's functionals, those of the recent second, and how much was voiced."""
    return torch.cat(
        [functionals(sums), functionals(recent), sums[:, :3] / CHUNK_FRAMES, recent[:, :3] / CHUNK_FRAMES], -1
    )


N_SPEECH_INPUTS: Final = 2 * len(FUNCTIONALS) + 6


class Ear(nn.Module):
    """The whole graph; see the module's docstring."""

    def __init__(self, n_members: int = 8, n_hidden: int = 24, dropout: float = 0.4) -> None:
        super().__init__()
        self.frames = FrameFeatures()
        self.sums = ChunkSums()
        self.speech = Committee(N_SPEECH_INPUTS, 1, 1, 24, 0.1)
        self.tone = Committee(len(FUNCTIONALS), N_OUTPUTS, n_members, n_hidden, dropout)
        self.register_buffer("slope", torch.ones(N_OUTPUTS))
        self.register_buffer("offset", torch.zeros(N_OUTPUTS))

    def forward(self, audio: Tensor, states: dict[str, Tensor]) -> Scores:
        """Scores of one chunk of every row.

        Args:
            audio: (batch, 1920) at 8 kHz, full scale 1.0.
            states: as in STATES, zeros at the start of a call.
        """
        heard = torch.cat([states["tail"], audio], dim=1)
        frames = self.frames(heard)
        peak = track_peak(frames.level_db[:, HISTORY_FRAMES - 1 :], states["peak"])
        frames = Frames(*(part[:, HISTORY_FRAMES - 1 :] for part in frames))
        active, voiced = self.sums.weights(frames, peak - 100.0)
        sums = self.sums(frames, active, voiced)
        recent = states["recent"] * RECENT_DECAY + sums
        speech = torch.sigmoid(self.speech(speech_input(sums, recent))[:, 0])
        n_voiced = sums[:, 0]
        accepted = ((speech > 0.5) & (n_voiced >= MIN_VOICED)).unsqueeze(-1)
        ring = torch.where(
            accepted.unsqueeze(-1), torch.cat([states["ring"][:, 1:], sums.unsqueeze(1)], 1), states["ring"]
        )
        whole = states["whole"] + torch.where(accepted, sums, torch.zeros_like(sums))

        now = voiced[:, 1:]
        per_voiced = 1.0 / now.sum(-1).clamp(min=1e-6)
        none = n_voiced < 0.5
        level_db = (frames.level_db[:, 1:] * now).sum(-1) * per_voiced
        pitch_st = (frames.values[:, 1:, PITCH] * now).sum(-1) * per_voiced
        outputs = {
            "speech": speech,
            "voiced": n_voiced / CHUNK_FRAMES,
            "level_db": torch.where(none, torch.full_like(level_db, contract.SILENT_DB), level_db),
            "pitch_st": torch.where(none, torch.zeros_like(pitch_st), pitch_st),
            **self._judge("", ring.sum(1)),
            **self._judge("all_", whole),
        }
        return Scores(outputs, {"tail": heard[:, -TAIL:], "peak": peak, "recent": recent, "ring": ring, "whole": whole})

    def _judge(self, prefix: str, sums: Tensor) -> dict[str, Tensor]:
        logits = self.tone(functionals(sums)) * self.slope + self.offset
        scales = torch.sigmoid(logits[:, :N_SCALES])
        return {
            f"{prefix}tension": scales[:, TENSION],
            f"{prefix}stress": scales[:, STRESS],
            f"{prefix}arousal": scales[:, AROUSAL],
            f"{prefix}valence": scales[:, VALENCE],
            f"{prefix}emotion": torch.softmax(logits[:, N_SCALES:], -1),
            f"{prefix}{'window_' if not prefix else ''}speech_s": sums[:, 3] / 100.0,
        }


def first_states(n_rows: int) -> dict[str, Tensor]:
    """States at the start of a call: zeros."""
    return {name: torch.zeros(n_rows, *shape) for name, shape in STATES.items()}
