"""Every family of gateways into the service as a real process: the call is there, with its parties, alerts and ends."""

import asyncio
import base64
import json
import struct
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import soundfile
from websockets.asyncio.client import ClientConnection, connect

from tests.conftest import StartService
from tests.eventually import eventually
from tests.service_process import ServiceProcess
from tests.test_service import LONG_S, has_alerted, has_ended, has_started
from voicerisk.gateways.codec import Message
from voicerisk.gateways.recording import Wire, open_recording
from voicerisk.media.g711 import encode_alaw, encode_ulaw
from voicerisk.simulate.api import Api
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.run import Target, play_call

STREAMS = Path(__file__).parents[1] / "streams"
PACKET = 160
RTP_SPEED = 4.0
SOCKET_IDS = {"customer": "40325ec2-5efd-4bd3-805f-53576e581d13", "agent": "40325ec2-5efd-4bd3-805f-53576e581d14"}

Samples = np.ndarray[Any, np.dtype[np.int16]]
Send = Callable[[Message], Awaitable[None]]


def recorded(name: str) -> list[Message]:
    """What the gateway sent when the session was recorded."""
    with open_recording(STREAMS / f"{name}.jsonl.gz") as recording:
        return [entry.message for entry in recording if isinstance(entry, Wire)]


def conversation_of(messages: Sequence[Message]) -> str:
    """The call that an AudioHook session opens with."""
    opened: str = json.loads(messages[0])["parameters"]["conversationId"]
    return opened


async def ended_call(service: ServiceProcess, call_id: str) -> Any:
    """The call's line in the record, once it is over."""
    await has_ended(service, call_id)
    return next(call for call in (await service.api("calls/past"))["calls"] if call["id"] == call_id)


async def in_step(*ways: tuple[Send, Iterator[Message]]) -> None:
    """Sends the parties' messages by turns, faster than they were spoken, but so that neither runs far ahead."""
    while True:
        for send, messages in ways:
            for _ in range(10):
                if (message := next(messages, None)) is None:
                    return
                await send(message)
        await asyncio.sleep(0.005)


def packets(samples: Samples) -> Iterator[Samples]:
    """20 ms at a time."""
    return (samples[at : at + PACKET] for at in range(0, len(samples) - PACKET + 1, PACKET))


async def read_on(websocket: ClientConnection) -> None:
    """Takes what the server says, as a gateway does."""
    async for _ in websocket:
        pass


async def over_asterisk(service: ServiceProcess, voices: Samples) -> str:
    """chan_websocket: a socket for each party, the call named by a channel variable."""
    async with connect(service.gateway("/asterisk")) as customer, connect(service.gateway("/asterisk")) as agent:
        ways = []
        for channel, (websocket, role) in enumerate(((customer, "customer"), (agent, "agent"))):
            variables = {"CALL": "over-asterisk", "ROLE": role, "QUEUE": "billing"}
            start = {"event": "MEDIA_START", "channel_id": f"1.{channel}", "format": "ulaw"}
            await websocket.send(json.dumps({**start, "channel_variables": variables}))
            audio: Iterator[Message] = (encode_ulaw(piece).tobytes() for piece in packets(voices[:, channel]))
            ways.append((websocket.send, audio))
        await in_step(*ways)
        await has_alerted(service, "over-asterisk")
    return "over-asterisk"


async def over_audiosocket(service: ServiceProcess, voices: Samples) -> str:
    """AudioSocket: two TCP connections that say nothing but the UUIDs registered before."""
    (ready,) = service.said("ready")
    writers, ways = [], []
    for channel, (role, name) in enumerate(SOCKET_IDS.items()):
        body = {"uuid": name, "call_id": "over-audiosocket", "role": role, "queue": "billing"}
        async with httpx.AsyncClient(trust_env=False) as http:
            answer = await http.post(
                f"http://127.0.0.1:{service.http_port}/api/v1/calls/registrations", json=body, timeout=20.0
            )
        assert answer.status_code == 200, answer.text
        _, writer = await asyncio.open_connection("127.0.0.1", ready["audiosocket_port"])
        writer.write(struct.pack(">BH", 0x01, 16) + uuid.UUID(name).bytes)

        async def send(message: Message, writer: asyncio.StreamWriter = writer) -> None:
            assert isinstance(message, bytes)
            writer.write(struct.pack(">BH", 0x10, len(message)) + message)
            await writer.drain()

        audio: Iterator[Message] = (piece.astype("<i2").tobytes() for piece in packets(voices[:, channel]))
        writers.append(writer)
        ways.append((send, audio))
    await in_step(*ways)
    await has_alerted(service, "over-audiosocket")
    for writer in writers:
        writer.close()
    return "over-audiosocket"


