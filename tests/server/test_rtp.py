"""UDP ports for RTP: who is heard on them, what that costs, how they end, and that nothing is left of them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from tests.gateways.rtp_packets import SSRC, noise, packets
from tests.server.ingest_client import metric, until
from tests.server.ingest_sink import KeepingSink, KeptStream
from voicerisk.events import Role
from voicerisk.gateways.registered_call import RegisteredCall
from voicerisk.gateways.rtp import RtpOptions
from voicerisk.media.g711 import decode_ulaw, encode_ulaw
from voicerisk.server.ingest_sink import Refused
from voicerisk.server.rtp import NoPortError, RtpServer
from voicerisk.server.rtp_port import RtpPort
from voicerisk.server.rtp_settings import RtpSettings

CALL = RegisteredCall(call_id="c-1", role=Role.CUSTOMER, labels={"queue": "billing"})
AGENT = RegisteredCall(call_id="c-1", role=Role.AGENT)
VOICE = Path(__file__).parents[1] / "fixtures" / "angry.flac"
BYTES = noise(8000)


class Ports:
    """A server under test, its sink, and ways to send to it."""

    def __init__(self, server: RtpServer, sink: KeepingSink) -> None:
        self.server = server
        self.sink = sink
        self._senders: list[socket.socket] = []

    async def open(self, call: RegisteredCall = CALL, source: str | None = None, **options: Any) -> RtpPort:
        """A port."""
        return await self.server.open(call, RtpOptions(**options), source)

    def sender(self, host: str = "127.0.0.1") -> socket.socket:
        """A socket with an address of its own."""
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sender.bind((host, 0))
        self._senders.append(sender)
        return sender

    def send(self, port: RtpPort, datagrams: Iterable[bytes], sender: socket.socket | None = None) -> socket.socket:
        """Sends datagrams, from a new address unless one is given."""
        sender = sender or self.sender()
        for datagram in datagrams:
            sender.sendto(datagram, ("127.0.0.1", port.number))
        return sender

    async def stream(self, number: int = 0, n_samples: int = 0) -> KeptStream:
        """A stream, once it has brought that many samples."""
        await until(lambda: len(self.sink.streams) > number and self.sink.streams[number].n_samples[0] >= n_samples)
        return self.sink.streams[number]

    def close(self) -> None:
        """Closes the senders."""
        for sender in self._senders:
            sender.close()


@asynccontextmanager
async def receiving(**changes: Any) -> AsyncIterator[Ports]:
    """A server in this loop; when the test is over nothing of it may be left."""
    sink = KeepingSink()
    server = RtpServer(RtpSettings(**{"first_port": 0, **changes}), sink, sweep_s=0.02)
    ports = Ports(server, sink)
    before = metric("connections", gateway="rtp")
    try:
        yield ports
    finally:
        ports.close()
        await server.stop()
    assert server.ports == ()
    assert metric("connections", gateway="rtp") == before
    assert all(len(stream.ended) == 1 for stream in sink.streams)


async def test_two_legs_of_a_real_call() -> None:
    """A voice sent to one port and another to a second arrive as one call's parties, each on its own, above 0.99."""
    voice, rate_hz = soundfile.read(VOICE, dtype="int16")
    assert rate_hz == 8000
    voices = (voice, voice[::-1].copy())
    async with receiving() as ports:
        for call, samples in zip((CALL, AGENT), voices, strict=True):
            port = await ports.open(call)
            sender = ports.sender()
            sent = list(packets(encode_ulaw(samples).tobytes()))
            for at in range(0, len(sent), 50):
                ports.send(port, sent[at : at + 50], sender)
                await asyncio.sleep(0)
        for number in (0, 1):
            await ports.stream(number, len(voice))
        assert [stream.started.call_id for stream in ports.sink.streams] == ["c-1", "c-1"]
        assert [stream.started.channels[0].role for stream in ports.sink.streams] == [Role.CUSTOMER, Role.AGENT]
        assert ports.sink.streams[0].started.labels == {"queue": "billing"}
        heard = [stream.samples() for stream in ports.sink.streams]
        for own in (0, 1):
            assert np.corrcoef(heard[own], voices[own])[0, 1] > 0.99
            assert abs(np.corrcoef(heard[own], voices[1 - own])[0, 1]) < 0.1
        assert [port.n_lost for port in ports.server.ports] == [0, 0]
        assert ports.server.n_streams == 2


