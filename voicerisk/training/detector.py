"""The speech detector: trained on streams whose truth is known, from the same chunk sums that everything else uses."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from voicerisk.training.augment import LineSettings
from voicerisk.training.committee import Committee, CommitteeSettings
from voicerisk.training.corpora.clip import Audio
from voicerisk.training.evaluation.speech import silero_chunks, silero_path
from voicerisk.training.network import N_SPEECH_INPUTS, RECENT_DECAY, FrontEnd, speech_inputs
from voicerisk.training.streams import STREAM_CHUNKS, Stream, Truth, stream

BATCH: Final = 4
SPOKEN: Final = 0.35
SILENT: Final = 0.05
"""A chunk is speech from the one share of speech on and none up to the other; what lies between teaches nothing."""
IN_DOUBT: Final = (SPOKEN + SILENT) / 2
SAID: Final = 0.6
UNSAID: Final = 0.3
"""Silero's word from the one on is speech and below the other is none; likewise."""


def stream_inputs(
    n_streams: int,
    voices: Sequence[Audio],
    noises: Sequence[Audio],
    line: LineSettings,
    seed: int,
    report: Callable[[int, int], None],
) -> tuple[Tensor, Tensor]:
    """Inputs of every chunk of so many streams, (n, N_SPEECH_INPUTS), and its share of speech, (n,).

    What is speech is decided by Silero VAD, where its package is installed, on what the voices said before the line:
    on a noisy line it misses half of what a person would still hear, and takes keys for speech. Where it is not, the
    clips' own level decides.
    """
    front, inputs, truths = FrontEnd().eval(), [], []
    teacher = silero_path()
    for first in range(0, n_streams, BATCH):
        made = [
            stream(voices, noises, line, np.random.default_rng([seed, index])) for index in range(first, first + BATCH)
        ]
        truth = np.stack([one.truth if teacher is None else _told(teacher, one) for one in made])
        with torch.inference_mode():
            sums = front.whole(torch.from_numpy(np.stack([one.audio for one in made])))
            recent = torch.zeros_like(sums[:, 0])
            for chunk in range(STREAM_CHUNKS):
                recent = recent * RECENT_DECAY + sums[:, chunk]
                inputs.append(speech_inputs(sums[:, chunk], recent).clone())
                truths.append(torch.from_numpy(truth[:, chunk].copy()))
        report(min(first + BATCH, n_streams), n_streams)
    return torch.cat(inputs), torch.cat(truths)


def _told(teacher: Path, one: Stream) -> Truth:
    """Share of speech in each chunk by the teacher's word on the clean voices; streams without any stay without."""
    if one.clean is None:
        return one.truth
    (said,) = silero_chunks(teacher, [one.clean])
    return np.where(said >= SAID, 1.0, np.where(said < UNSAID, 0.0, IN_DOUBT)).astype(np.float32)


def fit_detector(inputs: Tensor, truth: Tensor, settings: CommitteeSettings, seed: int) -> Committee:
    """Return a detector of speech in a chunk; its one output is log-odds."""
    torch.manual_seed(seed)
    clear = (truth >= SPOKEN) | (truth <= SILENT)
    inputs, target = inputs[clear].clone(), (truth[clear] >= SPOKEN).float()
    net = Committee(N_SPEECH_INPUTS, 1, settings.members, settings.hidden, settings.dropout)
    net.standardise(inputs)
    optimiser = torch.optim.AdamW(net.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, settings.learning_rate, total_steps=settings.steps)
    net.train()
    for _ in range(settings.steps):
        drawn = torch.randint(len(inputs), (settings.batch,))
        logits = net(inputs[drawn])[:, 0]
        loss = nn.functional.binary_cross_entropy_with_logits(logits, target[drawn])
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    return net.eval()
