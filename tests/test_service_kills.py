"""What befalls the service in the middle of calls: a gateway that is killed, a machine that stands still."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from tests.conftest import StartService
from tests.eventually import eventually
from tests.service_process import ServiceProcess, environment
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.play import play
from voicerisk.simulate.twilio import twilio

LONG_S = 20.0
STALL_S = 0.5
SPEED = 10.0
"""Five seconds of the call come while the server stands still."""
N_LEVELS = 54
"""Of 480 ms each, in a call of 26 s."""


async def has_ended(service: ServiceProcess, call_id: str) -> None:
    """Returns once the call is over and in the record."""

    async def is_over() -> bool:
        return call_id in await service.ended_calls()

    await eventually(is_over, LONG_S)


async def judged(service: ServiceProcess, call_id: str) -> tuple[Any, Any]:
    """The call's curve, and what its alerts say of when and how much."""
    await has_ended(service, call_id)

    async def whole_curve() -> list[float] | None:
        pieces = (await service.api(f"calls/{call_id}/curve"))["pieces"]
        levels = [level for piece in pieces for level in piece["levels"]]
        return levels if len(levels) >= N_LEVELS else None

    levels = await eventually(whole_curve, LONG_S)
    alerts = [alert for alert in await service.alerts() if alert["call"] == call_id]
    return levels, [(alert["rule"], alert["at_s"], alert["value"], alert["count"]) for alert in alerts]


async def test_a_server_that_stands_still_loses_nothing(start_service: StartService, escalating: Path) -> None:
    """Stopped for five seconds' worth of a call and continued, it gives the very curve and alert of a quiet run."""
    service = await start_service()

    async def call(call_id: str) -> str:
        simulated = SimulatedCall(path=escalating, call_id=call_id)
        return await play(service.gateway("/twilio"), twilio(simulated), speed=SPEED)

    assert await call("quiet") == "1000"
    quiet = await judged(service, "quiet")
    playing = asyncio.create_task(call("stalled"))

    async def is_under_way() -> bool:
        calls = (await service.api("calls"))["calls"]
        return any(live["media_s"] > 8.0 for live in calls)

    await eventually(is_under_way, LONG_S)
    service.process.send_signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(STALL_S)
    finally:
        service.process.send_signal(signal.SIGCONT)
    assert await playing == "1000"
    stalled = await judged(service, "stalled")
    assert len(quiet[1]) == 1
    assert stalled == quiet


async def test_a_gateway_that_is_killed_ends_its_call(start_service: StartService, escalating: Path) -> None:
    """SIGKILL of the gateway leaves no close frame: its call ends after the grace time, with what had come."""
    service = await start_service("call.grace_s = 0.2")
    gateway = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "voicerisk", "simulate", "twilio", str(escalating)),
        *("--url", service.gateway("/twilio")),
        env=environment(), stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:

        async def is_heard() -> str | None:
            calls = (await service.api("calls"))["calls"]
            return next((call["id"] for call in calls if call["media_s"] > 1.0), None)

        call_id = await eventually(is_heard, LONG_S)
    finally:
        gateway.kill()
        await gateway.wait()
    await has_ended(service, call_id)
    (closed,) = service.said("connection closed")
    assert closed["cause"] == "peer_lost"
    (call,) = (await service.api("calls/past"))["calls"]
    assert 1.0 < call["ended_at_s"] - call["started_at_s"] < 26.0
