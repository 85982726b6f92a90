"""The servers that `ingest_cost` compares, each in a process of its own: `python -m benchmarks.ingest_servers KIND`.

Prints its port, then answers each line it reads: "begin" starts the clock, "end N" waits until N messages have come and
prints the CPU seconds since, "memory" prints the bytes in RAM.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import structlog
import uvloop
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from benchmarks import measure
from voicerisk.call import Call
from voicerisk.floor import Floor, FloorSettings
from voicerisk.gateways.codec import GatewayEvent, Handshake, StreamEnded, StreamStarted
from voicerisk.gateways.twilio import TwilioCodec
from voicerisk.server.ingest import IngestServer
from voicerisk.server.ingest_settings import IngestSettings
from voicerisk.server.ingest_sink import StreamControl
from voicerisk.server.limits import IngestLimits


class Counter:
    """How many messages have come."""

    def __init__(self) -> None:
        self.n = 0


class Leg:
    """What a live stream does with its events short of the model: the call's clock, blocks, chunks, events."""

    def __init__(self, floor: Floor, call: Call, stream: str, counter: Counter) -> None:
        self._floor = floor
        self._call = call
        self._stream = stream
        self._counter = counter

    def receive(self, event: GatewayEvent) -> None:
        """Takes the next event."""
        self._counter.n += 1
        call = self._call
        call.receive(self._stream, event)
        if call.has_news:
            call.take_chunks()
            call.take_blocks()
            self._floor.settle(call, 0.0)

    def end(self, ended: StreamEnded) -> None:
        """Ends the stream, and with it the call."""
        self._floor.close_stream(self._call, self._stream, ended, 0.0)
        self._floor.settle(self._call, 0.0)


class FloorSink:
    """The ingest's sink with everything but the model behind it."""

    def __init__(self, counter: Counter) -> None:
        self._floor = Floor(FloorSettings(), ("neutral",))
        self._counter = counter

    def accepting(self) -> str | None:
        """Always."""
        return None

    def open(self, gateway: str, stream_key: str, started: StreamStarted, peer: str, control: StreamControl) -> Leg:
        """Takes every stream."""
        return Leg(self._floor, self._floor.open_stream(stream_key, started, 0.0), stream_key, self._counter)


async def bare(counter: Counter) -> int:
    """The yardstick: the websockets library's own asyncio server, which drops each message."""

    async def drop(connection: ServerConnection) -> None:
        async for _ in connection:
            counter.n += 1

    return await library_server(drop)


async def behind_library(counter: Counter) -> int:
    """The same codec, floor and calls as in the ingest, behind the websockets library's own asyncio server."""
    sink = FloorSink(counter)

    async def follow(connection: ServerConnection) -> None:
        codec, leg = TwilioCodec(Handshake(path="/twilio")), None
        async for message in connection:
            for event in codec.receive(message):
                if isinstance(event, StreamStarted):
                    leg = sink.open("twilio", connection.id.hex, event, "", Deaf())
                elif leg is not None:
                    leg.receive(event)

    return await library_server(follow)


class Deaf:
    """A control that nobody uses here."""

    def close(self, code: int, reason: str) -> None:
        """Nothing."""


async def library_server(handler: Callable[[ServerConnection], Awaitable[None]]) -> int:
    """Starts the library's server without compression; returns its port."""

    async def quiet(connection: ServerConnection) -> None:
        try:
            await handler(connection)
        except ConnectionClosed:
            return

    server = await serve(quiet, "127.0.0.1", 0, compression=None)
    port: int = next(iter(server.sockets)).getsockname()[1]
    return port


async def ingest(counter: Counter) -> int:
    """The ingest as it serves."""
    limits = IngestLimits(connections_per_s=10_000, connections_burst=10_000, max_calls=10_000)
    server = IngestServer(IngestSettings(port=0, limits=limits), FloorSink(counter))
    await server.start()
    return server.port


async def main(kind: str) -> None:
    """Serves until standard input ends."""
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    counter, began_s, n_before = Counter(), 0.0, 0
    print(await {"bare": bare, "behind_library": behind_library, "ingest": ingest}[kind](counter), flush=True)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while words := (await reader.readline()).split():
        if words[0] == b"begin":
            began_s, n_before = time.process_time(), counter.n
            print("began", flush=True)
        elif words[0] == b"end":
            while counter.n - n_before < int(words[1]):  # noqa: ASYNC110 - an event per message would cost CPU time
                await asyncio.sleep(0.01)
            print(time.process_time() - began_s, flush=True)
        else:
            print(measure.resident_bytes(), flush=True)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