async def over_telnyx(service: ServiceProcess, voices: Samples) -> str:
    """Telnyx: snake_case, A-law, both tracks, some frames overtaking others."""
    start = {
        "call_control_id": "over-telnyx",
        "media_format": {"encoding": "PCMA", "sample_rate": 8000, "channels": 1},
        "from": "+4930123456",
    }
    frames: list[Message] = []
    for number, piece in enumerate(packets(voices[:, 0])):
        for channel, track in enumerate(("inbound", "outbound")):
            other = voices[number * PACKET : (number + 1) * PACKET, 1]
            payload = base64.b64encode(encode_alaw(piece if channel == 0 else other).tobytes()).decode()
            chunk, at_ms = str(number + 1), str(20 * number)
            media = {"track": track, "chunk": chunk, "timestamp": at_ms, "payload": payload}
            sequence = str(2 * number + channel + 2)
            frames.append(json.dumps({"event": "media", "sequence_number": sequence, "stream_id": "s", "media": media}))
    for at in range(40, len(frames) - 4, 40):
        frames[at], frames[at + 2] = frames[at + 2], frames[at]
    async with connect(service.gateway("/telnyx")) as websocket:
        await websocket.send(json.dumps({"event": "connected", "version": "1.0.0"}))
        await websocket.send(json.dumps({"event": "start", "stream_id": "s", "sequence_number": "1", "start": start}))
        await in_step((websocket.send, iter(frames)))
        await has_alerted(service, "over-telnyx")
        await websocket.send(json.dumps({"event": "stop", "stop": {"call_control_id": "over-telnyx"}}))
    return "over-telnyx"


async def over_audiohook(service: ServiceProcess, voices: Samples) -> str:
    """AudioHook: the recorded client's opening, then both parties in one binary message of 200 ms."""
    messages = recorded("audiohook/stereo")
    texts = [json.loads(message) for message in messages if isinstance(message, str)]
    call_id = conversation_of(messages)
    interleaved = encode_ulaw(np.ascontiguousarray(voices).ravel()).tobytes()
    async with connect(service.gateway("/audiohook")) as websocket:
        reading = asyncio.create_task(read_on(websocket))
        await websocket.send(messages[0])
        audio: Iterator[Message] = (interleaved[at : at + 3200] for at in range(0, len(interleaved), 3200))
        await in_step((websocket.send, audio))
        await has_alerted(service, call_id)
        close = texts[-1] | {"seq": 2, "serverseq": 1}
        assert close["type"] == "close"
        await websocket.send(json.dumps(close))
        await has_ended(service, call_id)
        await websocket.close()
        await reading
    return call_id


