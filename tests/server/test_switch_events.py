"""What a switch tells of a live call, in the running service: a media side that says no stop still ends its call."""

import asyncio
import json

import pytest
from websockets.asyncio.client import connect

from tests.conftest import StartService
from tests.control.fakes.asterisk import AGENT, CUSTOMER, FakeAri
from tests.control.fakes.rig import SECRET
from tests.control.fakes.web import serving
from tests.eventually import eventually
from tests.service_process import ServiceProcess

LONG_S = 60.0
START = {
    "event": "MEDIA_START", "channel": "WebSocket/tension/0x1", "channel_id": "17.9", "format": "ulaw",
    "optimal_frame_size": 160,
    "channel_variables": {"CALL": "c-1", "ROLE": "customer", "CUSTOMER_LEG": CUSTOMER, "AGENT_LEG": AGENT},
}  # fmt: skip


async def _live(service: ServiceProcess) -> list[str]:
    return [call["id"] for call in (await service.api("calls"))["calls"]]


async def test_a_hang_up_on_the_switch_ends_a_silent_stream(
    start_service: StartService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asterisk's snoop sockets stay open after the call: its hang-up ends the call here and closes them.

    A transfer is taken as the call's own, and the agent's hang-up ends nothing.
    """
    monkeypatch.setenv("AN_ARI_SECRET", SECRET)
    fake = FakeAri()
    async with serving(fake.web, fake.route) as web:
        service = await start_service(
            'control.gateways.asterisk.kind = "ari"',
            f'control.gateways.asterisk.url = "{web.url}/ari"',
            'control.gateways.asterisk.user = "voicerisk"',
            'control.gateways.asterisk.password_env = "AN_ARI_SECRET"',
            "control.settle_s = 0.2",
        )
        await eventually(lambda: fake.connections and fake.filter, LONG_S)
        async with connect(service.gateway("/asterisk")) as media:
            await media.send(json.dumps(START))
            await media.send(bytes([0xFF]) * 800)

            async def is_live() -> bool:
                return await _live(service) == ["c-1"]

            await eventually(is_live, LONG_S)
            offers = (await service.api("control"))["gateways"]
            assert (offers["asterisk"]["kind"], offers["asterisk"]["problem"]) == ("ari", None)
            assert "voicerisk_control_link_up" in (await service.get("/metrics")).text
            await fake.tell("BridgeBlindTransfer", channel=fake.channels[AGENT], exten="tier2", result="Success")
            await fake.destroy(AGENT)
            moved = 'voicerisk_control_events_total{gateway="asterisk",kind="LegMoved"} 1.0'

            async def has_moved() -> bool:
                return moved in (await service.get("/metrics")).text

            await eventually(has_moved, LONG_S)
            await asyncio.sleep(0.4)  # longer than a hang-up needs to count
            assert await _live(service) == ["c-1"]
            await fake.destroy(CUSTOMER)
            await asyncio.wait_for(media.wait_closed(), LONG_S)
        await eventually(lambda: service.said("call ended on the switch"), LONG_S)
        assert await _live(service) == []
        assert "c-1" in await service.ended_calls()
    # The switch is gone now: said where the health is asked for, with a wait before it is tried again, and no secret.

    async def is_noted() -> bool:
        health = (await service.get("/readyz")).json()
        return bool(health["ready"] and "call control for asterisk" in "".join(health.get("notes", ())))

    await eventually(is_noted, LONG_S)
    assert SECRET not in repr(service.said("control link down"))