async def test_the_first_sender_is_the_only_one() -> None:
    """Once somebody is heard, packets from any other address or port are left aside, even under the same SSRC."""
    async with receiving() as ports:
        port = await ports.open()
        sender = ports.send(port, packets(BYTES[:1600]))
        stream = await ports.stream(0, 1600)
        for host in ("127.0.0.1", "127.0.0.2"):
            ports.send(port, packets(noise(1600, 5), sequence=10, timestamp=1600), ports.sender(host))
        await until(lambda: port.ignored["stranger"] == 20)
        ports.send(port, packets(BYTES[1600:], sequence=10, timestamp=1600), sender)
        await ports.stream(0, 8000)
        assert np.array_equal(stream.samples(), decode_ulaw(BYTES))
        assert port.sender == f"127.0.0.1:{sender.getsockname()[1]}"
        assert len(ports.sink.streams) == 1


async def test_a_registered_source() -> None:
    """With a source given nobody else is heard, whoever comes first, and the source is from any of its ports."""
    async with receiving() as ports:
        port = await ports.open(source="127.0.0.1")
        stranger = ports.send(port, packets(noise(1600, 5)), ports.sender("127.0.0.2"))
        await until(lambda: port.ignored["stranger"] == 10)
        assert port.sender is None
        ports.send(port, packets(BYTES[:1600]))
        await ports.stream(0, 1600)
        ports.send(port, packets(noise(1600, 5)), stranger)
        await until(lambda: port.ignored["stranger"] == 20)
        ports.send(port, packets(BYTES[1600:], sequence=10, timestamp=1600))
        stream = await ports.stream(0, 8000)
        assert np.array_equal(stream.samples(), decode_ulaw(BYTES))


async def test_a_port_given_back_forgets_its_call_but_not_its_sender() -> None:
    """A channel that goes on sending after its call is over is not heard in the next call on the same port."""
    probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    probe.bind(("127.0.0.1", 0))
    number = probe.getsockname()[1]
    probe.close()
    async with receiving(first_port=number, last_port=number) as ports:
        port = await ports.open()
        sender = ports.send(port, packets(BYTES[:1600]))
        await ports.stream(0, 1600)
        with pytest.raises(NoPortError, match=r"no port can be opened on 127\.0\.0\.1"):
            await ports.open()
        assert ports.server.release(port.id)
        await until(lambda: not ports.server.ports)
        assert not ports.server.release(port.id)
        assert [(ended.reason, ended.clean) for ended in ports.sink.streams[0].ended] == [("released", True)]
        again = await ports.open(AGENT)
        assert again.number == number
        ports.send(again, packets(BYTES[1600:], sequence=10, timestamp=1600), sender)
        ports.send(again, packets(BYTES, ssrc=SSRC + 1))
        stream = await ports.stream(1, 8000)
        assert np.array_equal(stream.samples(), decode_ulaw(BYTES))
        assert stream.started.channels[0].role is Role.AGENT


async def test_nobody_comes_and_somebody_goes() -> None:
    """A port to which nobody sends is given back, and so is one whose sender has fallen silent: that is an end."""
    with capture_logs() as logs:
        async with receiving(start_within_s=0.8, inactivity_s=1.4) as ports:
            await ports.open()
            heard = await ports.open()
            sender = ports.send(heard, packets(BYTES))
            stream = await ports.stream(0, 8000)
            await until(lambda: len(ports.server.ports) == 1)
            assert not stream.ended
            for _ in range(20):
                # What is no RTP does not keep a port open.
                ports.send(heard, [b"hello"], sender)
                await asyncio.sleep(0.02)
            await until(lambda: not ports.server.ports)
    assert [(ended.reason, ended.clean) for ended in stream.ended] == [("no packet for 1.4 s", False)]
    assert [log["cause"] for log in logs if log["event"] == "port closed"] == ["no_start", "inactive"]