async def over_rtp(service: ServiceProcess, file: Path) -> str:
    """RTP: a port for each party, asked for over the API; datagrams cannot be sent faster than they are read."""
    call = SimulatedCall(path=file, call_id="over-rtp", labels={"queue": "billing"})
    target = Target(api=Api(f"http://127.0.0.1:{service.http_port}"), speed=RTP_SPEED)
    played = await play_call("rtp", call, target)
    assert played.problem is None
    n_packets = -(-soundfile.info(file).frames // PACKET)
    assert played.note.count(f"{n_packets} of {n_packets} packets received") == 2
    return "over-rtp"


async def test_an_escalating_call_alerts_over_every_gateway(start_service: StartService, escalating: Path) -> None:
    """Over each gateway, all at once, the same call is one call with both parties, alerts once, and ends with it."""
    voices, _ = soundfile.read(escalating, dtype="int16")
    service = await start_service("audiosocket.enabled = true", "audiosocket.port = 0", "rtp.first_port = 0")
    ways = (over_asterisk, over_audiosocket, over_telnyx, over_audiohook)
    call_ids = await asyncio.gather(*(over(service, voices) for over in ways), over_rtp(service, escalating))
    for call_id in call_ids:
        call = await ended_call(service, call_id)
        assert sorted(call["roles"]) == ["agent", "customer"]
        # A second socket joins where the first has got to, which here is faster than real time.
        assert len(voices) / 8000 - 0.3 <= call["ended_at_s"] - call["started_at_s"] <= len(voices) / 8000 + 12.0
    assert sorted(alert["call"] for alert in await service.alerts()) == sorted(call_ids)
    assert await service.metric("voicerisk_score_failures_total") == 0
    assert "4930123456" not in service.log.read_text()


async def answered(service: ServiceProcess, messages: Sequence[Message]) -> list[Any]:
    """The answers to an AudioHook session, up to the one that closes it."""
    answers: list[Any] = []
    async with connect(service.gateway("/audiohook")) as websocket, asyncio.timeout(LONG_S):
        for message in messages:
            await websocket.send(message)
        while not answers or answers[-1]["type"] != "closed":
            answers.append(json.loads(await websocket.recv()))
    return answers


async def test_recorded_audiohook_sessions(start_service: StartService) -> None:
    """What the reference client sent is taken to its close, every message answered; its probe creates no call."""
    service = await start_service()
    assert [answer["type"] for answer in await answered(service, recorded("audiohook/probe"))] == ["opened", "closed"]
    assert (await service.api("calls"))["calls"] == []
    sessions = [recorded(f"audiohook/{name}") for name in ("stereo", "pause", "client-pause")]
    replies = await asyncio.gather(*(answered(service, messages) for messages in sessions))
    heard_s = 0.0
    for messages, answers in zip(sessions, replies, strict=True):
        types = [answer["type"] for answer in answers]
        pings = sum('"type":"ping"' in message for message in messages if isinstance(message, str))
        assert (types[0], types[-1], types.count("pong")) == ("opened", "closed", pings)
        call = await ended_call(service, conversation_of(messages))
        assert call["roles"] == ["customer", "agent"]
        audio_s = sum(len(message) for message in messages if isinstance(message, bytes)) / 16_000
        assert call["ended_at_s"] - call["started_at_s"] >= audio_s - 0.01
        heard_s += audio_s
    assert await service.ended_calls() == {conversation_of(messages) for messages in sessions}
    assert await service.metric("voicerisk_score_batch_size_sum") >= heard_s / 0.24 - 6
    assert await service.metric("voicerisk_score_failures_total") == 0


async def test_a_recorded_asterisk_pair_is_one_call(start_service: StartService) -> None:
    """Two sockets of one call become one, live with both parties while both are there, over when both are gone."""
    service = await start_service()
    parts = [recorded(f"asterisk/websocket-json.{role}") for role in SOCKET_IDS]
    async with connect(service.gateway("/asterisk")) as customer, connect(service.gateway("/asterisk")) as agent:
        await in_step((customer.send, iter(parts[0])), (agent.send, iter(parts[1])))
        await has_started(service, "call0_escalates")

        async def has_both() -> bool:
            (call,) = (await service.api("calls"))["calls"]
            return sorted(call["roles"]) == ["agent", "customer"]

        await eventually(has_both, LONG_S)
        await customer.close()
        assert (await service.api("calls"))["calls"] != []
    call = await ended_call(service, "call0_escalates")
    assert sorted(call["roles"]) == ["agent", "customer"]
    assert call["ended_at_s"] - call["started_at_s"] >= 300 * 0.02 - 0.1


async def test_a_stop_waits_for_audiosockets(start_service: StartService) -> None:
    """After SIGTERM a live AudioSocket goes on and nobody new gets in; when it ends, the service ends with 0."""
    service = await start_service("audiosocket.enabled = true", "audiosocket.port = 0", 'audiosocket.role = "customer"')
    (ready,) = service.said("ready")
    data = b"".join(message for message in recorded("asterisk/audiosocket.customer") if isinstance(message, bytes))
    _, writer = await asyncio.open_connection("127.0.0.1", ready["audiosocket_port"])
    writer.write(data[: len(data) // 2])
    await has_started(service, SOCKET_IDS["customer"])
    service.terminate()
    await eventually(lambda: service.said("ingest draining"), LONG_S)

    async def is_refused() -> bool:
        try:
            _, other = await asyncio.open_connection("127.0.0.1", ready["audiosocket_port"])
        except ConnectionRefusedError:
            return True
        other.close()
        return False

    await eventually(is_refused, LONG_S)
    assert not service.has_ended
    writer.write(data[len(data) // 2 :])
    await writer.drain()
    writer.write_eof()
    assert await service.exit_code(LONG_S) == 0
    writer.close()
    again = await start_service(folder=service.folder)
    assert await again.ended_calls() == {SOCKET_IDS["customer"]}
