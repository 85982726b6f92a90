"""Promise 3: whatever one call does, no other call's log shows it."""

import asyncio
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.conftest import StartService
from tests.eventually import eventually
from tests.promises.driver import Driver, Timed, at_once, paced, stream, together, what_alerted
from tests.scoring.toy import toy_model
from voicerisk.config import Config
from voicerisk.events import Role
from voicerisk.gateways.codec import (
    Audio,
    AudioLost,
    Channel,
    Dtmf,
    Ignored,
    Paused,
    Resumed,
    StreamEnded,
    StreamStarted,
)
from voicerisk.replay import replay
from voicerisk.scoring.model import Model
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.l16 import l16
from voicerisk.simulate.play import play
from voicerisk.simulate.twilio import twilio

RATE_HZ = 8000


def tone(seconds: float, amplitude: float) -> np.ndarray:
    """A tone; the toy model takes a loud one for a tense voice."""
    at_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (32767 * amplitude * np.sin(2 * np.pi * 220 * at_s)).astype(np.int16)


def the_call() -> Iterator[Timed]:
    """Ten seconds of calm and ten of trouble."""
    return stream("good", np.concatenate([tone(10.0, 0.02), tone(10.0, 0.5)]), packet_s=0.02)


def flooding() -> Iterator[Timed]:
    """Ten minutes of sound in the first second."""
    yield 0.3, "bad", StreamStarted("bad", "bad", (Channel(Role.CUSTOMER, RATE_HZ),))
    for number in range(100):
        yield 0.3 + number / 200, "bad", Audio(0, tone(6.0, 0.3))


def raising() -> Iterator[Timed]:
    """A call whose every block makes the model raise (the toy model's trap)."""
    trap = tone(12.0, 0.4)
    trap[::1920] = -32768
    return stream("bad", trap, from_s=0.1)


def not_finite() -> Iterator[Timed]:
    """A call whose every block makes the model's tension NaN (the toy model's other trap)."""
    trap = tone(12.0, 0.4)
    trap[1::1920] = -32768
    return stream("bad", trap, from_s=0.1)


def garbage() -> Iterator[Timed]:
    """Legal events in an order that no gateway would send: jumps in time, empty audio, pauses, streams that return."""
    rng = random.Random(5)
    channels = (Channel(Role.CUSTOMER, 48000), Channel(Role.AGENT, 8000))
    for number in range(400):
        at_s, key = number / 20, f"bad-{number // 100}"
        if number % 100 == 0:
            yield at_s, key, StreamStarted("bad", key, channels)
        sound = Audio(rng.randrange(2), tone(rng.random() / 5, 0.9), rng.choice([None, 0, rng.randrange(10**7)]))
        yield (
            at_s,
            key,
            rng.choice([sound, Paused(), Resumed(), AudioLost(rng.randrange(10**6)), Dtmf("1"), Ignored("x")]),
        )
        if number % 100 == 99:
            yield at_s, key, StreamEnded("connection lost", clean=False)


@pytest.mark.parametrize("drive", [at_once, paced])
@pytest.mark.parametrize("neighbour", [flooding, raising, not_finite, garbage])
def test_a_bad_neighbour_changes_no_line(
    tmp_path: Path, neighbour: Callable[[], Iterator[Timed]], drive: Callable[..., None]
) -> None:
    """Beside a flood, a call that breaks the model, or nonsense, the good call's log is what it is alone."""
    model = toy_model(tmp_path, faulty=True)
    alone, together_ = Driver(model, Config().floor_with(model)), Driver(model, Config().floor_with(model))
    drive(alone, the_call())
    drive(together_, together(the_call(), neighbour()))
    assert "bad" in together_.logs
    assert together_.logs["good"] == alone.logs["good"]
    assert any('"type": "alert"' in line for line in alone.logs["good"])


@pytest.mark.parametrize(("neighbour", "trap"), [(raising, "the model raised"), (not_finite, "not finite")])
def test_a_call_that_cannot_be_scored_ends_with_the_reason(
    tmp_path: Path, neighbour: Callable[[], Iterator[Timed]], trap: str
) -> None:
    """The call that breaks the model is over at its first block, and its end says why."""
    driver = Driver(toy_model(tmp_path, faulty=True))
    paced(driver, neighbour())
    (ended,) = (item for item in map(json.loads, driver.logs["bad"]) if item["type"] == "call.ended")
    assert ended["reason"].startswith("not scored: ")
    assert trap in ended["reason"]
    assert driver.n_scored["bad"] == 1


async def test_the_server_keeps_hostile_peers_from_a_call(
    ear: Model, escalating: Path, start_service: StartService
) -> None:
    """While others flood, talk nonsense, break off and never stop connecting, a call alerts exactly as in replay."""
    service = await start_service()
    stopped = asyncio.Event()

    async def annoy(number: int) -> None:
        rng = random.Random(number)
        while not stopped.is_set():
            try:
                async with connect(service.gateway(rng.choice(["/twilio", "/fork", "/vonage", "/none"]))) as socket:
                    await socket.send(rng.choice(['{"event":"start"}', '{"callId":"bad"}', "[" * 500, "\x00", "{}"]))
                    for _ in range(5):
                        await socket.send(rng.randbytes(rng.choice([0, 1, 333, 60_000, 70_000])))
                    if number % 2:
                        socket.transport.abort()
            except (OSError, WebSocketException):
                await asyncio.sleep(0.02)

    async def flood(name: str) -> None:
        while not stopped.is_set():
            call = SimulatedCall(path=escalating, call_id=name, packet_s=0.2)
            await play(service.gateway("/fork"), l16(call), speed=0.0)

    peers = [asyncio.create_task(annoy(number)) for number in range(4)]
    peers += [asyncio.create_task(flood(name)) for name in ("flood-a", "flood-b")]
    good = SimulatedCall(path=escalating, call_id="good")
    ending = await play(service.gateway("/twilio"), twilio(good), speed=6.0)
    stopped.set()
    await asyncio.wait_for(asyncio.gather(*peers), 60.0)

    async def good_has_ended() -> bool:
        return "good" in await service.ended_calls()

    await eventually(good_has_ended, 60.0)
    assert ending.startswith("1000")
    expected = [i for i in replay([escalating], ear, Config().floor_with(ear)) if i["type"] == "alert"]
    told = [alert for alert in await service.alerts() if alert["call"] == "good"]
    assert what_alerted(told) == what_alerted(json.loads(json.dumps(expected)))
    assert not service.has_ended
    assert not service.said("connection failed")
