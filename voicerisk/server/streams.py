"""The two websockets that people and programs watch: the event feed and a call's live sound."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any, Final

import msgspec
import structlog
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from voicerisk.clock import now_s
from voicerisk.server import metrics
from voicerisk.server.access import Permission, needs
from voicerisk.server.auth import clean_name
from voicerisk.server.listen import BACKLOG_S, CHANNELS, PRE_ROLL_S, RATE_HZ, Listener
from voicerisk.server.live import LiveBoard
from voicerisk.store.records import AuditEntry
from voicerisk.store.store import Store
from voicerisk.store.writer import StoreError

SEND_WITHIN_S: Final = 10.0
"""A client that takes nothing for so long is gone, whatever its TCP connection says."""

UNKNOWN_CALL: Final = 4404
NO_NAME: Final = 4422
TOO_MANY: Final = 4429
NOT_LOGGED: Final = 4503

_log = structlog.get_logger()


def stream_router(board: LiveBoard, store: Store, max_listeners_per_call: int) -> APIRouter:
    """The websocket routes /api/v1/feed and /api/v1/calls/{id}/listen."""
    router = APIRouter(prefix="/api/v1")

    @router.websocket("/feed", dependencies=[needs(Permission.WATCH)])
    async def feed(socket: WebSocket, feed: str = "", since: int | None = None) -> None:
        await socket.accept()
        subscription = board.feed.subscribe(feed, since)

        async def tell() -> None:
            while True:
                await _send(socket.send_text(await subscription.next()))

        try:
            await _until_either_ends(socket, tell())
        except TimeoutError:
            metrics.feed_dropped.inc()
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await socket.close(1013, "too slow")
        finally:
            board.feed.unsubscribe(subscription)

    @router.websocket("/calls/{call_id:path}/listen", dependencies=[needs(Permission.LISTEN)])
    async def listen(socket: WebSocket, call_id: str, person: str = "") -> None:
        await socket.accept()
        try:
            name = socket.state.visitor.person or clean_name(person)
        except ValueError as error:
            await socket.close(NO_NAME, str(error))
            return
        view = board.call(call_id)
        if view is None:
            await socket.close(UNKNOWN_CALL, "there is no such live call")
            return
        if len(view.listeners) >= max_listeners_per_call:
            await socket.close(TOO_MANY, f"{max_listeners_per_call} people listen to this call already")
            return
        try:
            # Before the first sample: what cannot be logged is not heard.
            await store.audit(AuditEntry(at_s=now_s(), person=name, action="listen.start", call_id=call_id))
        except StoreError:
            await socket.close(NOT_LOGGED, "listening cannot be logged now, so it is not allowed")
            return
        await _listen(socket, board, store, call_id, name)

    return router


async def _listen(socket: WebSocket, board: LiveBoard, store: Store, call_id: str, person: str) -> None:
    """Sends a call's sound until it ends or the listener goes, then logs that it is over."""
    place = board.listen(call_id, person)
    heard = _Heard()
    result = "left"
    try:
        if place is None:  # it ended while the log line was written
            await socket.close(UNKNOWN_CALL, "the call has just ended")
            return
        listener, leave = place
        try:
            view = board.call(call_id)
            header = {
                "type": "listening",
                "call_id": call_id,
                "rate_hz": RATE_HZ,
                "channels": ["customer", "agent"][:CHANNELS],
                "roles": [] if view is None else view.roles,
                "encoding": "pcm_s16le",
                "max_pre_roll_s": PRE_ROLL_S,
                "max_backlog_s": BACKLOG_S,
            }
            await socket.send_text(msgspec.json.encode(header).decode())
            await _until_either_ends(socket, _play(socket, listener, heard))
            if listener.ended:
                result = "call ended"
        except TimeoutError:
            result = "too slow"
        finally:
            leave()
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await socket.close(1000, result)
    finally:
        detail = f"heard {heard.n_samples / RATE_HZ:.1f} s, left out {heard.n_dropped / RATE_HZ:.1f} s"
        entry = AuditEntry(
            at_s=now_s(), person=person, action="listen.stop", call_id=call_id, result=result, detail=detail
        )
        # Shielded: the line must be written even when the server is stopping.
        await asyncio.shield(store.audit_soon(entry))


class _Heard:
    """How much went out to one listener."""

    def __init__(self) -> None:
        self.n_samples = 0
        self.n_dropped = 0


async def _play(socket: WebSocket, listener: Listener, heard: _Heard) -> None:
    while (block := await listener.next()) is not None:
        if n_gap := listener.take_gap():
            heard.n_dropped += n_gap
            await _send(socket.send_text(f'{{"type":"gap","n_samples":{n_gap}}}'))
        await _send(socket.send_bytes(block.pcm))
        heard.n_samples += block.n
    await _send(socket.send_text('{"type":"ended"}'))


async def _send(sending: Coroutine[Any, Any, None]) -> None:
    async with asyncio.timeout(SEND_WITHIN_S):
        await sending


async def _until_either_ends(socket: WebSocket, talking: Coroutine[Any, Any, None]) -> None:
    """Runs `talking` until it ends or the peer goes. Raises what `talking` raised, unless that was the peer's going."""
    talk = asyncio.create_task(talking)
    watch = asyncio.create_task(_answer_pings(socket))
    try:
        await asyncio.wait((talk, watch), return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone = watch.done()
        talk.cancel()
        watch.cancel()
        for error in await asyncio.gather(talk, watch, return_exceptions=True):
            if isinstance(error, Exception) and not gone and not isinstance(error, WebSocketDisconnect):
                raise error


async def _answer_pings(socket: WebSocket) -> None:
    """Reads until the peer goes. `{"ping": n}` is answered `{"pong": n}`, so that a player can measure its line."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        text = message.get("text")
        if text is None or len(text) > 200:
            continue
        with contextlib.suppress(msgspec.MsgspecError):
            ping = msgspec.json.decode(text, type=_Ping)
            await _send(socket.send_text(f'{{"type":"pong","pong":{msgspec.json.encode(ping.ping).decode()}}}'))


class _Ping(msgspec.Struct):
    ping: float
