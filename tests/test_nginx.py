"""Behind nginx, as the documentation has it: signatures hold, silent calls stay, the desk is live."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.eventually import eventually
from tests.nginx import DESK, GATEWAYS, IDLE_S, Nginx, running_nginx
from tests.server.ingest_client import Running, limits, running, start_message, until
from tests.server.served import serving
from tests.sounds import tone, write
from voicerisk import clock
from voicerisk.server.gateway_auth import GatewayAuth
from voicerisk.server.http_settings import HttpSettings
from voicerisk.server.ingest_settings import GatewaySettings, IngestSettings
from voicerisk.simulate.audiohook import AudioHookClient
from voicerisk.simulate.call import SimulatedCall
from voicerisk.simulate.proof import signed

SITE_TOKEN: Final = "the-token-of-the-site"
SECRET: Final = "the-auth-token-of-the-account"
CLIENT_SECRET: Final = "TXlTdXBlclNlY3JldEtleVRlbGxOby0xITJAMyM0JDU="
API_KEY: Final = "an-api-key-of-genesys"
PUBLIC: Final = f"wss://{GATEWAYS}"


def settings(**changes: Any) -> IngestSettings:
    """Gateways that ask for signatures, and one that asks for nothing."""

    def gateway(path: str, protocol: str, **auth: Any) -> GatewaySettings:
        return GatewaySettings(path=path, protocol=protocol, auth=msgspec.convert(auth, GatewayAuth))

    gateways = (
        gateway("/twilio", "twilio", twilio_signature={"public_url": PUBLIC, "auth_tokens": [SECRET]}),
        gateway("/audiohook", "audiohook", audiohook_signature={"client_secrets": {API_KEY: CLIENT_SECRET}}),
        gateway("/open", "twilio"),
    )
    return IngestSettings(port=0, gateways=gateways, limits=limits(**changes))


@asynccontextmanager
async def site(folder: Path, **changes: Any) -> AsyncIterator[tuple[Running, Nginx]]:
    """Ingest and HTTP side with nginx in front."""
    desk_settings = HttpSettings(port=0, token=SITE_TOKEN)
    async with serving(folder, desk_settings) as desk, running(settings(**changes)) as door:
        with running_nginx(door.server.port, desk.port) as nginx:
            await eventually(lambda: nginx.is_ready, 20.0)
            yield door, nginx


async def test_signatures_and_the_desk(tmp_path: Path) -> None:
    """Twilio's and AudioHook's signatures hold, wrong ones are refused on the wire, and the desk answers over https."""
    client = AudioHookClient(SimulatedCall(path=write(tmp_path / "c.wav", tone(1.0)), call_id="c"))
    hook_url, url = f"{PUBLIC}/audiohook/a%2Fb?x=1", f"{PUBLIC}/twilio/media"
    async with site(tmp_path) as (door, nginx):
        async with nginx.connect(url, signed("twilio", url, {}, SECRET, 0.0)) as call:
            await call.send(start_message("c-1"))
            await until(lambda: len(door.sink.streams) == 1)
        shown = signed("audiohook", hook_url, client.headers, f"{API_KEY}:{CLIENT_SECRET}", clock.now_s())
        async with nginx.connect(hook_url, shown) as call:
            await call.send(next(client.turns())[1]())
            client.hear(await call.recv())
            assert client.is_free
        for wrong, status in ((f"{PUBLIC}/twilio/other", 403), (hook_url + "2", 401)):
            headers = {**shown, **signed("twilio", url, {}, SECRET, 0.0)}
            with pytest.raises(InvalidStatus) as refused:
                await nginx.connect(wrong, headers)
            assert refused.value.response.status_code == status
        async with nginx.http() as http:
            assert (await http.get("/readyz")).json()["ready"]
            answer = await http.post("/sign-in", data={"person": "Maya", "token": SITE_TOKEN})
            assert "secure" in answer.headers["set-cookie"].lower()
        async with nginx.connect(f"wss://{DESK}/api/v1/feed", {"Authorization": f"Bearer {SITE_TOKEN}"}) as feed:
            assert json.loads(await feed.recv())["type"] == "snapshot"


async def test_pings_keep_a_silent_call_open(tmp_path: Path) -> None:
    """With a ping in a third of nginx's patience a call on hold outlives it; without pings nginx cuts it."""
    async with site(tmp_path, ping_every_s=IDLE_S / 3) as (door, nginx), nginx.connect(f"{PUBLIC}/open") as call:
        await call.send(start_message("held"))
        await asyncio.sleep(1.6 * IDLE_S)
        assert not door.stream("held").ended
        await (await call.ping())
    async with site(tmp_path, ping_every_s=0.0) as (door, nginx), nginx.connect(f"{PUBLIC}/open") as call:
        await call.send(start_message("held"))
        with pytest.raises(ConnectionClosed):
            await asyncio.wait_for(call.recv(), 10 * IDLE_S)
        await until(lambda: bool(door.stream("held").ended))
