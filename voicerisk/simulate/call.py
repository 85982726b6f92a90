"""The call that a simulated gateway carries: an audio file, cut into packets as the line brought them."""

import random
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from voicerisk.audiofile import pieces, probe, roles_of
from voicerisk.events import Role
from voicerisk.gateways.codec import Message, Samples
from voicerisk.media.resample import Resampler
from voicerisk.scoring.contract import RATE_HZ
from voicerisk.simulate.line import Line


class SimulatedCall(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway would know about the call that the file holds.

    `roles` names the file's channels in order; None means mono = customer, stereo = customer and agent.
    """

    path: Path
    call_id: str
    roles: tuple[Role, ...] | None = None
    packet_s: float = 0.02
    labels: Mapping[str, str] = {}
    line: Line = Line()

    @property
    def length_s(self) -> float:
        """Length of the call. Raises `AudioFileError`."""
        return probe(self.path).duration_s

    def known_roles(self) -> tuple[Role, ...]:
        """Whose voice each channel carries. Raises `AudioFileError`."""
        return roles_of(self.path, probe(self.path), self.roles)

    def rate_hz(self, carried: Collection[int] = (RATE_HZ,)) -> int:
        """The rate at which a gateway sends this file that carries these: the file's own, or 8 kHz."""
        own = probe(self.path).rate_hz
        return own if own in carried else RATE_HZ


TimedMessage = tuple[float, Message]
"""Media seconds at which a gateway would send it, and the message."""

MessageSource = Callable[[SimulatedCall], Iterator[TimedMessage]]


class Packet(NamedTuple):
    """What was said in one stretch of time, int16 for each channel; None where the line lost it."""

    start: int
    """Samples before it."""
    n: int
    """Samples of each channel in it."""
    channels: list[Samples | None]

    def heard(self, channel: int) -> Samples:
        """A channel's samples, with silence for what was lost."""
        samples = self.channels[channel]
        return np.zeros(self.n, np.int16) if samples is None else samples


def packets(call: SimulatedCall, rate_hz: int) -> Iterator[Packet]:
    """The call in packets, the last one shorter. Raises `AudioFileError`.

    A file of another rate is resampled to `rate_hz`, which then is 8000.
    """
    luck = random.Random(f"{call.line.seed} {call.call_id}")
    as_it_is = probe(call.path).rate_hz == rate_hz
    cut = pieces(call.path, call.packet_s) if as_it_is else _resampled(call.path, call.packet_s)
    start = 0
    for channels in cut:
        n = len(channels[0])
        yield Packet(start, n, [None if luck.random() < call.line.loss else samples for samples in channels])
        start += n


def _resampled(path: Path, piece_s: float) -> Iterator[list[Samples]]:
    info = probe(path)
    resamplers = [Resampler(info.rate_hz) for _ in range(info.n_channels)]
    waiting: list[Samples] = [np.zeros(0, np.int16)] * info.n_channels
    n = max(1, round(piece_s * RATE_HZ))
    for piece in pieces(path, piece_s):
        fed = zip(waiting, resamplers, piece, strict=True)
        waiting = [np.concatenate([rest, resampler.feed(samples)]) for rest, resampler, samples in fed]
        while len(waiting[0]) >= n:
            yield [channel[:n] for channel in waiting]
            waiting = [channel[n:] for channel in waiting]
    waiting = [np.concatenate([rest, resampler.flush()]) for rest, resampler in zip(waiting, resamplers, strict=True)]
    for at in range(0, len(waiting[0]), n):
        yield [channel[at : at + n] for channel in waiting]