async def test_the_sink_may_refuse_close_and_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is not wanted gives its port back; what comes while one is held is kept, up to a limit."""
    async with receiving() as ports:
        ports.sink.refuse = Refused(1013, "no room")
        ports.send(await ports.open(), packets(BYTES[:320]))
        await until(lambda: not ports.server.ports)
        ports.sink.refuse = None
        port = await ports.open()
        sender = ports.send(port, packets(BYTES[:1600]))
        stream = await ports.stream(0, 1600)
        stream.control.hold()
        ports.send(port, packets(BYTES[1600:4800], sequence=10, timestamp=1600), sender)
        await until(lambda: port.n_packets == 30)
        assert stream.n_samples == [1600]
        stream.control.go_on()
        ports.send(port, packets(BYTES[4800:], sequence=30, timestamp=4800), sender)
        await ports.stream(0, 8000)
        assert np.array_equal(stream.samples(), decode_ulaw(BYTES))
        stream.control.close(1011, "cannot be scored")
        assert [ended.reason for ended in stream.ended] == ["cannot be scored"]
        await until(lambda: not ports.server.ports)
    monkeypatch.setattr("voicerisk.server.rtp_port._MAX_WAITING_BYTES", 20 * 172)
    async with receiving() as ports:
        port = await ports.open()
        sender = ports.send(port, packets(BYTES[:1600]))
        stream = await ports.stream(0, 1600)
        stream.control.hold()
        ports.send(port, packets(BYTES[1600:], sequence=10, timestamp=1600), sender)
        await until(lambda: port.n_packets == 50)
        assert port.ignored == {"sent faster than it can be followed": 20}
        assert ports.server.release(port.id)
        # What was kept came before the end, and is heard before it.
        assert np.array_equal(stream.samples(), decode_ulaw(BYTES[:4800]))


async def test_a_flood_is_left_aside() -> None:
    """More packets than a call can have are not taken, and counted."""
    before = REGISTRY.get_sample_value("voicerisk_rtp_ignored_total", {"cause": "too many at once"}) or 0.0
    async with receiving(packets_burst=100, packets_per_s=50.0) as ports:
        port = await ports.open()
        ports.send(port, packets(noise(160 * 300)))
        await until(lambda: port.n_packets + port.ignored["too many at once"] == 300)
        assert 100 <= port.n_packets <= 150
    after = REGISTRY.get_sample_value("voicerisk_rtp_ignored_total", {"cause": "too many at once"})
    assert after is not None
    assert after - before >= 150


async def test_a_full_house_and_a_busy_one() -> None:
    """Above the limit, and while the service cannot take a call, no port is given out; what was one is one again."""
    async with receiving(max_ports=2) as ports:
        first, _ = await ports.open(), await ports.open()
        with pytest.raises(NoPortError, match="all 2 ports are given out"):
            await ports.open()
        ports.server.release(first.id)
        await until(lambda: len(ports.server.ports) == 1)
        await ports.open()
        ports.server.release(ports.server.ports[0].id)
        await until(lambda: len(ports.server.ports) == 1)
        ports.sink.busy = "the tone model is busy"
        with pytest.raises(NoPortError, match="the tone model is busy"):
            await ports.open()


async def test_a_drain_waits_for_live_calls() -> None:
    """A drain closes the ports to which nobody sends, gives out no more, and is over when the last party is gone."""
    async with receiving() as ports:
        await ports.open()
        live = await ports.open()
        ports.send(live, packets(BYTES))
        await ports.stream(0, 8000)
        draining = asyncio.create_task(ports.server.drain(20.0))
        await until(lambda: len(ports.server.ports) == 1)
        with pytest.raises(NoPortError, match="the server is stopping"):
            await ports.open()
        assert not draining.done()
        ports.server.release(live.id)
        await asyncio.wait_for(draining, 5.0)


async def test_ports_rest_before_they_are_used_again() -> None:
    """Of a range the even ports are given out in turn, one that is taken by somebody else is passed over."""
    holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    holder.bind(("127.0.0.1", 0))
    first = holder.getsockname()[1] // 2 * 2
    async with receiving(first_port=first - 6, last_port=first + 6) as ports:
        one = await ports.open()
        ports.server.release(one.id)
        await until(lambda: not ports.server.ports)
        other = await ports.open()
        assert other.number != one.number
        assert other.number % 2 == 0
        assert {port.number for port in ports.server.ports} & {holder.getsockname()[1]} == set()
    holder.close()


async def test_what_came_while_the_process_stood_still() -> None:
    """Five seconds of packets that the kernel had to keep are all heard."""
    audio = noise(40_000)
    async with receiving() as ports:
        port = await ports.open()
        ports.send(port, packets(audio))  # nothing is read before this returns
        stream = await ports.stream(0, 40_000)
        assert np.array_equal(stream.samples(), decode_ulaw(audio))
