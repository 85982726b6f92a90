"""Every door of the server at once, on free ports of this machine, with a sink that keeps what it hears."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.server.guarded import guarded
from tests.server.ingest_client import limits
from tests.server.ingest_sink import KeepingSink, KeptStream
from voicerisk.server.audiosocket import AudioSocketServer
from voicerisk.server.audiosocket_settings import AudioSocketSettings
from voicerisk.server.http import HttpServer
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.ingest import IngestServer
from voicerisk.server.ingest_settings import IngestSettings
from voicerisk.server.registrations import Registrations
from voicerisk.server.registrations_api import registrations_router
from voicerisk.server.rtp import RtpServer
from voicerisk.server.rtp_api import rtp_router
from voicerisk.server.rtp_settings import RtpSettings
from voicerisk.simulate.api import Api
from voicerisk.simulate.protocols import WAYS
from voicerisk.simulate.run import Target


class House:
    """The servers and what they heard."""

    def __init__(self, sink: KeepingSink, ingest: IngestServer, rtp: RtpServer, http_port: int, tcp_port: int) -> None:
        self.sink = sink
        self.ingest = ingest
        self.rtp = rtp
        self.api_url = f"http://127.0.0.1:{http_port}"
        self._tcp_port = tcp_port

    def url(self, protocol: str) -> str:
        """Where calls of this protocol go."""
        way = WAYS[protocol]
        if way.transport == "tcp":
            return f"tcp://127.0.0.1:{self._tcp_port}"
        return f"ws://127.0.0.1:{self.ingest.port}{way.path}"

    def target(self, protocol: str, speed: float = 50.0) -> Target:
        """The same for `play_call`."""
        return Target(url=self.url(protocol), api=Api(self.api_url), speed=speed)

    def streams(self, call_id: str) -> list[KeptStream]:
        """What came of a call."""
        return [stream for stream in self.sink.streams if stream.started.call_id == call_id]


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    """Such a house; when the test is over nothing of it may be left, and every stream has ended once."""
    sink = KeepingSink()
    ingest = IngestServer(IngestSettings(port=0, limits=limits()), sink, sweep_s=0.02)
    book = Registrations(1000, 60.0)
    sockets = AudioSocketServer(AudioSocketSettings(enabled=True, port=0), sink, book)
    rtp = RtpServer(RtpSettings(first_port=0, inactivity_s=0.5), sink, sweep_s=0.02)
    app = guarded(registrations_router(book, enabled=True), rtp_router(rtp))
    http = HttpServer(app, HttpSettings(port=0))
    await ingest.start()
    tcp_port = await sockets.start()
    http_port = await http.start()
    try:
        yield House(sink, ingest, rtp, http_port, tcp_port)
    finally:
        await http.stop()
        await rtp.stop()
        await sockets.stop()
        await ingest.stop()
    assert (ingest.n_connections, sockets.n_connections, rtp.ports) == (0, 0, ())
    assert all(len(stream.ended) == 1 for stream in sink.streams)
