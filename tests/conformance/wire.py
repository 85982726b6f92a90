"""Plays a recorded session through its codec and the call's clock, and compares what comes out with what was said."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from voicerisk.events import Role
from voicerisk.gateways.codec import Audio, Channel, GatewayEvent, Ignored, StreamStarted
from voicerisk.gateways.recording import Wire, open_recording
from voicerisk.gateways.routes import codec_maker
from voicerisk.media.block import BLOCK_SAMPLES, Block
from voicerisk.media.timeline import Timeline


@dataclass
class Played:
    """What came out: events without audio, the samples of each role at 8 kHz, and which of them really came."""

    events: list[GatewayEvent] = field(default_factory=list)
    samples: dict[Role, np.ndarray] = field(default_factory=dict)
    arrived: dict[Role, np.ndarray] = field(default_factory=dict)
    blocks: list[Block] = field(default_factory=list)
    late_samples: int = 0


def play(path: Path) -> Played:
    """Play the session through codec and timeline."""
    played, timeline = Played(), Timeline()
    arrived: dict[Role, list[tuple[int, int]]] = {}
    channels: tuple[Channel, ...] = ()
    with open_recording(path) as recording:
        codec = codec_maker(recording.protocol)(recording.handshake)
        for entry in recording:
            events = codec.receive(entry.message) if isinstance(entry, Wire) else codec.receive_end(clean=entry.clean)
            for event in events:
                if isinstance(event, Audio):
                    channel = channels[event.channel]
                    pieces = arrived.setdefault(channel.role, [])
                    start = event.start if event.start is not None else (pieces[-1][1] if pieces else 0)
                    pieces.append((start, start + len(event.samples)))
                    timeline.push("s", event.channel, event.samples, event.start)
                elif not isinstance(event, Ignored):
                    played.events.append(event)
                if isinstance(event, StreamStarted):
                    channels = event.channels
                    timeline.open_stream("s", channels)
            played.blocks += timeline.blocks()
    played.blocks += timeline.finish()
    for channel in channels:
        _join(
            played,
            channel.role,
            [(a * 8000 // channel.rate_hz, b * 8000 // channel.rate_hz) for a, b in arrived[channel.role]],
        )
    played.late_samples = timeline.late_samples
    return played


def _join(played: Played, role: Role, arrived: list[tuple[int, int]]) -> None:
    parts = [block.roles[role] for block in played.blocks]
    played.samples[role] = np.concatenate([part.samples[: part.n_valid] for part in parts])
    came = np.zeros(len(parts) * BLOCK_SAMPLES, bool)
    for start, stop in arrived:
        came[start:stop] = True
    played.arrived[role] = came[: len(played.samples[role])]


def aligned(heard: np.ndarray, said: np.ndarray) -> int:
    """Where in `said` the first sample of `heard` lies (negative: before it): the peak of their cross-correlation."""
    n = 1 << (len(heard) + len(said)).bit_length()
    product = np.fft.rfft(said.astype(float), n) * np.conj(np.fft.rfft(heard.astype(float), n))
    peak = int(np.argmax(np.fft.irfft(product, n)))
    return peak if peak < len(said) else peak - n


def correlation(heard: np.ndarray, said: np.ndarray, lag: int, arrived: np.ndarray) -> float:
    """Correlation of what arrived of `heard` with the part of `said` that it lies on; -1..1."""
    first, last = max(0, -lag), min(len(heard), len(said) - lag)
    mask = arrived[first:last]
    a = heard[first:last][mask].astype(float)
    b = said[first + lag : last + lag][mask].astype(float)
    return float(np.corrcoef(a, b)[0, 1])
