"""The ingest in a process of its own: `python -m tests.server.ingest_process SETTINGS.json`.

Prints one JSON object per line: first the port, then one per stream that ended. SIGTERM drains it for half a second.
"""

import asyncio
import gc
import hashlib
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import structlog
import uvloop

from tests.server.ingest_sink import KeepingSink, KeptStream
from voicerisk.gateways.codec import Audio, StreamEnded, StreamStarted
from voicerisk.server.ingest import IngestServer
from voicerisk.server.ingest_settings import IngestSettings
from voicerisk.server.ingest_sink import StreamControl


def say(**facts: Any) -> None:
    """One line for the test that started this process."""
    sys.stdout.write(msgspec.json.encode(facts).decode() + "\n")
    sys.stdout.flush()


class SayingStream(KeptStream):
    """Tells at its end what came, and forgets it."""

    def end(self, ended: StreamEnded) -> None:
        """Says what came on each channel, in short."""
        super().end(ended)
        whole = [self.samples(channel) for channel in range(len(self.n_samples))]
        say(
            call=self.started.call_id,
            roles=[channel.role for channel in self.started.channels],
            n_samples=self.n_samples,
            hashes=[hashlib.sha256(samples.astype("<i2").tobytes()).hexdigest() for samples in whole],
            last=[
                max(
                    (event.start or 0) + len(event.samples)
                    for event in self.events
                    if isinstance(event, Audio) and event.channel == channel
                )
                if len(samples)
                else 0
                for channel, samples in enumerate(whole)
            ],
            level=[float(np.sqrt(np.mean(samples.astype(float) ** 2))) if len(samples) else 0.0 for samples in whole],
            clean=ended.clean,
            reason=ended.reason,
            times_ended=len(self.ended),
        )
        self.events.clear()


class SayingSink(KeepingSink):
    """Keeps no stream once it has ended."""

    def open(
        self, gateway: str, stream_key: str, started: StreamStarted, peer: str, control: StreamControl
    ) -> KeptStream:
        """Takes the stream."""
        return SayingStream(gateway, started, control, 1_000_000)


async def serve(settings: IngestSettings) -> None:
    """Serves until SIGTERM."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    server = IngestServer(settings, SayingSink())
    await server.start()
    say(port=server.port)
    await stop.wait()
    await server.drain(0.5)
    say(left=server.n_connections)


if __name__ == "__main__":
    structlog.configure(
        processors=[structlog.processors.JSONRenderer()], logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    gc.freeze()
    uvloop.run(serve(msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=IngestSettings)))
