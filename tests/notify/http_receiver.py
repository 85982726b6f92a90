"""Somebody else's HTTP server: it takes every POST, keeps what came, and answers as it is told."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

import msgspec

from tests.eventually import eventually


class Taken(msgspec.Struct, frozen=True):
    """One request; header names are in small letters."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class HttpReceiver:
    """Answers 204, unless `answers` holds others (status, extra headers, body) for the next requests.

    While `let_go` is not set, requests are taken in and stay without an answer.
    """

    def __init__(self) -> None:
        self.port = 0
        self.taken: list[Taken] = []
        self.answers: deque[tuple[int, Mapping[str, str], bytes]] = deque()
        self.let_go = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        self.let_go.set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    async def has(self, count: int) -> list[Taken]:
        """All requests, once there are so many."""
        await eventually(lambda: len(self.taken) >= count)
        return self.taken

    def hang_up(self) -> None:
        """Breaks every connection."""
        for writer in self._writers:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self._writers.append(writer)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.taken.append(Taken(head[0].split()[1], headers, body))
                await self.let_go.wait()
                status, more, said = self.answers.popleft() if self.answers else (204, {}, b"")
                lines = [f"HTTP/1.1 {status} said", f"content-length: {len(said)}"]
                lines += [f"{name}: {value}" for name, value in more.items()]
                writer.write("\r\n".join([*lines, "\r\n"]).encode() + said)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def http_receiver(port: int = 0) -> AsyncIterator[HttpReceiver]:
    """A running one on the loopback interface."""
    receiver = HttpReceiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", port)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.let_go.set()
        server.close()
        receiver.hang_up()
