"""A sink that keeps what every stream brought, so that tests can compare it with what was sent."""

from typing import Any

import numpy as np

from voicerisk.gateways.codec import Audio, GatewayEvent, StreamEnded, StreamStarted
from voicerisk.server.ingest_sink import Refused, StreamControl


class KeptStream:
    """One stream and all it brought."""

    def __init__(self, gateway: str, started: StreamStarted, control: StreamControl, n_kept: int) -> None:
        self.gateway = gateway
        self.started = started
        self.control = control
        self.events: list[GatewayEvent] = []
        self.ended: list[StreamEnded] = []
        self.n_samples = [0] * len(started.channels)
        self._n_kept = n_kept

    def receive(self, event: GatewayEvent) -> None:
        """Keeps the event."""
        if isinstance(event, Audio):
            self.n_samples[event.channel] += len(event.samples)
        if len(self.events) < self._n_kept:
            self.events.append(event)

    def end(self, ended: StreamEnded) -> None:
        """Keeps the end, and with it how often it was told."""
        self.ended.append(ended)

    def samples(self, channel: int = 0) -> np.ndarray[Any, np.dtype[np.int16]]:
        """All samples of a channel in the order of their arrival."""
        pieces = [event.samples for event in self.events if isinstance(event, Audio) and event.channel == channel]
        return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


class KeepingSink:
    """Takes every stream; `streams` has them in the order of their starts."""

    def __init__(self, n_kept: int = 1_000_000) -> None:
        self.streams: list[KeptStream] = []
        self.keys: set[str] = set()
        self.busy: str | None = None
        self.refuse: Refused | None = None
        self._n_kept = n_kept

    def accepting(self) -> str | None:
        """What the test has set."""
        return self.busy

    def open(
        self, gateway: str, stream_key: str, started: StreamStarted, peer: str, control: StreamControl
    ) -> KeptStream:
        """Takes the stream unless the test wants it refused."""
        if self.refuse is not None:
            raise self.refuse
        assert stream_key not in self.keys
        assert started.token is None
        self.keys.add(stream_key)
        stream = KeptStream(gateway, started, control, self._n_kept)
        self.streams.append(stream)
        return stream
